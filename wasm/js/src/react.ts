/**
 * React hooks over a session: rows that are up to date whoever writes them.
 *
 * @packageDocumentation
 */

import { createContext, createElement, useContext, useMemo, useSyncExternalStore } from "react";
import type { ReactElement, ReactNode } from "react";

import { FreeholdError } from "./error.js";
import type { LiveAnswer, LiveQuery, TableQuery } from "./live.js";
import type { Statement } from "./statement.js";
import type { AnyTables, ColumnOf, KeyOf, Row, Selected, TablesOf } from "./tables.js";
import { encode, toText } from "./values.js";

/** The part of a session, or of the owner's handle, that the hooks stand on. */
export interface LiveSource {
  /** Calls back with a query's rows, now and whenever they have changed. */
  live(query: object, callback: (answer: LiveAnswer<object>) => void): LiveQuery;
}

export type { TableQuery };

/** What a hook knows of a query: its rows, none before the first answer, and why it was refused. */
export interface Live<R> extends Pick<LiveAnswer<R>, "rows" | "error"> {
  /** Whether there has been no answer yet. */
  readonly isLoading: boolean;
}

/** What a hook knows of a row. */
export interface LiveRow<R> extends Omit<Live<R>, "rows"> {
  /** The row; `null` where there is none, and before the first answer. */
  readonly row: R | null;
}

/** The hooks of an app. */
export interface Hooks<T extends TablesOf<T>> {
  /** Gives a session to everything within; `null` while nobody is signed in. */
  FreeholdProvider(props: {
    readonly session: LiveSource | null;
    readonly children?: ReactNode;
  }): ReactElement;
  /**
   * The session that the nearest provider gives; `null` while nobody is signed in.
   *
   * @typeParam S - The session's type: `Session<Tables>`.
   */
  useSession<S extends object = LiveSource>(): S | null;
  /** The rows of a query, kept up to date; `null` asks for nothing. */
  useLive<N extends keyof T & string, const C extends ColumnOf<T[N]> = ColumnOf<T[N]>>(
    query: TableQuery<T, N, C> | null,
  ): Live<Selected<T[N], C>>;
  /**
   * The rows of a statement, kept up to date.
   *
   * @typeParam R - The form of a row; SQL is not checked against it.
   */
  useLive<R extends object = Row>(query: Statement | null): Live<R>;
  /**
   * One row, kept up to date, by an object of its key's columns or the value of its `id`; `null`
   * asks for nothing.
   */
  useRow<N extends keyof T & string>(
    table: N,
    key: KeyOf<T[N], "session"> | null,
  ): LiveRow<T[N]["row"]>;
}

const NOTHING: Live<never> = { rows: [], isLoading: true, error: undefined };

/**
 * Makes the hooks of an app, typed by its tables. `FreeholdProvider`, `useSession`, `useLive` and
 * `useRow` of this module are such hooks for tables of any form.
 *
 * @typeParam T - The tables' types.
 *
 * @example
 * ```ts
 * import { createHooks } from "@freehold/web/react";
 * import type { Builtin } from "@freehold/web";
 *
 * export const { FreeholdProvider, useSession, useLive, useRow } =
 *   createHooks<Builtin["workflow"]>();
 *
 * export function useWorkflowNames(): string[] {
 *   return useLive({ table: "workflows", order: ["name"] }).rows.map(({ name }) => name);
 * }
 * ```
 */
export function createHooks<T extends TablesOf<T> = AnyTables>(): Hooks<T> {
  const Context = createContext<LiveSource | null | undefined>(undefined);

  function useSource(): LiveSource | null {
    const source = useContext(Context);
    if (source !== undefined) return source;
    const message = "there is no FreeholdProvider around this component";
    throw new FreeholdError({ code: "invalid_argument", message, argument: "session" });
  }

  function useLive(query: object | null): Live<never> {
    const source = useSource();
    // A query that says the same is the same, however often it is written down anew.
    const text = query && toText(encode(query, "row", "query"));
    const store = useMemo(
      () => (source && query ? new LiveStore(source, query) : undefined),
      [source, text],
    );
    return useSyncExternalStore(
      store?.subscribe ?? subscribeToNothing,
      store?.snapshot ?? nothing,
      nothing,
    ) as Live<never>;
  }

  return {
    FreeholdProvider: ({ session, children }) =>
      createElement(Context.Provider, { value: session }, children),
    useSession: <S extends object>() => useSource() as S | null,
    useLive,
    useRow(table, key) {
      const filter = typeof key === "object" && !(key instanceof Date) ? key : { id: key };
      const { rows, ...rest } = useLive(key === null ? null : { table, filter, limit: 1 });
      return { row: rows[0] ?? null, ...rest };
    },
  };
}

/** Hooks for tables of any form. */
export const { FreeholdProvider, useSession, useLive, useRow } = createHooks();

/** A query that runs while somebody looks. */
class LiveStore {
  readonly #source: LiveSource;
  readonly #query: object;
  #answer: Live<object> = NOTHING;

  constructor(source: LiveSource, query: object) {
    this.#source = source;
    this.#query = query;
  }

  readonly subscribe = (changed: () => void): (() => void) => {
    const live = this.#source.live(this.#query, ({ rows, error }) => {
      this.#answer = { rows, isLoading: false, error };
      changed();
    });
    return () => live.close();
  };

  readonly snapshot = (): Live<object> => this.#answer;
}

function subscribeToNothing(): () => void {
  return () => {};
}

function nothing(): Live<never> {
  return NOTHING;
}
