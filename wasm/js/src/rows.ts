/**
 * Typed reads and writes, and SQL: what the owner's handle and sessions have in common.
 *
 * @packageDocumentation
 */

import type { Issue } from "./error.js";
import type {
  AnyTables,
  Difference,
  Filter,
  Key,
  ListOptions,
  Page,
  Row,
  RowRequest,
  SqlResult,
  TablesOf,
  Version,
} from "./results.js";

/** @internal */
export type Call = (method: string, params: object) => Promise<unknown>;

/**
 * Reads and writes of rows. Every call is all or nothing.
 *
 * @typeParam T - The tables' types, as `freehold generate ts` writes them.
 */
export abstract class Rows<T extends TablesOf<T> = AnyTables> {
  /** @internal */
  protected readonly call: Call;

  /** @internal */
  protected constructor(call: Call) {
    this.call = call;
  }

  /**
   * Inserts a row; answers with the row as stored, ids, times and defaults filled in.
   *
   * Rejects with `invalid` (all issues of the row), `unknown_table`, `encryption_unavailable`.
   */
  insert<N extends keyof T & string>(table: N, row: T[N]["insert"]): Promise<T[N]["row"]> {
    return this.call("insert", { table, row }) as Promise<T[N]["row"]>;
  }

  /** Inserts rows, all or none; answers with their keys, in order. Rejects as `insert` does. */
  insertMany<N extends keyof T & string>(
    table: N,
    rows: readonly T[N]["insert"][],
  ): Promise<Row[]> {
    return this.call("insert_many", { table, rows }) as Promise<Row[]>;
  }

  /** The row with this key, or `null`. Rejects with `invalid_argument` for a key of other form. */
  get<N extends keyof T & string>(table: N, key: Key): Promise<T[N]["row"] | null> {
    return this.call("get", { table, key }) as Promise<T[N]["row"] | null>;
  }

  /**
   * Changes columns of the row with this key; the others stay. Answers with the row as it is then.
   *
   * Rejects with `invalid` and `not_found`.
   */
  update<N extends keyof T & string>(
    table: N,
    key: Key,
    changes: T[N]["update"],
  ): Promise<T[N]["row"]> {
    return this.call("update", { table, key, changes }) as Promise<T[N]["row"]>;
  }

  /**
   * Deletes the row with this key, or hides it where the table deletes softly; whether there was
   * one. Rejects with `invalid` (`still_referenced`) where other rows refer to it.
   */
  delete<N extends keyof T & string>(table: N, key: Key): Promise<boolean> {
    return this.call("delete", { table, key }) as Promise<boolean>;
  }

  /**
   * Brings back a row that was softly deleted; the row as it is then.
   *
   * Rejects with `not_found`, and with `invalid` (`not_unique`) where its key was taken meanwhile.
   */
  restore<N extends keyof T & string>(table: N, key: Key): Promise<T[N]["row"]> {
    return this.call("restore", { table, key }) as Promise<T[N]["row"]>;
  }

  /** Inserts a row, or changes the one that has its key. Rejects as `insert` does. */
  upsert<N extends keyof T & string>(table: N, row: T[N]["insert"]): Promise<T[N]["row"]> {
    return this.call("upsert", { table, row }) as Promise<T[N]["row"]>;
  }

  /** A page of rows. Rejects with `invalid_argument` where an option is wrong. */
  list<N extends keyof T & string>(
    table: N,
    options: ListOptions = {},
  ): Promise<Page<T[N]["row"]>> {
    const { includeDeleted, ...rest } = options;
    const params = { table, ...rest, include_deleted: includeDeleted ?? false };
    return this.call("list", params) as Promise<Page<T[N]["row"]>>;
  }

  /** How many rows a filter keeps, those that are softly deleted aside; all without a filter. */
  count<N extends keyof T & string>(table: N, filter?: Filter): Promise<number> {
    return this.call("count", { table, filter: filter ?? null }) as Promise<number>;
  }

  /**
   * All that would be wrong with a row, or with changes to the row with a key; nothing is written.
   * Unlike an insert it also asks the database for uniqueness.
   */
  validate<N extends keyof T & string>(table: N, row: Row, key?: Key): Promise<Issue[]> {
    const mode = key === undefined ? "insert" : "update";
    return this.call("validate", { table, row, mode, key: key ?? null }) as Promise<Issue[]>;
  }

  /**
   * Runs one SQL statement with bound parameters: `owner.sql("SELECT … WHERE id = ?1", [id])`.
   *
   * Rejects with `sql` and SQLite's message.
   */
  sql(sql: string, params: readonly unknown[] = []): Promise<SqlResult> {
    return this.call("sql", { sql, params }) as Promise<SqlResult>;
  }

  /** The versions of a row of a versioned table, the oldest first. Rejects with `not_found`. */
  history<N extends keyof T & string>(table: N, key: Key): Promise<Version<T[N]["row"]>[]> {
    return this.call("history", { table, key }) as Promise<Version<T[N]["row"]>[]>;
  }

  /** The columns that differ between two versions of a row, by their numbers. */
  diff(
    table: keyof T & string,
    key: Key,
    between: { readonly from: number; readonly to: number },
  ): Promise<Difference[]> {
    return this.call("diff", { table, key, ...between }) as Promise<Difference[]>;
  }

  /**
   * Makes a row what a version of it says: an update like any other, and a new version; the row as
   * it is then. Rejects as `update` does.
   */
  rollback<N extends keyof T & string>(table: N, key: Key, to: number): Promise<T[N]["row"]> {
    return this.call("rollback", { table, key, to }) as Promise<T[N]["row"]>;
  }

  /**
   * Several requests as one transaction: all of them happen, or none. Answers with their answers.
   *
   * Rejects with the first error. A row that others of the transaction refer to has to bring its
   * id along.
   *
   * @example
   * ```ts
   * import { open } from "@freehold/web";
   *
   * const db = await open({ name: "app", model: "workflow", storage: "memory" });
   * await db.init();
   * const id = "0198c7a8-75f8-7031-854b-3cdf44a4f7e1";
   * const user = { tenant_id: id, email: "ann@example.org", name: "Ann" };
   * await db.owner().transaction([
   *   { method: "insert", params: { table: "tenants", row: { id, name: "Acme", slug: "acme" } } },
   *   { method: "insert", params: { table: "users", row: user } },
   * ]);
   * ```
   */
  transaction(requests: readonly RowRequest[]): Promise<unknown[]> {
    return this.call("transaction", { requests }) as Promise<unknown[]>;
  }
}
