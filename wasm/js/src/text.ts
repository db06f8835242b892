/**
 * Answers as text.
 *
 * @packageDocumentation
 */

import type { Answer, Given, LongText } from "./engine.js";

/** The answer to what has nothing to say. */
export const DONE = '{"ok":null}';

/** How long a text may be in every browser; V8's are the shortest (`String::kMaxLength`). */
const LENGTH_MAX = 2 ** 29 - 24;

/** The answer in the place of one that no text can hold. */
const TOO_LARGE = JSON.stringify({
  error: {
    code: "too_large",
    message: "it was done, and its answer is too large to be handed over; add a LIMIT",
  },
});

const decoder = new TextDecoder();

/** The text of an answer's bytes. */
export function decode(utf8: Uint8Array): string {
  return utf8.length > LENGTH_MAX ? TOO_LARGE : decoder.decode(utf8);
}

/** Whether an answer is a text that left the core as bytes. */
export function isLong(answer: Given): answer is LongText {
  return typeof answer === "object" && "utf8" in answer;
}

/** How many answers lie behind each other. */
export function lengthOf({ ends }: LongText): number {
  return ends?.length ?? 1;
}

/** The bytes of one of several answers behind each other. */
export function nthOf({ utf8, ends }: LongText, nth: number): Uint8Array<ArrayBuffer> {
  return ends ? utf8.subarray(ends[nth - 1] ?? 0, ends[nth]) : utf8;
}

/** An answer as it is read, the first of several: a text, or the bytes of an export. */
export function plain(answer: Given): Answer {
  return isLong(answer) ? decode(nthOf(answer, 0)) : answer;
}

/** The buffer that an answer lies in, if it is bytes. */
export function bufferOf(answer: Given): ArrayBuffer | undefined {
  if (typeof answer === "string") return undefined;
  return (isLong(answer) ? answer.utf8 : (answer as Uint8Array<ArrayBuffer>)).buffer;
}

/** The end of an answer's text: so many letters or bytes. */
export function tailOf(answer: string | LongText, length: number): string {
  return isLong(answer) ? decode(answer.utf8.subarray(-length)) : answer.slice(-length);
}
