/**
 * The pages of rows that are likely to be asked for next, read while the one before is on its way.
 *
 * Whoever asked for a page by the cursor of the one before will mostly ask for the next one too. It
 * is read when nothing else is to be done, and answers the next request if that asks for it; any
 * other request drops it, so that nothing can have changed in between. Where pages are asked for as
 * fast as they come, more and more of them are read, and are handed over along with an answer; so
 * are those of the next list, where that begins as soon as one has ended.
 *
 * @packageDocumentation
 */

import type { LongText } from "./engine.js";
import { following, isList, isLater } from "./following.js";
import { lengthOf, nthOf } from "./text.js";

/** Pages that take longer stand in the way of others; alone or together. */
const QUICK_MS = 2;

/** For how long a page may be kept. */
const KEPT_MS = 1000;

/** How soon the next page has to be asked for so that more are handed over: per page of before. */
const FAST_MS = 2;

/** How many pages are read at a time, and how many bytes of them; how many times more each time. */
const PAGES_MAX = 8;
const BYTES_MAX = 1 << 19;
const DEEPER = 4;

/** An actor that is an API key; or names that a request of somebody's own form may hide. */
const BY_KEY = /"api_key"\s*:|\\u/;

/** A page of rows, what asks for it, and how long reading it took. */
interface Page {
  readonly request: string;
  readonly answer: string | LongText;
  readonly tookMs: number;
}

/** Pages behind each other, and what asks for the first of them. */
interface Kept {
  readonly request: string;
  readonly answers: LongText;
  readonly at: number;
  readonly tookMs: number;
}

/** What is likely to be asked for; how long the page before it was, and how long it took. */
interface Likely {
  readonly request: string;
  readonly length: number;
  readonly tookMs: number;
}

/** Keeps pages that were read ahead, each the one after the one before. */
export class Ahead {
  #kept: Kept | undefined;
  /** What is likely to be asked for after all that is kept or given. */
  #likely: Likely | undefined;
  /** How many to read. */
  #depth = 1;
  #answeredAt = -Infinity;
  /** How many went along with the last answer. */
  #given = 0;

  /** Something else was asked for: nothing is kept any more. */
  drop(): void {
    this.#kept = this.#likely = undefined;
    [this.#given, this.#depth] = [0, 1];
  }

  /**
   * The page that a request asks for, if it was read ahead; and behind it those after it, where
   * they may be given along and are likely to be used before long. None is kept any more then.
   */
  take(request: string, mayGive: boolean): LongText | undefined {
    const now = performance.now();
    const isFast = now - this.#answeredAt < FAST_MS * (this.#given + 1);
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept?.request !== request || now - kept.at > KEPT_MS) {
      this.#likely = undefined;
      this.#given = 0;
      // Where nothing was kept, mostly a list had ended, and this is another one.
      const goesOn = !kept && isFast && mayGive && isList(request);
      if (!goesOn) this.#depth = 1;
      return undefined;
    }
    this.#answeredAt = now;
    if (isFast && mayGive) {
      this.#given = lengthOf(kept.answers) - 1;
      this.#depth = Math.min(this.#depth * DEEPER, PAGES_MAX);
      return kept.answers;
    }
    this.drop();
    const first = { utf8: nthOf(kept.answers, 0) };
    this.#likely = this.#after({ ...kept, answer: first });
    return first;
  }

  /** A request was answered by a page that was not kept. */
  answered(page: Page): void {
    this.#answeredAt = performance.now();
    this.#likely = this.#after(page);
  }

  /** Reads what is likely to be asked for, if anything is: some pages, of about so many bytes. */
  read(pages: (request: string, count: number, bytes: number) => LongText | undefined): void {
    const likely = this.#likely;
    if (!likely) return;
    this.#likely = undefined;
    const { request } = likely;
    const count = this.#count(likely);
    const start = performance.now();
    const answers = pages(request, count, likely.length * count);
    if (!answers) return;
    const at = performance.now();
    const tookMs = (at - start) / lengthOf(answers);
    this.#kept = { request, answers, at, tookMs };
    const last = { utf8: nthOf(answers, lengthOf(answers) - 1) };
    this.#likely = this.#after({ request, answer: last, tookMs });
  }

  /** How many pages are read after one. */
  #count({ length, tookMs }: Likely): number {
    const most = Math.min(this.#depth, BYTES_MAX / length, QUICK_MS / tookMs);
    return Math.max(1, Math.floor(most));
  }

  /**
   * What is likely to be asked for after a page: after a first one alone where pages are asked for
   * fast.
   */
  #after({ request, answer, tookMs }: Page): Likely | undefined {
    // An API key may be used only so often, and may expire while a page is kept.
    const isPage = isList(request) && !BY_KEY.test(request);
    const mayFollow = this.#depth > 1 || isLater(request);
    if (!isPage || !mayFollow || tookMs > QUICK_MS) return undefined;
    const next = following(request, answer);
    const length = typeof answer === "string" ? answer.length : answer.utf8.length;
    return next === undefined ? undefined : { request: next, length, tookMs };
  }
}
