/**
 * Answers as text.
 *
 * @packageDocumentation
 */

import type { Answer, Given, LongText } from "./engine.js";

/** The answer to what has nothing to say. */
export const DONE = '{"ok":null}';

const decoder = new TextDecoder();

/** Whether an answer is a text that left the core as bytes. */
export function isLong(answer: Given): answer is LongText {
  return typeof answer === "object" && "utf8" in answer;
}

/** An answer as it is read: a text, or the bytes of an export. */
export function plain(answer: Given): Answer {
  return isLong(answer) ? decoder.decode(answer.utf8) : answer;
}

/** The buffer that an answer lies in, if it is bytes. */
export function bufferOf(answer: Given): ArrayBuffer | undefined {
  if (typeof answer === "string") return undefined;
  return (isLong(answer) ? answer.utf8 : (answer as Uint8Array<ArrayBuffer>)).buffer;
}

/** Some of the text of an answer: from a place, or counted from its end. */
export function excerpt(answer: string | LongText, from: number, to?: number): string {
  return isLong(answer) ? decoder.decode(answer.utf8.subarray(from, to)) : answer.slice(from, to);
}
