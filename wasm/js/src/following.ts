/**
 * Requests for pages of rows, as this package writes them: which request follows a page.
 *
 * @packageDocumentation
 */

import type { LongText } from "./engine.js";
import { tailOf } from "./text.js";

const LIST = '{"method":"list",';

/** What begins the cursor in a request, where it comes last. */
const AFTER = ',"after":"';
const AFTER_END = /^[\w-]+"\}\}$/;

const NEXT = /"next":"([\w-]+)"\}\}$/;

/** How much of an answer's end its cursor may take. */
const TAIL = 2048;

/** Whether a request asks for a page of rows. */
export function isList(request: string): boolean {
  return request.startsWith(LIST);
}

/** Whether a request may ask for a page after another one. */
export function isLater(request: string): boolean {
  return request.includes(AFTER);
}

/** The request for the page after the one that answered a request; nothing after the last one. */
export function following(request: string, answer: string | LongText): string | undefined {
  const [, cursor] = NEXT.exec(tailOf(answer, TAIL)) ?? [];
  if (cursor === undefined) return undefined;
  const at = request.lastIndexOf(AFTER);
  // Elsewhere it is a column of that name, or a request of somebody's own form.
  if (at >= 0 && !AFTER_END.test(request.slice(at + AFTER.length))) return undefined;
  const before = at < 0 ? request.slice(0, -"}}".length) : request.slice(0, at);
  return `${before}${AFTER}${cursor}"}}`;
}
