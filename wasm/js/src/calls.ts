/**
 * Calls on their way: how many are sent at a time, and what becomes of one that is given up.
 *
 * A worker can't be told to forget what it was sent, since it hears of that only after having done
 * it. So all but a few calls wait here, where they can still be dropped.
 *
 * @packageDocumentation
 */

import { Awake } from "./awake.js";
import { FreeholdError } from "./error.js";

/** How many calls are sent before the first of them is answered: enough to keep a core busy. */
const SENT_MAX = 4;

/** A call, as far as its way is concerned. */
export interface Sending {
  /** Gives the call up. */
  readonly signal?: AbortSignal | undefined;
  /** Whether it may change something. */
  readonly writes: boolean;
}

/** Sends calls in the order in which they were made. */
export class Calls {
  readonly #waiting = new Set<() => void>();
  readonly #awake = new Awake("answer");
  #sent = 0;
  /** Called when nothing is on its way any more. */
  #settled: (() => void)[] = [];

  /**
   * Sends a call when its turn comes; its answer. Rejects with `aborted` when its signal says so,
   * with `details.applied`: `no` where it was not sent or only reads, `unknown` otherwise.
   */
  make<A>(send: () => Promise<A>, { signal, writes }: Sending): Promise<A> {
    if (signal?.aborted) return Promise.reject(aborted(signal, "no"));
    return new Promise((resolve, reject) => {
      let isSent = false;
      const start = (): void => {
        this.#waiting.delete(start);
        isSent = true;
        this.#sent += 1;
        this.#awake.request();
        send().then(resolve, reject).finally(finish);
      };
      const finish = (): void => {
        signal?.removeEventListener("abort", giveUp);
        this.#sent -= 1;
        this.#awake.answer();
        const [next] = this.#waiting;
        if (next) next();
        else if (this.#sent === 0) for (const settle of this.#settled.splice(0)) settle();
      };
      const giveUp = (): void => {
        this.#waiting.delete(start);
        // What was sent goes on, and keeps its place until it is answered.
        reject(aborted(signal as AbortSignal, isSent && writes ? "unknown" : "no"));
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      if (this.#sent < SENT_MAX) start();
      else this.#waiting.add(start);
    });
  }

  /** Waits until every call is answered, those that were given up too. */
  settled(): Promise<void> {
    if (this.#sent === 0) return Promise.resolve();
    return new Promise((settle) => this.#settled.push(settle));
  }
}

function aborted(signal: AbortSignal, applied: "no" | "unknown"): FreeholdError {
  const outcome = applied === "no" ? "nothing was changed" : "whether it was done is unknown";
  const message = `the call was given up: ${outcome}`;
  const error = new FreeholdError({ code: "aborted", message, applied });
  error.cause = signal.reason;
  return error;
}
