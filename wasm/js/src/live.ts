/**
 * Live queries: a query's rows, again whenever they have changed, and what changed of them.
 *
 * @packageDocumentation
 */

import { FreeholdError } from "./error.js";
import type { Request } from "./requests.js";

/** The time from one callback to the next, where there is always something new: a frame. */
const FRAME_MS = 16;

/** What happened to the rows of a live query since the callback before. */
export interface LiveChanges<R> {
  /** The rows that came; all of them at first. */
  readonly inserted: readonly R[];
  /** The rows that changed, as they are now. */
  readonly updated: readonly R[];
  /** The rows that went, as they were. */
  readonly removed: readonly R[];
}

/** What a live query calls back with. */
export interface LiveAnswer<R> {
  /** All rows that the query has now, in its order. */
  readonly rows: readonly R[];
  /** What is new about them. */
  readonly changes: LiveChanges<R>;
  /**
   * Why the rows can't be had, such as `session_ended`; `rows` are then those of before. The query
   * goes on: when the rows can be had again, it calls back again.
   */
  readonly error?: FreeholdError;
}

/** A live query. */
export interface LiveQuery {
  /** Ends it: it calls back no more. */
  close(): void;
}

/** @internal Subscribes to a request; what it hears reads an answer, or throws what was refused. */
export type Subscribe = (
  request: { readonly method: string; readonly params: object },
  hear: (answer: () => unknown) => void,
) => () => void;

/** @internal */
export function startLive<R extends object>(
  subscribe: Subscribe,
  { method, params, read }: Request<readonly object[]>,
  callback: (answer: LiveAnswer<R>) => void,
): LiveQuery {
  const view = new View<R>(callback);
  const end = subscribe({ method, params }, (answer) => {
    view.hear(() => {
      const { key, answer: found } = answer() as { key: readonly string[]; answer: unknown };
      return { key, rows: read?.(found) as readonly R[] };
    });
  });
  return {
    close: () => {
      end();
      view.close();
    },
  };
}

type Heard<R> = () => { readonly key: readonly string[]; readonly rows: readonly R[] };

/** The rows as they were called back with, and when. */
class View<R extends object> {
  readonly #callback: (answer: LiveAnswer<R>) => void;
  #rows: readonly R[] = [];
  /** Whether the rows have to be called back with even if they are those of before. */
  #isOwed = true;
  #newest: Heard<R> | undefined;
  #calledAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(callback: (answer: LiveAnswer<R>) => void) {
    this.#callback = callback;
  }

  hear(heard: Heard<R>): void {
    this.#newest = heard;
    const waitMs = this.#calledAt + FRAME_MS - performance.now();
    if (waitMs <= 0) this.#call();
    else this.#timer ??= setTimeout(() => this.#call(), waitMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#newest = undefined;
  }

  #call(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const heard = this.#newest;
    this.#newest = undefined;
    if (!heard) return;
    this.#calledAt = performance.now();
    try {
      const { key, rows } = heard();
      this.#show(key, rows);
    } catch (error) {
      if (!(error instanceof FreeholdError)) throw error;
      this.#isOwed = true;
      const changes = { inserted: [], updated: [], removed: [] };
      this.#callback({ rows: this.#rows, changes, error });
    }
  }

  #show(key: readonly string[], rows: readonly R[]): void {
    const before = byKey(key, this.#rows);
    const [inserted, updated]: [R[], R[]] = [[], []];
    const kept = rows.map((row, at) => {
      const name = nameOf(key, row, at);
      const old = before.get(name);
      before.delete(name);
      if (old === undefined) inserted.push(row);
      else if (isSame(old, row)) return old;
      else updated.push(row);
      return row;
    });
    const removed = [...before.values()];
    const count = inserted.length + updated.length + removed.length;
    const isNew = count > 0 || isMoved(this.#rows, kept);
    this.#rows = kept;
    if (!isNew && !this.#isOwed) return;
    this.#isOwed = false;
    this.#callback({ rows: kept, changes: { inserted, updated, removed } });
  }
}

function byKey<R extends object>(key: readonly string[], rows: readonly R[]): Map<string, R> {
  return new Map(rows.map((row, at) => [nameOf(key, row, at), row]));
}

/** What tells a row apart: its key, or its place where the rows have none. */
function nameOf(key: readonly string[], row: object, at: number): string {
  const values = key.map((column) => (row as Record<string, unknown>)[column]);
  const isWhole = key.length > 0 && !values.includes(undefined);
  return isWhole ? JSON.stringify(values.map(String)) : String(at);
}

function isMoved(before: readonly object[], now: readonly object[]): boolean {
  return before.length !== now.length || before.some((row, at) => row !== now[at]);
}

/** Whether two values of a row, or rows, say the same. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => key in b && isSame((a as never)[key], (b as never)[key]))
  );
}
