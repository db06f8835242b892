/**
 * SQL statements whose values are always bound, and what they answer with.
 *
 * @packageDocumentation
 */

import { FreeholdError } from "./error.js";
import type { Row } from "./tables.js";
import { decodeCell } from "./values.js";

/** A statement and the values that are bound to its parameters. */
export interface Statement {
  /** The text, with `?1`, `?2`, … for values. */
  readonly sql: string;
  /** The values, in order. */
  readonly params: readonly unknown[];
}

/** The answer to a SQL statement. */
export interface SqlResult {
  /** The columns' names, in order; several may be equal. */
  readonly columns: readonly string[];
  /**
   * The rows, a value for each column: text, numbers, `null`, a `bigint` for what a number can't
   * hold, a `Uint8Array` for bytes.
   */
  readonly rows: readonly (readonly unknown[])[];
  /** The rows that the statement inserted, changed or deleted; 0 for a reading one. */
  readonly changes: number;
}

/** The answer to come, also as objects. */
export interface SqlAnswer extends Promise<SqlResult> {
  /**
   * The rows as objects, by the columns' names. Rejects with `invalid_argument` where two columns
   * have the same name.
   *
   * @typeParam R - The form of a row; SQL is not checked against it.
   */
  objects<R extends object = Row>(): Promise<R[]>;
}

/**
 * A statement of a template: every value is bound and none becomes part of the text. An array
 * becomes a list of bound values, for `IN`.
 *
 * @example
 * ```ts
 * import { open, sql } from "@freehold/web";
 *
 * const db = await open({ name: "app", model: "workflow", storage: "memory" });
 * await db.init({ seed: "development" });
 * const named = sql`SELECT name FROM tenants WHERE slug IN ${["a", "b"]}`;
 * console.log(named.sql); // SELECT name FROM tenants WHERE slug IN (?1, ?2)
 * console.log((await db.owner().sql(named)).rows);
 * ```
 */
export function sql(texts: TemplateStringsArray, ...values: readonly unknown[]): Statement {
  const params: unknown[] = [];
  const bind = (value: unknown): string => `?${params.push(value)}`;
  const spliced = values.map((value, at) => {
    const bound = Array.isArray(value) ? `(${value.map(bind).join(", ")})` : bind(value);
    return bound + texts[at + 1];
  });
  return { sql: texts[0] + spliced.join(""), params };
}

/** @internal */
export type SqlArguments =
  | readonly [statement: string | Statement, params?: readonly unknown[], options?: object]
  | readonly [texts: TemplateStringsArray, ...values: unknown[]];

/** @internal The statement that a call of `sql` was given in one of its forms. */
export function statementOf([first, ...rest]: SqlArguments): Statement {
  if (typeof first === "string") {
    return { sql: first, params: (rest[0] as readonly unknown[] | undefined) ?? [] };
  }
  return isTemplate(first) ? sql(first, ...rest) : first;
}

/** @internal */
export function isTemplate(first: unknown): first is TemplateStringsArray {
  return Array.isArray(first) && "raw" in first;
}

/** @internal */
export function readResult(answer: unknown): SqlResult {
  const { rows, ...result } = answer as SqlResult;
  return { ...result, rows: rows.map((row) => row.map(decodeCell)) };
}

/** @internal */
export function withObjects(answer: Promise<SqlResult>): SqlAnswer {
  const objects = <R extends object>() => answer.then((result) => toObjects(result) as R[]);
  return Object.assign(answer, { objects }) as SqlAnswer;
}

/** @internal */
export function toObjects({ columns, rows }: SqlResult): Row[] {
  const twice = columns.find((name, at) => columns.indexOf(name) !== at);
  if (twice !== undefined) {
    const message = `two columns are called \`${twice}\`; tell them apart by AS`;
    throw new FreeholdError({ code: "invalid_argument", message, argument: "columns" });
  }
  return rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]])));
}
