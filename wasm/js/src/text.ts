/**
 * Answers as text.
 *
 * @packageDocumentation
 */

import type { Answer } from "./engine.js";

const decoder = new TextDecoder();

/** The text of an answer that is no export. */
export function textOf(answer: Answer): string {
  return typeof answer === "string" ? answer : decoder.decode(answer);
}
