/**
 * The page of rows that is likely to be asked for next, read while the one before is on its way.
 *
 * Whoever asked for a page by the cursor of the one before will mostly ask for the next one too. It
 * is read when nothing else is to be done, and answers the next request if that asks for it; any
 * other request drops it, so that nothing can have changed in between.
 *
 * @packageDocumentation
 */

import type { Answer } from "./engine.js";
import { textOf } from "./text.js";

/** Pages that take longer stand in the way of others. */
const QUICK_MS = 2;

/** For how long a page may be kept. */
const KEPT_MS = 1000;

const LIST = /^\{"method":"list",/;
const AFTER = /"after":"[\w-]+"/g;
const NEXT = /"next":"([\w-]+)"\}\}$/;

const OK = '{"ok":';

/** How much of an answer's end its cursor may take. */
const TAIL = 2048;

interface Page {
  readonly request: string;
  readonly answer: Answer;
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
  read(call: (request: string) => Answer | undefined): void {
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
function next(request: string, answer: Answer): string | undefined {
  // An API key may be used only so often, and may expire while a page is kept.
  if (!LIST.test(request) || request.includes('"api_key":')) return undefined;
  const [first, ...others] = request.match(AFTER) ?? [];
  const [, cursor] = NEXT.exec(textOf(answer.slice(-TAIL))) ?? [];
  // A column may be called `after` too.
  if (first === undefined || others.length > 0 || cursor === undefined) return undefined;
  return request.replace(first, `"after":"${cursor}"`);
}

function isOk(answer: Answer): boolean {
  return textOf(answer.slice(0, OK.length)) === OK;
}
