/**
 * Standing queries, on the side of the core: asked again when a write concerned them.
 *
 * @packageDocumentation
 */

import type { Handle } from "./freehold_wasm.js";

/** Writes that are further apart than this are each answered to at once. */
const APART_MS = 16;

interface Query {
  readonly request: string;
  readonly report: (answer: string) => void;
  /** What was last said, if that was a whole answer. */
  answer: string | undefined;
}

/**
 * The standing queries of one open database. Writes that come before the core is idle again are
 * answered to together, and an answer that is the one before is not said again. Where the core
 * knows what changed of a page, that alone is said.
 */
export class Standing {
  readonly #queries = new Map<string, Query>();
  readonly #idle = new MessageChannel();
  #isPending = false;
  #answeredAt = -Infinity;

  readonly #handle: () => Handle | undefined;

  constructor(handle: () => Handle | undefined) {
    this.#handle = handle;
    this.#idle.port1.onmessage = () => this.#isPending && this.#answer();
    // In Node an open port would keep the process from ending.
    (this.#idle.port1 as { unref?: () => void }).unref?.();
  }

  /** Answers a request, and reports each later answer that differs. */
  watch(key: string, request: string, report: (answer: string) => void): string {
    const answer = this.#handle()?.watch(key, request);
    if (answer === undefined) throw new Error("a closed database has no queries");
    this.#queries.set(key, { request, report, answer });
    return answer;
  }

  unwatch(key: string): void {
    this.#queries.delete(key);
    this.#handle()?.unwatch(key);
  }

  /** Something was done that may have concerned some. */
  changed(): void {
    if (this.#isPending || this.#queries.size === 0) return;
    this.#isPending = true;
    this.#idle.port2.postMessage(null);
  }

  /** The core has a moment: what is the first for a while is said without waiting for more. */
  atOnce(): void {
    if (this.#isPending && performance.now() - this.#answeredAt > APART_MS) this.#answer();
  }

  /** The database is another one, or gone: all are asked again where it is there. */
  renewed(): void {
    for (const key of this.#queries.keys()) this.#ask(key);
  }

  #answer(): void {
    this.#isPending = false;
    this.#answeredAt = performance.now();
    const again: string[] = [];
    this.#handle()?.changes((key: string, changes: string | undefined) => {
      const query = this.#queries.get(key);
      if (changes === undefined) again.push(key);
      else if (query) {
        query.answer = undefined;
        query.report(changes);
      }
    });
    for (const key of again) this.#ask(key);
  }

  #ask(key: string): void {
    const query = this.#queries.get(key);
    if (!query) return;
    const answer = this.#handle()?.watch(key, query.request);
    if (answer === undefined || answer === query.answer) return;
    query.answer = answer;
    query.report(answer);
  }
}
