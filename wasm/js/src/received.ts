/**
 * Long answers as they reach the page: pages that came along with one, and the buffer that all of
 * them are in, which goes back with the next request.
 *
 * Pages that came along answer the requests for them at once, as long as nothing else is asked for
 * and nobody else can have written: the worker serves no other tab before they are too old.
 *
 * @packageDocumentation
 */

import { following, isList } from "./following.js";
import type { Answer, Given, LongText } from "./engine.js";
import { decode, isLong, lengthOf, nthOf, plain } from "./text.js";

/**
 * For how long pages are used that came along with an answer, counted from the request for it; the
 * worker counts from the answer.
 */
export const GIVEN_MS = 20;

/** How large a buffer may be that goes back: that of any usual page. */
const BYTES_MAX = 1 << 20;

/** Pages that came along: which of them is next, and what asks for it. */
interface Pages {
  readonly answers: LongText;
  readonly nth: number;
  readonly request: string | undefined;
}

/** The last request, by its number, and its text where it asks for a page. */
interface Asked {
  readonly id: number;
  readonly text: string | undefined;
  readonly at: number;
}

/** What a page got of its worker ahead of asking for it. */
export class Received {
  #pages: Pages | undefined;
  #buffer: ArrayBuffer | undefined;
  #asked: Asked | undefined;

  /** The answer to a request, if it came along with the one before. */
  take(request: string): Answer | undefined {
    const pages = this.#pages;
    this.#pages = undefined;
    const isHere = pages?.request === request && this.#isFresh();
    return isHere ? this.#read(pages, request) : undefined;
  }

  /** Something is asked for; the buffer that goes along, if there is one. */
  asked(id: number, text?: string): ArrayBuffer | undefined {
    const buffer = this.#buffer;
    this.#pages = this.#buffer = undefined;
    const page = text !== undefined && isList(text) ? text : undefined;
    this.#asked = { id, text: page, at: performance.now() };
    return buffer;
  }

  /** A request's answer came; as it is read. */
  answered(id: number, answer: Given): Answer {
    if (!isLong(answer)) return answer;
    const { buffer } = answer.utf8;
    if (buffer.byteLength <= BYTES_MAX) this.#buffer = buffer;
    // What was asked for since may change something.
    const asked = this.#asked?.id === id ? this.#asked.text : undefined;
    if (asked === undefined) return plain(answer);
    return this.#read({ answers: answer, nth: 0, request: asked }, asked);
  }

  #isFresh(): boolean {
    return this.#asked !== undefined && performance.now() - this.#asked.at < GIVEN_MS;
  }

  /** The next of some pages; those behind it are next then. */
  #read({ answers, nth }: Pages, request: string): string {
    const text = decode(nthOf(answers, nth));
    const isLast = nth + 1 === lengthOf(answers);
    if (!isLast) this.#pages = { answers, nth: nth + 1, request: following(request, text) };
    return text;
  }
}
