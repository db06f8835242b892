/**
 * Typed reads and writes, and SQL: what the owner's handle and sessions have in common.
 *
 * @packageDocumentation
 */

import { Requests, issuesOf } from "./requests.js";
import type { Request, RowRequest } from "./requests.js";
import type { Difference, Version } from "./results.js";
import { asyncSchemaOf } from "./standard-schema.js";
import type { AsyncSchema } from "./standard-schema.js";
import { startLive } from "./live.js";
import type { LiveAnswer, LiveQuery, Subscribe, TableQuery } from "./live.js";
import { isTemplate, readResult, toObjects, withObjects } from "./statement.js";
import type { SqlAnswer, Statement } from "./statement.js";
import type {
  AnyTables,
  CallOptions,
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
import { Transaction, answersTo } from "./transaction.js";
import type { Answers, Wanted } from "./transaction.js";

/** @internal */
export type Call = (method: string, params: object, options?: CallOptions) => Promise<unknown>;

/** @internal */
export interface Reach {
  readonly call: Call;
  readonly subscribe: Subscribe;
}

/**
 * Reads and writes of rows. Every call is all or nothing, and rejects with `aborted` when its
 * `signal` says so.
 *
 * @typeParam T - The tables' types.
 * @typeParam H - Whose handle it is.
 */
export abstract class Rows<T extends TablesOf<T> = AnyTables, H extends HandleKind = "owner"> {
  /** @internal */
  protected readonly call: Call;
  readonly #subscribe: Subscribe;
  readonly #make = new Requests<T, H>();

  /** @internal */
  protected constructor({ call, subscribe }: Reach) {
    this.call = call;
    this.#subscribe = subscribe;
  }

  /**
   * Inserts a row; answers with the row as stored, ids, times and defaults filled in.
   *
   * Rejects with `invalid` (all issues of the row), `unknown_table`, `encryption_unavailable`.
   */
  insert<N extends keyof T & string>(
    table: N,
    row: InsertOf<T[N], H>,
    options?: CallOptions,
  ): Promise<T[N]["row"]> {
    return this.#send(this.#make.insert(table, row), options);
  }

  /**
   * Inserts rows, all or none, in one call; answers with their keys, in order. Rejects as `insert`
   * does.
   */
  insertMany<N extends keyof T & string>(
    table: N,
    rows: readonly InsertOf<T[N], H>[],
    options?: CallOptions,
  ): Promise<KeyRow<T[N]>[]> {
    return this.#send(this.#make.insertMany(table, rows), options);
  }

  /** The row with this key, or `null`. Rejects with `invalid_argument` for a key of other form. */
  get<N extends keyof T & string>(
    table: N,
    key: KeyOf<T[N], H>,
    options?: CallOptions,
  ): Promise<T[N]["row"] | null> {
    return this.#send(this.#make.get(table, key), options);
  }

  /**
   * Changes columns of the row with this key; the others stay. Answers with the row as it is then.
   *
   * Rejects with `invalid` and `not_found`.
   */
  update<N extends keyof T & string>(
    table: N,
    key: KeyOf<T[N], H>,
    changes: T[N]["update"],
    options?: CallOptions,
  ): Promise<T[N]["row"]> {
    return this.#send(this.#make.update(table, key, changes), options);
  }

  /**
   * Deletes the row with this key, or hides it where the table deletes softly; whether there was
   * one. Rejects with `invalid` (`still_referenced`) where other rows refer to it.
   */
  delete<N extends keyof T & string>(
    table: N,
    key: KeyOf<T[N], H>,
    options?: CallOptions,
  ): Promise<boolean> {
    return this.#send(this.#make.delete(table, key), options);
  }

  /**
   * Brings back a row that was softly deleted; the row as it is then.
   *
   * Rejects with `not_found`, and with `invalid` (`not_unique`) where its key was taken meanwhile.
   */
  restore<N extends keyof T & string>(
    table: N,
    key: KeyOf<T[N], H>,
    options?: CallOptions,
  ): Promise<T[N]["row"]> {
    return this.#send(this.#make.restore(table, key), options);
  }

  /** Inserts a row, or changes the one that has its key. Rejects as `insert` does. */
  upsert<N extends keyof T & string>(
    table: N,
    row: InsertOf<T[N], H>,
    options?: CallOptions,
  ): Promise<T[N]["row"]> {
    return this.#send(this.#make.upsert(table, row), options);
  }

  /** A page of rows. Rejects with `invalid_argument` where an option is wrong. */
  list<N extends keyof T & string, const C extends ColumnOf<T[N]> = ColumnOf<T[N]>>(
    table: N,
    options: ListOptions<T[N], C> = {},
  ): Promise<Page<Selected<T[N], C>>> {
    return this.#send(this.#make.list(table, options), options);
  }

  /**
   * All pages, one after the other: `for await (const page of session.pages("files"))`. The next
   * one is asked for when the loop comes to it, and starts where the one before ended, however the
   * rows before it have changed meanwhile.
   */
  async *pages<N extends keyof T & string, const C extends ColumnOf<T[N]> = ColumnOf<T[N]>>(
    table: N,
    options: ListOptions<T[N], C> = {},
  ): AsyncGenerator<Page<Selected<T[N], C>>, void, undefined> {
    let page = await this.list<N, C>(table, options);
    yield page;
    while (page.next !== null) {
      page = await this.list<N, C>(table, { ...options, after: page.next });
      yield page;
    }
  }

  /** All rows, one after the other; `limit` is how many are fetched at a time, 1000 by default. */
  async *rows<N extends keyof T & string, const C extends ColumnOf<T[N]> = ColumnOf<T[N]>>(
    table: N,
    options: ListOptions<T[N], C> = {},
  ): AsyncGenerator<Selected<T[N], C>, void, undefined> {
    for await (const page of this.pages<N, C>(table, { limit: 1000, ...options })) {
      yield* page.rows;
    }
  }

  /**
   * Calls back with a query's rows, now and whenever a write, of whatever tab, has changed them;
   * with what came, changed and went since the call before. Rows that stayed as they were are the
   * same objects. Callbacks that would come within one frame come as one.
   *
   * Only what a write may concern is looked at: it is told apart by table, tenant, the values that
   * a filter asks to be equal, and what the actor's rights hang on. Of a page the rows that were
   * written are read, unless a row has to move up into it; a statement is run again.
   *
   * @example
   * ```ts
   * import { open } from "@freehold/web";
   *
   * const db = await open({ name: "app", model: "workflow", storage: "memory" });
   * await db.init({ seed: "development" });
   * const live = db.owner().live({ table: "tenants", order: ["name"] }, ({ rows, changes }) => {
   *   console.log(rows.length, changes.inserted.length);
   * });
   * live.close();
   * ```
   */
  live<N extends keyof T & string, const C extends ColumnOf<T[N]> = ColumnOf<T[N]>>(
    query: TableQuery<T, N, C>,
    callback: (answer: LiveAnswer<Selected<T[N], C>>) => void,
  ): LiveQuery;
  /**
   * Calls back with the rows of a statement that reads.
   *
   * @typeParam R - The form of a row; SQL is not checked against it.
   */
  live<R extends object = Row>(
    query: Statement,
    callback: (answer: LiveAnswer<R>) => void,
  ): LiveQuery;
  live(query: object, callback: (answer: LiveAnswer<never>) => void): LiveQuery {
    return startLive(this.#subscribe, this.#liveRequest(query), callback);
  }

  #liveRequest(query: object): Request<readonly object[]> {
    if ("sql" in query) {
      const { method, params } = this.#make.sql(query as Statement);
      return { method, params, read: (answer) => toObjects(readResult(answer)) };
    }
    const { table, ...options } = query as { readonly table: keyof T & string };
    const { method, params, read } = this.#make.list(table, options);
    const page = (answer: unknown) => (read ? read(answer) : answer) as { rows: object[] };
    return { method, params, read: (answer) => page(answer).rows };
  }

  /** How many rows a filter keeps, those that are softly deleted aside; all without a filter. */
  count<N extends keyof T & string>(
    table: N,
    filter?: Filter<T[N]>,
    options?: CallOptions,
  ): Promise<number> {
    return this.#send(this.#make.count(table, filter), options);
  }

  /**
   * All that would be wrong with a row, or with changes to the row with a key; nothing is written.
   * Unlike an insert it also asks the database for uniqueness.
   */
  validate<N extends keyof T & string>(
    table: N,
    row: Row | InsertOf<T[N], H> | T[N]["update"],
    key?: KeyOf<T[N], H>,
    options?: CallOptions,
  ): Promise<IssueOf<T[N]>[]> {
    return this.#send(this.#make.validate(table, row, key), options);
  }

  /** Standard Schema of rows to insert: `validate` as form libraries call it. */
  schema<N extends keyof T & string>(table: N): AsyncSchema<InsertOf<T[N], H>>;
  /** Standard Schema of changes to the row with a key. */
  schema<N extends keyof T & string>(
    table: N,
    key: KeyOf<T[N], H>,
  ): AsyncSchema<T[N]["update"]>;
  schema<N extends keyof T & string>(table: N, key?: KeyOf<T[N], H>): AsyncSchema<never> {
    return asyncSchemaOf((row) => this.validate(table, row, key));
  }

  /**
   * The issues with which a write of a table was refused, their paths typed by its columns; none
   * where the error is another one.
   */
  issues<N extends keyof T & string>(table: N, error: unknown): readonly IssueOf<T[N]>[] {
    return issuesOf<IssueOf<T[N]>>(table, error);
  }

  /**
   * Runs one SQL statement with bound parameters: `owner.sql("SELECT … WHERE id = ?1", [id])`.
   *
   * Rejects with `sql` and SQLite's message.
   */
  sql(
    statement: string | Statement,
    params?: readonly unknown[],
    options?: CallOptions,
  ): SqlAnswer;
  /**
   * Runs the statement of a template: `` session.sql`SELECT … WHERE id = ${id}` ``. Every value is
   * bound, none becomes part of the text; an array becomes a list of bound values, for `IN`.
   */
  sql(texts: TemplateStringsArray, ...values: readonly unknown[]): SqlAnswer;
  sql(first: string | Statement | TemplateStringsArray, ...rest: unknown[]): SqlAnswer {
    if (isTemplate(first)) return withObjects(this.#send(this.#make.sql(first, ...rest)));
    const [params, options] = rest as [(readonly unknown[])?, CallOptions?];
    return withObjects(this.#send(this.#make.sql(first, params), options));
  }

  /** The versions of a row of a versioned table, the oldest first. Rejects with `not_found`. */
  history<N extends keyof T & string>(
    table: N,
    key: KeyOf<T[N], H>,
    options?: CallOptions,
  ): Promise<Version<T[N]["row"]>[]> {
    return this.#send(this.#make.history(table, key), options);
  }

  /** The columns that differ between two versions of a row, by their numbers. */
  diff<N extends keyof T & string>(
    table: N,
    key: KeyOf<T[N], H>,
    between: { readonly from: number; readonly to: number },
    options?: CallOptions,
  ): Promise<Difference<ColumnOf<T[N]>>[]> {
    return this.#send(this.#make.diff(table, key, between), options);
  }

  /**
   * Makes a row what a version of it says: an update like any other, and a new version; the row as
   * it is then. Rejects as `update` does.
   */
  rollback<N extends keyof T & string>(
    table: N,
    key: KeyOf<T[N], H>,
    to: number,
    options?: CallOptions,
  ): Promise<T[N]["row"]> {
    return this.#send(this.#make.rollback(table, key, to), options);
  }

  /**
   * Several requests as one transaction and one message: all of them happen, or none. Answers with
   * the answers to what the function gives back, or to all requests where it gives nothing back.
   *
   * The function makes the requests and can't wait for anything: nobody holds the database for a
   * page that may never come back. A row that others of the transaction refer to brings its id
   * along. Rejects with the first error.
   *
   * @example
   * ```ts
   * import { newId, open } from "@freehold/web";
   *
   * const db = await open({ name: "app", model: "workflow", storage: "memory" });
   * await db.init();
   * const id = newId();
   * const [tenant, user] = await db.owner().transaction((tx) => [
   *   tx.insert("tenants", { id, name: "Acme", slug: "acme" }),
   *   tx.insert("users", { tenant_id: id, email: "ann@example.org", name: "Ann" }),
   * ]);
   * console.log(tenant.slug, user.role);
   * ```
   */
  transaction<const R extends Wanted>(
    work: (transaction: Transaction<T, H>) => R,
    options?: CallOptions,
  ): Promise<Answers<R>>;
  /** The same with requests that were made elsewhere, in the form that the core reads. */
  transaction(requests: readonly RowRequest[], options?: CallOptions): Promise<unknown[]>;
  async transaction<R extends Wanted>(
    work: ((transaction: Transaction<T, H>) => R) | readonly RowRequest[],
    options?: CallOptions,
  ): Promise<unknown> {
    if (typeof work !== "function") return this.call("transaction", { requests: work }, options);
    const { requests, given } = Transaction.collect(work);
    const sent = requests.map(({ method, params }) => ({ method, params }));
    const answers = (await this.call("transaction", { requests: sent }, options)) as unknown[];
    return answersTo(requests, answers, given);
  }

  #send<A>({ method, params, read }: Request<A>, options?: CallOptions): Promise<A> {
    const answer = this.call(method, params, options);
    return (read ? answer.then(read) : answer) as Promise<A>;
  }
}
