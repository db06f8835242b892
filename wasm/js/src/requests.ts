/**
 * Requests about rows, as the core reads them: what a call sends, and what a transaction collects.
 *
 * @packageDocumentation
 */

import type { Issue } from "./error.js";
import type { Difference, Version } from "./results.js";
import { readResult, statementOf } from "./statement.js";
import type { SqlArguments, SqlResult, Statement } from "./statement.js";
import type {
  AnyTables,
  ColumnOf,
  Filter,
  HandleKind,
  InsertOf,
  IssueOf,
  KeyOf,
  KeyRow,
  ListOptions,
  Page,
  Row,
  Selected,
  TablesOf,
} from "./tables.js";

/** A request about rows: the method's name in the core, and its parameters. */
export interface RowRequest {
  /** What to do. */
  readonly method:
    | "insert"
    | "insert_many"
    | "get"
    | "list"
    | "count"
    | "update"
    | "delete"
    | "restore"
    | "upsert"
    | "validate"
    | "sql"
    | "history"
    | "diff"
    | "rollback";
  /** `table`, and `row`, `rows`, `key`, `changes`, … as the method of that name takes them. */
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * A request with the type of its answer.
 *
 * @typeParam A - What it is answered with.
 */
export interface Request<A> extends RowRequest {
  /** Brings the core's answer into the form that callers get, where it is another. */
  readonly read?: (answer: unknown) => A;
  /** Stands for the answer's type alone; nothing is ever here. */
  readonly answer?: A;
}

/** The methods whose calls change nothing. */
const READING = new Set([
  ..."get list count validate history diff role status drift verify seeds inspect model".split(" "),
  ..."generate audit audit_verify doctor authenticate export".split(" "),
]);

/** @internal Whether a call may have changed something although its answer never came. */
export function mayWrite(method: string, params: object): boolean {
  if (method !== "sql") return !READING.has(method);
  return !/^\s*(select|explain|values)\b/i.test((params as Statement).sql);
}

/**
 * Makes requests about the rows of a model's tables. Each method is that of `Rows`; what it gives
 * back is the request itself, which nobody has sent.
 *
 * @typeParam T - The tables' types.
 * @typeParam H - Whose handle sends the requests.
 */
export class Requests<T extends TablesOf<T> = AnyTables, H extends HandleKind = "owner"> {
  /** Inserts a row; the row as stored. */
  insert<N extends keyof T & string>(table: N, row: InsertOf<T[N], H>): Request<T[N]["row"]> {
    return this.add({ method: "insert", params: { table, row } });
  }

  /** Inserts rows; their keys, in order. */
  insertMany<N extends keyof T & string>(
    table: N,
    rows: readonly InsertOf<T[N], H>[],
  ): Request<KeyRow<T[N]>[]> {
    return this.add({ method: "insert_many", params: { table, rows } });
  }

  /** The row with a key, or `null`. */
  get<N extends keyof T & string>(table: N, key: KeyOf<T[N], H>): Request<T[N]["row"] | null> {
    return this.add({ method: "get", params: { table, key } });
  }

  /** Changes columns of a row; the row as it is then. */
  update<N extends keyof T & string>(
    table: N,
    key: KeyOf<T[N], H>,
    changes: T[N]["update"],
  ): Request<T[N]["row"]> {
    return this.add({ method: "update", params: { table, key, changes } });
  }

  /** Deletes or hides a row; whether there was one. */
  delete<N extends keyof T & string>(table: N, key: KeyOf<T[N], H>): Request<boolean> {
    return this.add({ method: "delete", params: { table, key } });
  }

  /** Brings back a row that was softly deleted; the row as it is then. */
  restore<N extends keyof T & string>(table: N, key: KeyOf<T[N], H>): Request<T[N]["row"]> {
    return this.add({ method: "restore", params: { table, key } });
  }

  /** Inserts a row, or changes the one with its key; the row as stored. */
  upsert<N extends keyof T & string>(table: N, row: InsertOf<T[N], H>): Request<T[N]["row"]> {
    return this.add({ method: "upsert", params: { table, row } });
  }

  /** A page of rows. */
  list<N extends keyof T & string, const C extends ColumnOf<T[N]> = ColumnOf<T[N]>>(
    table: N,
    options: ListOptions<T[N], C> = {},
  ): Request<Page<Selected<T[N], C>>> {
    const { includeDeleted, after, signal: _, ...rest } = options;
    // The cursor last: that is where whoever reads ahead puts the next one.
    const params = { table, ...rest, include_deleted: includeDeleted ?? false, after };
    return this.add({ method: "list", params });
  }

  /** How many rows a filter keeps. */
  count<N extends keyof T & string>(table: N, filter?: Filter<T[N]>): Request<number> {
    return this.add({ method: "count", params: { table, filter: filter ?? null } });
  }

  /** All that would be wrong with a row, or with changes to the row with a key. */
  validate<N extends keyof T & string>(
    table: N,
    row: Row | InsertOf<T[N], H> | T[N]["update"],
    key?: KeyOf<T[N], H>,
  ): Request<IssueOf<T[N]>[]> {
    const mode = key === undefined ? "insert" : "update";
    return this.add({ method: "validate", params: { table, row, mode, key: key ?? null } });
  }

  /** Runs one SQL statement. */
  sql(statement: string | Statement, params?: readonly unknown[]): Request<SqlResult>;
  /** Runs the statement of a template, with its values bound. */
  sql(texts: TemplateStringsArray, ...values: readonly unknown[]): Request<SqlResult>;
  sql(...given: unknown[]): Request<SqlResult> {
    const params = { ...statementOf(given as unknown as SqlArguments) };
    return this.add({ method: "sql", params, read: readResult });
  }

  /** The versions of a row, the oldest first. */
  history<N extends keyof T & string>(
    table: N,
    key: KeyOf<T[N], H>,
  ): Request<Version<T[N]["row"]>[]> {
    return this.add({ method: "history", params: { table, key } });
  }

  /** The columns that differ between two versions of a row. */
  diff<N extends keyof T & string>(
    table: N,
    key: KeyOf<T[N], H>,
    between: { readonly from: number; readonly to: number },
  ): Request<Difference<ColumnOf<T[N]>>[]> {
    return this.add({ method: "diff", params: { table, key, ...between } });
  }

  /** Makes a row what a version of it says; the row as it is then. */
  rollback<N extends keyof T & string>(
    table: N,
    key: KeyOf<T[N], H>,
    to: number,
  ): Request<T[N]["row"]> {
    return this.add({ method: "rollback", params: { table, key, to } });
  }

  /** @internal */
  protected add<A>(request: Request<A>): Request<A> {
    return request;
  }
}

/** @internal The issues of an error that are a table's. */
export function issuesOf<I extends Issue>(table: string, error: unknown): readonly I[] {
  const { details } = (error ?? {}) as { details?: { table?: unknown; issues?: readonly I[] } };
  return details?.table === table ? (details.issues ?? []) : [];
}
