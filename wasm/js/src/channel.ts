/**
 * The way from an open database's handles to its core: requests become text, wait for their turn,
 * and are sent to a worker that is opened again when it died.
 *
 * @packageDocumentation
 */

import type { WireActor } from "./actor.js";
import { Calls } from "./calls.js";
import { describe } from "./debug.js";
import type { OnCall } from "./debug.js";
import type { Answer, Ask } from "./engine.js";
import { FreeholdError } from "./error.js";
import type { ErrorBody } from "./error.js";
import { closed } from "./link.js";
import type { Link, OnProgress } from "./link.js";
import { mayWrite } from "./requests.js";
import type { Progress } from "./results.js";
import type { CallOptions } from "./tables.js";
import type { Connection } from "./tabs/connection.js";
import { encodeParams, toText } from "./values.js";

/** Where a database lives: kept by the browser, or gone with the page. */
export type Storage = "opfs" | "memory";

/** What can be said along with a call that runs migrations. */
export interface RunOptions extends CallOptions {
  /** Hears of each migration before it runs; the database's own listener does not then. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** An open database, as opening hands it over. */
export interface Opened {
  readonly name: string;
  readonly storage: Storage;
  readonly link: Link;
  readonly connection: Connection;
  /** Opens the database once more, after its worker died. */
  readonly reopen: () => Promise<Link>;
  readonly onProgress: OnProgress | undefined;
  readonly onCall: OnCall | undefined;
  /** Lets other tabs know that the database is free again. */
  readonly release: () => void;
}

/** An open database's way to its core. */
export class Channel {
  readonly connection: Connection;
  readonly #opened: Opened;
  readonly #calls = new Calls();
  #link: Link;
  /** Opens the database once more, for all calls that wait for it. */
  #reopening: Promise<Link> | undefined;
  /** Why that failed last, and for which calls: those made before. */
  #failed: { readonly error: unknown; readonly call: number } | undefined;
  /** How many calls were made. */
  #made = 0;
  #closing: Promise<void> | undefined;

  constructor(opened: Opened) {
    this.connection = opened.connection;
    this.#opened = opened;
    this.#link = opened.link;
  }

  /** Calls a method of the core, for an actor or for whoever holds the database. */
  async call(
    method: string,
    params: object,
    as?: WireActor,
    options: RunOptions = {},
  ): Promise<unknown> {
    const start = performance.now();
    const report = (error?: unknown): void => {
      const call = { database: this.#opened.name, method, params };
      const durationMs = performance.now() - start;
      this.#opened.onCall?.(describe(call, as, { durationMs, error }));
    };
    try {
      const text = toText({ method, as, params: encodeParams(params) });
      const writes = mayWrite(method, params);
      const answer = readAnswer(await this.#ask({ kind: "call", text }, writes, options));
      report();
      return answer;
    } catch (error) {
      report(error);
      throw error;
    }
  }

  /**
   * Asks for what goes on: each answer, or why there is none, until the returned function is
   * called.
   */
  subscribe(
    { method, params }: { readonly method: string; readonly params: object },
    as: WireActor | undefined,
    hear: (answer: () => unknown) => void,
  ): () => void {
    let stop = () => {};
    let isOver = false;
    const start = async (): Promise<void> => {
      const text = toText({ method, as, params: encodeParams(params) });
      // Else it would be opened again, and nobody would close it.
      if (this.#closing) throw closed();
      const link = await this.#reach(this.#number());
      if (isOver) return;
      const read = (answer: Answer) => isOver || hear(() => readAnswer(answer));
      const subscription = link.subscribe(text, read, read);
      stop = () => subscription.end();
      read(await subscription.first);
    };
    start().catch((error: unknown) => {
      if (isOver) return;
      hear(() => {
        throw error;
      });
    });
    return () => {
      isOver = true;
      stop();
    };
  }

  /** A request as the core reads it, and its answer. */
  callText(text: string): Promise<string> {
    return this.#ask({ kind: "call", text }, true) as Promise<string>;
  }

  /** Asks for, or hands over, the bytes of a whole database. */
  async transfer(ask: Ask, options: CallOptions = {}): Promise<Uint8Array> {
    const answer = await this.#ask(ask, ask.kind !== "export", options);
    return typeof answer === "string" ? (readAnswer(answer) as Uint8Array) : answer;
  }

  /** Closes the database, when all calls before are answered. Closing twice is closing once. */
  close(): Promise<void> {
    if (this.#closing) return this.#closing;
    const closing = this.#close();
    this.#closing = closing;
    // Why that failed is said once; there is nothing left to close.
    closing.catch(() => {
      this.#closing = Promise.resolve();
    });
    return closing;
  }

  async #close(): Promise<void> {
    await this.#calls.settled();
    // One that was begun for a live query may be under way.
    await this.#reopening?.catch(() => {});
    const link = this.#link;
    try {
      const send = () => link.ask({ kind: "close" });
      if (!link.ended) readAnswer(await this.#calls.make(send, { writes: true }));
    } finally {
      link.end();
      this.connection.enter("closed");
      this.#opened.release();
    }
  }

  #ask(ask: Ask, writes: boolean, { signal, onProgress }: RunOptions = {}): Promise<Answer> {
    if (this.#closing) return Promise.reject(closed());
    const report = onProgress
      ? (progress: string) => onProgress(JSON.parse(progress) as Progress)
      : this.#opened.onProgress;
    const call = this.#number();
    const send = async () => (await this.#reach(call)).ask(ask, report);
    return this.#calls.make(send, { signal, writes });
  }

  #number(): number {
    this.#made += 1;
    return this.#made;
  }

  /** The way to the core for a call, opened again where its worker is dead. */
  async #reach(call: number): Promise<Link> {
    // What lived in memory is gone: asking the ended link says so.
    if (!this.#link.ended || this.#opened.storage === "memory") return this.#link;
    if (this.#failed && call <= this.#failed.call) throw this.#failed.error;
    this.#reopening ??= this.#reopen();
    return this.#reopening;
  }

  async #reopen(): Promise<Link> {
    try {
      this.#link = await this.#opened.reopen();
      return this.#link;
    } catch (error) {
      // Calls that waited for it do not each wait for another that fails.
      this.#failed = { error, call: this.#made };
      throw error;
    } finally {
      this.#reopening = undefined;
    }
  }
}

/** What the core answered; throws what it refused. */
export function readAnswer(answer: Answer): unknown {
  const response = JSON.parse(answer as string) as { ok: unknown } | { error: ErrorBody };
  if ("error" in response) throw new FreeholdError(response.error);
  return response.ok;
}
