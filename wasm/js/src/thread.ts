/**
 * A worker of this package that is watched: whether it lives, and why it died.
 *
 * @packageDocumentation
 */

import { Received } from "./received.js";
import { nameWorker } from "./tabs/messages.js";
import type { FromWorker, Reply, ToWorker } from "./tabs/messages.js";

/** What a worker says, with its answers read. */
export type Heard = Exclude<FromWorker, { kind: "answer" }> | Reply;

/** What somebody hears of a thread. */
export interface Hearing {
  /** It says something. */
  hear(message: Heard): void;
  /** It is gone, once. `id` is the request that broke it, where that is known. */
  died(reason: string, id?: number): void;
}

/** How long a worker may take until it runs. One that is stopped before that leaves no sign. */
const START_MS = 30_000;

/** One dedicated worker. */
export class Thread {
  /** Its name, and the name of the lock that it holds while it lives. */
  readonly name: string;
  readonly #worker: Worker;
  readonly #watch = new AbortController();
  #hearing: Hearing | undefined;
  readonly #starting: ReturnType<typeof setTimeout>;
  #isDead = false;
  readonly #received = new Received();
  /** How it died before anybody listened. */
  #death: Parameters<Hearing["died"]> | undefined;

  /** @param database - The stored database that it will serve, where tabs share it. */
  constructor(database?: string) {
    this.name = nameWorker(database);
    // Bundlers look for exactly this form.
    this.#worker = new Worker(new URL("./worker.js", import.meta.url), {
      type: "module",
      name: this.name,
    });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    this.#worker.onerror = (event) => this.#died(event.message || "it could not be loaded");
    this.#worker.onmessageerror = () => this.#died("a message could not be read");
    this.#starting = setTimeout(() => this.#died("it did not start"), START_MS);
  }

  /** Tells somebody from now on what becomes of it. What it says before it was asked is lost. */
  listen(hearing: Hearing): void {
    this.#hearing = hearing;
    if (this.#death) hearing.died(...this.#death);
  }

  /** Says something to it. */
  post(message: ToWorker): void {
    if (message.kind !== "ask") return this.#worker.postMessage(message);
    const { id, ask } = message;
    const answer = ask.kind === "call" ? this.#received.take(ask.text) : undefined;
    if (answer !== undefined) {
      return queueMicrotask(() => this.#hear({ kind: "answer", id, answer }));
    }
    const spare = this.#received.asked(id, ask.kind === "call" ? ask.text : undefined);
    if (spare) this.#worker.postMessage({ ...message, spare }, [spare]);
    else this.#worker.postMessage(message);
  }

  /** Ends it at once. Nobody is told. */
  end(): void {
    this.#isDead = true;
    clearTimeout(this.#starting);
    this.#watch.abort();
    this.#worker.terminate();
  }

  #receive(message: FromWorker): void {
    if (this.#isDead) return;
    if (message.kind === "failed") return this.#died(message.message, message.id);
    if (message.kind === "ready") return this.#watchWorker();
    if (message.kind !== "answer") return this.#hear(message);
    const { id, answer } = message;
    this.#hear({ kind: "answer", id, answer: this.#received.answered(id, answer) });
  }

  #hear(message: Heard): void {
    if (!this.#isDead) this.#hearing?.hear(message);
  }

  /** The worker holds this lock while it lives, so whoever gets it knows that it does not. */
  #watchWorker(): void {
    clearTimeout(this.#starting);
    const { locks } = navigator as { locks?: LockManager };
    const options = { signal: this.#watch.signal };
    locks
      ?.request(this.name, options, () => this.#died("it was stopped"))
      .catch(() => {
        // Aborted by `end`, which nobody needs to hear of.
      });
  }

  #died(reason: string, id?: number): void {
    if (this.#isDead) return;
    this.end();
    this.#death = [reason, id];
    this.#hearing?.died(reason, id);
  }
}
