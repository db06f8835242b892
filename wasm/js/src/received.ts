/**
 * Long answers as they reach the page: pages that came along with one, and the buffer that all of
 * them are in, which goes back with the next request.
 *
 * Pages that came along answer the requests for them at once, as long as nothing else is asked for
 * and nobody else can have written: the worker serves no other tab before they are too old.
 *
 * @packageDocumentation
 */

import type { Page } from "./ahead.js";
import type { Answer, Given } from "./engine.js";
import { isLong, plain } from "./text.js";

/**
 * For how long pages are used that came along with an answer, counted from the request for it; the
 * worker counts from the answer.
 */
export const GIVEN_MS = 20;

/** How large a buffer may be that goes back: that of any usual page. */
const BYTES_MAX = 1 << 20;

/** What a page got of its worker ahead of asking for it. */
export class Received {
  #pages: readonly Page[] = [];
  #buffer: ArrayBuffer | undefined;
  #askedAt = 0;
  /** How many requests have no answer yet. */
  #open = 0;

  /** The answer to a request, if it came along with the one before. */
  take(request: string): Answer | undefined {
    const [first, ...rest] = this.#pages;
    const isHere = first?.request === request && performance.now() - this.#askedAt < GIVEN_MS;
    this.#pages = isHere ? rest : [];
    return isHere ? plain(first.answer) : undefined;
  }

  /** Something is asked for; the buffer that goes along, if there is one. */
  asked(): ArrayBuffer | undefined {
    const buffer = this.#buffer;
    this.#pages = [];
    this.#buffer = undefined;
    this.#askedAt = performance.now();
    this.#open += 1;
    return buffer;
  }

  /** An answer came; as it is read. */
  answered(answer: Given, ahead: readonly Page[] = []): Answer {
    this.#open -= 1;
    // What was asked for since may have changed something.
    if (this.#open === 0) this.#pages = ahead;
    const buffer = isLong(answer) ? answer.utf8.buffer : undefined;
    if (buffer && buffer.byteLength <= BYTES_MAX) this.#buffer = buffer;
    return plain(answer);
  }
}
