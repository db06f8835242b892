/**
 * Transactions: requests that are collected, sent as one message, and happen all or not at all.
 *
 * @packageDocumentation
 */

import { FreeholdError } from "./error.js";
import { Requests } from "./requests.js";
import type { Request, RowRequest } from "./requests.js";
import type { AnyTables, HandleKind, TablesOf } from "./tables.js";

/**
 * Collects the requests of a transaction. They run in the order in which they were made, after the
 * function that makes them has returned: none of them can wait for the answer to another. A row
 * that others refer to brings its id along (`newId`).
 *
 * @typeParam T - The tables' types.
 * @typeParam H - Whose handle sends them.
 */
export class Transaction<
  T extends TablesOf<T> = AnyTables,
  H extends HandleKind = "owner",
> extends Requests<T, H> {
  readonly #requests: Request<unknown>[] = [];
  #ended = false;

  private constructor() {
    super();
  }

  /** @internal The requests that a function made, and what it gave back. */
  static collect<T extends TablesOf<T>, H extends HandleKind, R>(
    work: (transaction: Transaction<T, H>) => R,
  ): { readonly requests: readonly Request<unknown>[]; readonly given: R } {
    const transaction = new Transaction<T, H>();
    const given = work(transaction);
    transaction.#ended = true;
    if (given instanceof Promise) {
      const message = "a transaction collects requests and can't wait: no async function";
      throw new FreeholdError({ code: "invalid_argument", message, argument: "transaction" });
    }
    return { requests: transaction.#requests, given };
  }

  /** @internal */
  protected override add<A>(request: Request<A>): Request<A> {
    if (this.#ended) {
      const message = "the transaction has been sent already";
      throw new FreeholdError({ code: "invalid_argument", message, argument: "transaction" });
    }
    this.#requests.push(request);
    return request;
  }
}

/**
 * The answers to what a transaction's function gave back: to one request, to a list of them, or to
 * all where it gave nothing back.
 */
export type Answers<R> =
  R extends Request<infer A>
    ? A
    : R extends readonly Request<unknown>[]
      ? { -readonly [I in keyof R]: R[I] extends Request<infer A> ? A : never }
      : unknown[];

/** What a transaction's function may give back. */
export type Wanted = Request<unknown> | readonly Request<unknown>[] | void;

/** @internal */
export function answersTo<R>(
  requests: readonly Request<unknown>[],
  answers: readonly unknown[],
  given: R,
): Answers<R> {
  const places = new Map<RowRequest, number>(requests.map((request, at) => [request, at]));
  const answerTo = (wanted: RowRequest): unknown => {
    const at = places.get(wanted);
    if (at === undefined) {
      const message = "only requests of the transaction itself have an answer in it";
      throw new FreeholdError({ code: "invalid_argument", message, argument: "transaction" });
    }
    const read = requests[at]?.read;
    return read ? read(answers[at]) : answers[at];
  };
  const wanted = given as Wanted;
  if (!wanted) return requests.map(answerTo) as Answers<R>;
  return ("method" in wanted ? answerTo(wanted) : wanted.map(answerTo)) as Answers<R>;
}
