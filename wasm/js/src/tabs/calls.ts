/**
 * The calls of one page that have no answer yet, and what becomes of them when their leader dies.
 *
 * A call that writes carries an id of its own, which the core keeps in the transaction that it
 * commits. Asked again, it is done if it was not, and else answered by `answer_lost`.
 *
 * @packageDocumentation
 */

import type { Answer, Ask } from "../engine.js";
import { FreeholdError } from "../error.js";
import { notSent } from "../link.js";
import type { OnProgress } from "../link.js";
import type { Reply } from "./messages.js";

/** Calls that write nothing, or do nothing when done twice. */
const REPEATABLE = new Set([
  ...["get", "list", "count", "validate", "history", "diff", "role", "audit", "audit_verify"],
  ...["status", "drift", "verify", "seeds", "inspect", "doctor", "model", "generate"],
  ...["init", "migrate_up", "push", "seed", "rotate_keys", "authenticate", "authenticate_key"],
  "is_done",
]);

/** Calls that take away what others may have written since they were done for the first time. */
const ONCE = new Set(["reset", "migrate_down", "shred"]);

/**
 * How much a call may have to do with leaders that died before it is given up: twice for sure, or
 * four times perhaps.
 */
const BLAME_MAX = 4;
const BLAME_SURE = 2;
const BLAME_PERHAPS = 1;

/** How a call is asked again. */
type Again = "as it was" | "under its id" | "never";

interface Pending {
  readonly ask: Ask;
  readonly askedAt: number;
  readonly again: Again;
  readonly callId: string | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: FreeholdError) => void;
  readonly onProgress: OnProgress | undefined;
  /** The leader that it was sent to. */
  epoch: string | undefined;
  wasSent: boolean;
  blame: number;
}

interface Subscribed {
  readonly ask: Ask;
  readonly onEvent: (event: string) => void;
  readonly onAgain: ((answer: Answer) => void) | undefined;
}

/** Hands a request to whoever leads. */
export type Send = (id: number, ask: Ask) => void;

/** What a page waits for. */
export class Calls {
  readonly #pending = new Map<number, Pending>();
  readonly #subscribed = new Map<number, Subscribed>();
  readonly #settled: (() => void)[] = [];
  #last = 0;

  /** When the oldest of them was asked. */
  get waitingSince(): number | undefined {
    return this.#pending.values().next().value?.askedAt;
  }

  /** A new call; it is not sent yet. */
  add(ask: Ask, onProgress?: OnProgress): { id: number; answer: Promise<Answer> } {
    this.#last += 1;
    const id = this.#last;
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#put(id, ask, resolve, reject, onProgress);
    });
    return { id, answer };
  }

  /** Remembers that a call goes on after its answer. */
  listen(id: number, listening: Subscribed): void {
    this.#subscribed.set(id, listening);
  }

  /** Whether anybody listened. */
  unlisten(id: number): boolean {
    return this.#subscribed.delete(id);
  }

  /** Sends a call to a leader. */
  send(id: number, epoch: string, send: Send): void {
    const call = this.#pending.get(id);
    if (!call) return;
    const ask = wire(call);
    call.epoch = epoch;
    try {
      send(id, ask);
      call.wasSent = true;
    } catch (error) {
      this.#take(id);
      call.reject(notSent(error));
    }
  }

  /** Sends everything to a leader that it doesn't have yet, in the order in which it was asked. */
  sendAll(epoch: string, send: Send): void {
    for (const [id, call] of [...this.#pending]) {
      if (call.epoch !== epoch) this.send(id, epoch, send);
    }
  }

  /** Asks again for what is subscribed to. */
  renew(epoch: string, send: Send): void {
    for (const [id, { ask, onAgain }] of this.#subscribed) {
      if (this.#pending.has(id)) continue;
      // What can't be had any more ends with the first leader that says so.
      this.#put(id, ask, (answer) => onAgain?.(answer), () => this.#subscribed.delete(id));
      this.send(id, epoch, send);
    }
  }

  hear(reply: Reply): void {
    if (reply.kind === "event") return this.#subscribed.get(reply.id)?.onEvent(reply.event);
    const call = this.#pending.get(reply.id);
    if (reply.kind === "progress") return call?.onProgress?.(reply.progress);
    if (!call) return;
    this.#take(reply.id);
    if (call.blame < BLAME_MAX || call.again !== "under its id") return call.resolve(reply.answer);
    // It was given up, and this says what became of it.
    const { ok } = JSON.parse(reply.answer as string) as { ok?: boolean };
    call.reject(ok ? answerLost() : givenUp("it was not done"));
  }

  /** A call broke its leader. */
  broke(id: number): void {
    this.#blame(id, BLAME_SURE);
  }

  /** A leader is gone: its calls wait for the next one. */
  orphan(epoch: string, isSudden: boolean): void {
    const orphans = [...this.#pending].filter(([, call]) => call.epoch === epoch);
    // Of one page's calls a leader does the oldest first.
    const oldest = orphans[0];
    if (isSudden && oldest) this.#blame(oldest[0], BLAME_PERHAPS);
    for (const [id, call] of orphans) {
      call.epoch = undefined;
      if (call.again !== "never") continue;
      this.#take(id);
      call.reject(givenUp(LOOK_IT_UP));
    }
  }

  /** Rejects all of them. Of what was sent and may have been done, nobody knows any more. */
  fail(error: FreeholdError): void {
    const isGone = error.code === "storage_cleared";
    for (const [id, call] of [...this.#pending]) {
      this.#take(id);
      const isKnown = isGone || !call.wasSent || call.again === "as it was";
      call.reject(isKnown ? error : givenUp(`${error.message}; ${LOOK_IT_UP}`));
    }
  }

  /** Ends what is subscribed to, and says why. */
  endSubscriptions({ code, message, details }: FreeholdError): void {
    const answer = JSON.stringify({ error: { ...details, code, message } });
    const ended = [...this.#subscribed.values()];
    this.#subscribed.clear();
    for (const { onAgain } of ended) onAgain?.(answer);
  }

  /** Resolves when there are none. */
  async settled(): Promise<void> {
    if (this.#pending.size > 0) await new Promise<void>((settle) => this.#settled.push(settle));
  }

  #put(
    id: number,
    ask: Ask,
    resolve: Pending["resolve"],
    reject: Pending["reject"],
    onProgress?: OnProgress,
  ): void {
    const again = howAgain(ask);
    const callId = again === "under its id" ? crypto.randomUUID() : undefined;
    const [askedAt, epoch, wasSent, blame] = [Date.now(), undefined, false, 0];
    const call = { ask, askedAt, again, callId, resolve, reject, onProgress };
    this.#pending.set(id, { ...call, epoch, wasSent, blame });
  }

  #blame(id: number, blame: number): void {
    const call = this.#pending.get(id);
    if (!call) return;
    call.blame += blame;
    if (call.blame < BLAME_MAX || call.again === "under its id") return;
    this.#take(id);
    call.reject(givenUp("the call broke it again and again"));
  }

  #take(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size === 0) for (const settle of this.#settled.splice(0)) settle();
  }
}

/** What is sent for a call: under its id where it has one. */
function wire({ ask, callId, askedAt, wasSent, blame }: Pending): Ask {
  if (callId === undefined || ask.kind !== "call") return ask;
  const id = `{"id":"${callId}",`;
  if (blame >= BLAME_MAX) {
    return { kind: "call", text: `${id}"again":${askedAt},"method":"is_done"}` };
  }
  const again = wasSent ? `"again":${askedAt},` : "";
  return { kind: "call", text: id + again + ask.text.slice(1) };
}

const METHOD = /^\{"method":"(\w+)"/;

function howAgain(ask: Ask): Again {
  switch (ask.kind) {
    case "call": {
      const method = METHOD.exec(ask.text)?.[1];
      // A request that somebody wrote in a form of their own can't be given an id.
      if (method === undefined || ONCE.has(method)) return "never";
      return REPEATABLE.has(method) ? "as it was" : "under its id";
    }
    case "subscribe":
    case "unsubscribe":
    case "call_static":
    case "export":
      return "as it was";
    default:
      return "never";
  }
}

const LOOK_IT_UP = "whether the call was done must be looked up";

function answerLost(): FreeholdError {
  const message = "the call was done, and its answer is lost; read again what it changed";
  return new FreeholdError({ code: "answer_lost", message });
}

function givenUp(what: string): FreeholdError {
  const message = `the database's worker failed: ${what}`;
  return new FreeholdError({ code: "worker_failed", message });
}
