/**
 * The page of rows that is likely to be asked for next, read while the one before is on its way.
 *
 * Whoever asked for a page by the cursor of the one before will mostly ask for the next one too. It
 * is read when nothing else is to be done, and answers the next request if that asks for it; any
 * other request drops it, so that nothing can have changed in between.
 *
 * @packageDocumentation
 */

import type { LongText } from "./engine.js";
import { excerpt } from "./text.js";

/** Pages that take longer stand in the way of others. */
const QUICK_MS = 2;

/** For how long a page may be kept. */
const KEPT_MS = 1000;

const LIST = '{"method":"list",';
const AFTER = '"after":"';
const NEXT = /"next":"([\w-]+)"\}\}$/;

/** An actor that is an API key; or names that a request of somebody's own form may hide. */
const BY_KEY = /"api_key"\s*:|\\u/;

const OK = '{"ok":';

/** How much of an answer's end its cursor may take. */
const TAIL = 2048;

type Text = string | LongText;

interface Page {
  readonly request: string;
  readonly answer: Text;
  readonly tookMs: number;
}

/** Keeps one page that was read ahead. */
export class Ahead {
  #likely: string | undefined;
  #kept: (Page & { readonly at: number }) | undefined;

  /** Something else was asked for: nothing is kept any more. */
  drop(): void {
    this.#kept = this.#likely = undefined;
  }

  /** The page that a request asks for, if it was read ahead. Whatever it is, none is kept then. */
  take(request: string): Page | undefined {
    const kept = this.#kept;
    this.drop();
    const isAsked = kept?.request === request && performance.now() - kept.at < KEPT_MS;
    return isAsked ? kept : undefined;
  }

  /** A request was answered. */
  answered({ request, answer, tookMs }: Page): void {
    this.#likely = tookMs <= QUICK_MS ? next(request, answer) : undefined;
  }

  /** Reads what is likely to be asked for, if anything is. */
  read(call: (request: string) => Text | undefined): void {
    const request = this.#likely;
    if (request === undefined) return;
    this.#likely = undefined;
    const start = performance.now();
    const answer = call(request);
    const at = performance.now();
    if (answer === undefined || !isOk(answer)) return;
    this.#kept = { request, answer, tookMs: at - start, at };
  }
}

/** The request for the page after an answer, if the request was one for a page after another. */
function next(request: string, answer: Text): string | undefined {
  // An API key may be used only so often, and may expire while a page is kept.
  if (!request.startsWith(LIST) || BY_KEY.test(request)) return undefined;
  const at = request.indexOf(AFTER);
  // A column may be called `after` too.
  if (at < 0 || request.lastIndexOf(AFTER) > at) return undefined;
  const [, cursor] = NEXT.exec(excerpt(answer, -TAIL)) ?? [];
  if (cursor === undefined) return undefined;
  const start = at + AFTER.length;
  return request.slice(0, start) + cursor + request.slice(request.indexOf('"', start));
}

function isOk(answer: Text): boolean {
  return excerpt(answer, 0, OK.length) === OK;
}
