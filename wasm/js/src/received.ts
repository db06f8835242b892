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
  /** The last request, by its number. */
  #asked = 0;
  #askedAt = 0;

  /** The answer to a request, if it came along with the one before. */
  take(request: string): Answer | undefined {
    const [first, ...rest] = this.#pages;
    const isHere = first?.request === request && performance.now() - this.#askedAt < GIVEN_MS;
    this.#pages = isHere ? rest : [];
    return isHere ? plain(first.answer) : undefined;
  }

  /** Something is asked for; the buffer that goes along, if there is one. */
  asked(id: number): ArrayBuffer | undefined {
    const buffer = this.#buffer;
    this.#pages = [];
    this.#buffer = undefined;
    this.#asked = id;
    this.#askedAt = performance.now();
    return buffer;
  }

  /** A request's answer came; as it is read. */
  answered(id: number, answer: Given, ahead: readonly Page[] = []): Answer {
    // What was asked for since may change something.
    if (id === this.#asked) this.#pages = ahead;
    const buffer = isLong(answer) ? answer.utf8.buffer : undefined;
    if (buffer && buffer.byteLength <= BYTES_MAX) this.#buffer = buffer;
    return plain(answer);
  }
}
