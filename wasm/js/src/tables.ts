/**
 * The types of a model's tables, and what calls about one table take and answer with.
 *
 * They are written by `freehold generate ts`, shipped for the built-in models, or inferred from a
 * model that is a literal; see `infer.ts`.
 *
 * @packageDocumentation
 */

import type { Issue } from "./error.js";

/** A row: column names to JSON values. */
export type Row = Record<string, unknown>;

/** The types of one table. */
export interface TableTypes {
  /** A row as it is read. */
  row: object;
  /** A row as it is inserted. */
  insert: object;
  /** A change of a row. */
  update: object;
  /** The columns of the primary key. */
  key?: object;
  /** The names of the columns that a filter may name. */
  filter?: string;
  /** The names of the columns that rows may be sorted by. */
  order?: string;
  /** The column that says whose row it is, which a session fills in. */
  tenant?: string;
  /** What the table is for calls about accounts: `"tenant"`, `"user"`, … */
  part?: string;
  /** A row as the call about accounts takes it that writes the table. */
  given?: object;
}

/** Holds for every interface whose members are types of tables. */
export type TablesOf<T> = { [N in keyof T]: TableTypes };

/** The types of a table that nobody generated types for. */
export interface AnyTable {
  /** A row as it is read. */
  row: Row;
  /** A row as it is inserted. */
  insert: Row;
  /** A change of a row. */
  update: Row;
}

/** The tables of a model that nobody generated types for. */
export type AnyTables = Record<string, AnyTable>;

/** Whose handle it is: a session's fills in the tenant that it works in. */
export type HandleKind = "owner" | "session";

/** The column that a handle fills in by itself. */
type Implied<X, H> = "session" extends H ? (X extends { tenant: infer C } ? C : never) : never;

/** A row as a handle inserts it. */
export type InsertOf<X extends TableTypes, H extends HandleKind = "owner"> = [
  Implied<X, H>,
] extends [never]
  ? X["insert"]
  : Omit<X["insert"], Implied<X, H> & string> &
      Partial<Pick<X["insert"], Implied<X, H> & keyof X["insert"]>>;

/** A row's key: an object of the primary key's columns, or the one column's value. */
export type Key = string | number | bigint | Date | Row;

/** The key of a table's row, as a handle takes it. */
export type KeyOf<X extends TableTypes, H extends HandleKind = "owner"> = X extends {
  key: infer K extends object;
}
  ? WholeKey<K, Implied<X, H>> | OneValue<Omit<K, Implied<X, H> & string>>
  : Key;

/** The key of a table's row, as calls answer with it. */
export type KeyRow<X extends TableTypes> = X extends { key: infer K extends object }
  ? Pick<X["row"], keyof K & keyof X["row"]>
  : Row;

type WholeKey<K, C> = [C] extends [never]
  ? K
  : Omit<K, C & string> & Partial<Pick<K, C & keyof K>>;

type OneValue<K> = IsUnion<keyof K> extends true ? never : K[keyof K];

type IsUnion<U, V = U> = [U] extends [never]
  ? false
  : U extends unknown
    ? [V] extends [U]
      ? false
      : true
    : never;

/** The columns of a table that can be read. */
export type ColumnOf<X extends TableTypes> = keyof X["row"] & string;

/**
 * Which rows: `{ column: value }` or `{ column: { operator: value } }`, all of which must hold.
 *
 * Operators: `eq`, `ne`, `lt`, `lte`, `gt`, `gte`, `in`, `not_in`, `is_null`, and on text
 * `contains` and `starts_with`; arrays have `contains` and `is_null`, JSON `is_null`, encrypted
 * columns with a blind index `eq`, `in` and `is_null`. Conditions combine with `and`, `or` (arrays)
 * and `not` (one).
 */
export type Filter<X extends TableTypes = AnyTable> = X extends { filter: infer C extends string }
  ? { readonly [K in C]?: Condition<X, K> } & {
      readonly and?: readonly Filter<X>[];
      readonly or?: readonly Filter<X>[];
      readonly not?: Filter<X>;
    }
  : Readonly<Record<string, unknown>>;

type Given<X extends TableTypes, K> = NonNullable<X["insert"][K & keyof X["insert"]]>;

type Condition<X extends TableTypes, K> = K extends X["order"]
  ? Given<X, K> | null | Comparison<Given<X, K>>
  : Given<X, K> extends string | Uint8Array | ArrayBuffer
    ? Given<X, K> | null | Equality<Given<X, K>>
    : Given<X, K> extends readonly (infer I)[]
      ? { readonly is_null?: boolean; readonly contains?: [object] extends [I] ? never : I }
      : { readonly is_null: boolean };

/** What a value of an encrypted column with a blind index can be held against: one of these. */
type Equality<V> =
  | { readonly eq: V | null }
  | { readonly in: readonly (V | null)[] }
  | { readonly is_null: true };

/** What a value can be held against. */
type Comparison<V> = {
  readonly eq?: V | null;
  readonly ne?: V | null;
  readonly lt?: V;
  readonly lte?: V;
  readonly gt?: V;
  readonly gte?: V;
  readonly in?: readonly V[];
  readonly not_in?: readonly V[];
  readonly is_null?: boolean;
} & ([string] extends [V]
  ? [V] extends [string]
    ? { readonly contains?: string; readonly starts_with?: string }
    : unknown
  : unknown);

/** A column to sort by: `"name"`, `"created_at desc"`. */
export type OrderTerm<X extends TableTypes = AnyTable> = X extends { order: infer C extends string }
  ? C | `${C} asc` | `${C} desc`
  : string;

/** What can be said along with any call. */
export interface CallOptions {
  /**
   * Ends the waiting: the call then rejects with `aborted`. A call that was not sent yet is
   * dropped; of one that was, `details.applied` says whether it may have changed something.
   */
  readonly signal?: AbortSignal | undefined;
}

/** What `list` returns, and in which order. */
export interface ListOptions<X extends TableTypes = AnyTable, C extends string = ColumnOf<X>>
  extends CallOptions {
  /** Which rows; all unless given. */
  filter?: Filter<X>;
  /** Columns to sort by: `"name"`, `"created_at desc"`. The primary key is added at the end. */
  order?: readonly OrderTerm<X>[];
  /** 1 to 1000 rows; 50 unless given. */
  limit?: number;
  /** The `next` of the page before, with the same order. */
  after?: string;
  /** Whether rows that are softly deleted are listed too. */
  includeDeleted?: boolean;
  /** The columns of the rows; all but secret ones unless given. */
  columns?: readonly C[];
}

/** A row with the columns that were asked for. */
export type Selected<X extends TableTypes, C extends string> = [ColumnOf<X>] extends [C]
  ? X["row"]
  : Pick<X["row"], C & keyof X["row"]>;

/** Some rows, and where the next ones start. */
export interface Page<R = Row> {
  /** The rows. */
  readonly rows: R[];
  /** Pass it as `after` to get the next page; `null` on the last one. */
  readonly next: string | null;
}

/** An issue of a table's row: its path starts with one of the table's columns. */
export type IssueOf<X extends TableTypes> = Issue<
  (keyof X["insert"] & string) extends infer C extends string
    ? string extends C
      ? string
      : "" | C | `${C}[${string}` | `${C}.${string}`
    : string
>;
