/**
 * Live queries: a query's rows, again whenever they have changed, and what changed of them.
 *
 * @packageDocumentation
 */

import { FreeholdError } from "./error.js";
import type { Request } from "./requests.js";
import type { ColumnOf, ListOptions, TablesOf } from "./tables.js";

/** The time from one callback to the next, where there is always something new: a frame. */
const FRAME_MS = 16;

/** A live query of a table's rows. */
export type TableQuery<
  T extends TablesOf<T>,
  N extends keyof T & string,
  C extends ColumnOf<T[N]>,
> = { readonly table: N } & Omit<ListOptions<T[N], C>, "signal">;

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
  readonly error?: FreeholdError | undefined;
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
  const view = new View<R>(callback, (found) => read?.(found) as readonly R[]);
  const end = subscribe({ method, params }, (answer) => view.hear(answer as () => Heard));
  return {
    close: () => {
      end();
      view.close();
    },
  };
}

/** A whole answer, or what changed of a page since the one before. */
type Heard =
  | { readonly key: readonly string[]; readonly answer: unknown }
  | {
      /** Places of rows that are taken away, upwards. */
      readonly removed: readonly number[];
      /** Places that rows have in the end which are put in after that, upwards. */
      readonly places: readonly number[];
      readonly rows: readonly object[];
    };

/** The rows as they were called back with, and when. */
class View<R extends object> {
  readonly #callback: (answer: LiveAnswer<R>) => void;
  readonly #read: (answer: unknown) => readonly R[];
  #key: readonly string[] = [];
  #rows: readonly R[] = [];
  /** Whether the rows have to be called back with even if they are those of before. */
  #isOwed = true;
  /** What was heard since, the newest last. */
  #heard: (() => Heard)[] = [];
  #calledAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    callback: (answer: LiveAnswer<R>) => void,
    read: (answer: unknown) => readonly R[],
  ) {
    this.#callback = callback;
    this.#read = read;
  }

  hear(heard: () => Heard): void {
    this.#heard.push(heard);
    const waitMs = this.#calledAt + FRAME_MS - performance.now();
    if (waitMs <= 0) this.#call();
    else this.#timer ??= setTimeout(() => this.#call(), waitMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#heard = [];
  }

  #call(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const heard = this.#heard;
    this.#heard = [];
    if (heard.length === 0) return;
    this.#calledAt = performance.now();
    try {
      this.#show(this.#rowsAfter(heard));
    } catch (error) {
      if (!(error instanceof FreeholdError)) throw error;
      this.#isOwed = true;
      const changes = { inserted: [], updated: [], removed: [] };
      this.#callback({ rows: this.#rows, changes, error });
    }
  }

  /** The rows after all that was heard; nothing counts that is older than a whole answer. */
  #rowsAfter(heard: (() => Heard)[]): readonly R[] {
    const next = heard.pop()?.();
    if (!next) return this.#rows;
    if ("key" in next) {
      this.#key = next.key;
      return this.#read(next.answer);
    }
    const gone = new Set(next.removed);
    const rows = this.#rowsAfter(heard).filter((_, at) => !gone.has(at));
    const put = this.#read({ rows: next.rows, next: null });
    next.places.forEach((place, at) => rows.splice(place, 0, put[at] as R));
    return rows;
  }

  #show(rows: readonly R[]): void {
    // Rows of which nothing was heard are the same objects.
    const [old, now] = [new Set(this.#rows), new Set(rows)];
    const before = new Map<string, R>();
    this.#rows.forEach((row, at) => now.has(row) || before.set(nameOf(this.#key, row, at), row));
    const [inserted, updated]: [R[], R[]] = [[], []];
    const kept = rows.map((row, at) => {
      if (old.has(row)) return row;
      const name = nameOf(this.#key, row, at);
      const was = before.get(name);
      before.delete(name);
      if (was === undefined) inserted.push(row);
      else if (isSame(was, row)) return was;
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
