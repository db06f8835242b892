/**
 * The pages of rows that are likely to be asked for next, read while the one before is on its way.
 *
 * Whoever asked for a page by the cursor of the one before will mostly ask for the next one too. It
 * is read when nothing else is to be done, and answers the next request if that asks for it; any
 * other request drops it, so that nothing can have changed in between. Where pages are asked for as
 * fast as they come, more and more of them are read, and are handed over along with an answer.
 *
 * @packageDocumentation
 */

import type { LongText } from "./engine.js";
import { excerpt, isLong } from "./text.js";

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

const LIST = '{"method":"list",';
const AFTER = '"after":"';
const NEXT = /"next":"([\w-]+)"\}\}$/;

/** An actor that is an API key; or names that a request of somebody's own form may hide. */
const BY_KEY = /"api_key"\s*:|\\u/;

/** How long a request may be: it goes along with each page. */
const REQUEST_MAX = 8192;

/** How much of an answer's end its cursor may take. */
const TAIL = 2048;

type Text = string | LongText;

/** A page of rows, and what asks for it. */
export interface Page {
  readonly request: string;
  readonly answer: Text;
}

/** A page that was kept, and those that go along with it. */
interface Taken {
  readonly answer: Text;
  readonly more: readonly Page[];
}

interface Read extends Page {
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
  #kept: (Read & { readonly at: number })[] = [];
  /** What is likely to be asked for after all that is kept or given. */
  #likely: Likely | undefined;
  /** How many to read. */
  #depth = 1;
  #answeredAt = -Infinity;
  /** How many went along with the last answer. */
  #given = 0;

  /** Something else was asked for: nothing is kept any more. */
  drop(): void {
    this.#kept = [];
    this.#likely = undefined;
    [this.#given, this.#depth] = [0, 1];
  }

  /**
   * The page that a request asks for, if it was read ahead; and those after it, where they may be
   * given along and are likely to be used before long. None is kept any more then.
   */
  take(request: string, mayGive: boolean): Taken | undefined {
    const now = performance.now();
    const [first, ...rest] = this.#kept;
    if (first?.request !== request || now - first.at > KEPT_MS) {
      this.drop();
      return undefined;
    }
    const isFast = now - this.#answeredAt < FAST_MS * (this.#given + 1);
    this.#answeredAt = now;
    this.#kept = [];
    const more = rest.map(({ request, answer }) => ({ request, answer }));
    if (mayGive && isFast) {
      [this.#given, this.#depth] = [more.length, this.#depth * DEEPER];
      return { answer: first.answer, more };
    }
    this.drop();
    this.#likely = after(first);
    return { answer: first.answer, more: [] };
  }

  /** A request was answered by a page that was not kept. */
  answered(page: Read): void {
    this.#answeredAt = performance.now();
    this.#likely = after(page);
  }

  /** Reads what is likely to be asked for, if anything is: some pages, of about so many bytes. */
  read(pages: (request: string, count: number, bytes: number) => readonly LongText[]): void {
    const likely = this.#likely;
    if (!likely) return;
    this.#likely = undefined;
    const count = this.#count(likely);
    const start = performance.now();
    const answers = pages(likely.request, count, likely.length * count);
    const at = performance.now();
    const tookMs = (at - start) / answers.length;
    let next: Likely | undefined = answers.length > 0 ? likely : undefined;
    for (const answer of answers) {
      if (!next) return;
      const page: Read = { request: next.request, answer, tookMs };
      this.#kept.push({ ...page, at });
      next = after(page);
    }
    this.#likely = next;
  }

  /** How many pages are read after one. */
  #count({ length, tookMs }: Likely): number {
    const most = Math.min(this.#depth, PAGES_MAX, BYTES_MAX / length, QUICK_MS / tookMs);
    return Math.max(1, Math.floor(most));
  }
}

/** What is likely to be asked for after a page, if that was asked for as the page after another. */
function after({ request, answer, tookMs }: Read): Likely | undefined {
  // An API key may be used only so often, and may expire while a page is kept.
  const isPage =
    request.length <= REQUEST_MAX && request.startsWith(LIST) && !BY_KEY.test(request);
  if (!isPage || tookMs > QUICK_MS) return undefined;
  const at = request.indexOf(AFTER);
  // A column may be called `after` too.
  if (at < 0 || request.lastIndexOf(AFTER) > at) return undefined;
  const [, cursor] = NEXT.exec(excerpt(answer, -TAIL)) ?? [];
  if (cursor === undefined) return undefined;
  const start = at + AFTER.length;
  const rest = request.slice(request.indexOf('"', start));
  const { length } = isLong(answer) ? answer.utf8 : answer;
  return { request: request.slice(0, start) + cursor + rest, length, tookMs };
}
