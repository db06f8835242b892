/**
 * Standard Schema (https://standardschema.dev, version 1): the interface by which form libraries,
 * routers and the like validate with whatever their users validate with.
 *
 * Its types are written down here as its specification says them, so that nothing has to be
 * installed for them.
 *
 * @packageDocumentation
 */

import { FreeholdError } from "./error.js";
import type { Issue } from "./error.js";
import type { Row } from "./tables.js";

/**
 * A validator of any library.
 *
 * @typeParam I - What is validated.
 * @typeParam O - What it is once it is valid.
 */
export interface StandardSchema<I = unknown, O = I> {
  /** What consumers of the interface look for. */
  readonly "~standard": StandardProps<I, O>;
}

/**
 * What consumers of the interface look for.
 *
 * @typeParam R - What validating gives, or the promise of it.
 */
export interface StandardProps<I, O, R = StandardResult<O> | Promise<StandardResult<O>>> {
  /** The interface's version. */
  readonly version: 1;
  /** Whose validator it is. */
  readonly vendor: string;
  /** Validates a value. */
  readonly validate: (value: unknown) => R;
  /** Types alone; nothing is here. */
  readonly types?: { readonly input: I; readonly output: O } | undefined;
}

/** What validating gave: the value, or what is wrong with it. */
export type StandardResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing wrong with a row, as Standard Schema says it, with what Freehold says of it. */
export interface SchemaIssue {
  /** What is wrong, for people. */
  readonly message: string;
  /** The way to it: a column, then items' numbers. Empty for the row as a whole. */
  readonly path: readonly (string | number)[];
  /** A stable code: `required`, `unknown_field`, `too_short`, … */
  readonly code: string;
  /** The rule's numbers and names, for messages in other languages. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** A Standard Schema that answers at once. */
export interface Schema<T> extends StandardSchema<T> {
  /** What consumers of the interface look for. */
  readonly "~standard": StandardProps<T, T, StandardResult<T>>;
  /** All that is wrong with a row, as calls on a database say it. */
  validate(row: unknown): Issue[];
}

/** A Standard Schema that asks a database. */
export interface AsyncSchema<T> extends StandardSchema<T> {
  /** What consumers of the interface look for. */
  readonly "~standard": StandardProps<T, T, Promise<StandardResult<T>>>;
}

const VENDOR = "freehold";

/** @internal A schema by what is wrong with a row. */
export function schemaOf<T>(issuesOf: (row: Row) => Issue[]): Schema<T> {
  const validate = (row: unknown): Issue[] => {
    try {
      return isRow(row) ? issuesOf(row) : [noRow()];
    } catch (error) {
      return [refused(error)];
    }
  };
  const result = (value: unknown) => resultOf<T>(value, validate(value));
  return { validate, "~standard": { version: 1, vendor: VENDOR, validate: result } };
}

/** @internal The same, where what is wrong has to be waited for. */
export function asyncSchemaOf<T>(issuesOf: (row: Row) => Promise<Issue[]>): AsyncSchema<T> {
  const result = async (value: unknown) => {
    if (!isRow(value)) return resultOf<T>(value, [noRow()]);
    const issues = await issuesOf(value).catch((error: unknown) => [refused(error)]);
    return resultOf<T>(value, issues);
  };
  return { "~standard": { version: 1, vendor: VENDOR, validate: result } };
}

/** A valid row comes back as it was given: what the core fills in it fills in on the write. */
function resultOf<T>(value: unknown, issues: readonly Issue[]): StandardResult<T> {
  return issues.length === 0 ? { value: value as T } : { issues: issues.map(schemaIssue) };
}

function schemaIssue(issue: Issue): SchemaIssue {
  const { message, code, params } = issue;
  return { message, path: pathOf(issue), code, params };
}

/** `tags[2]` in its parts. A field that no table has may be named in any way. */
function pathOf({ path, code }: Issue): (string | number)[] {
  if (path === "") return [];
  return code === "unknown_field" ? [path] : partsOf(path);
}

function partsOf(path: string): (string | number)[] {
  const parts = path.split(/[.[]/);
  return parts.map((part) => (/^\d+\]$/.test(part) ? Number.parseInt(part, 10) : part));
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function noRow(): Issue {
  const expected = "an object";
  return { path: "", code: "wrong_type", message: `must be ${expected}`, params: { expected } };
}

/**
 * What JavaScript has and no column can hold (`NaN`, a function, what holds itself) is refused
 * before the core is asked; here it is one more issue, with the error's code. Other errors stay
 * errors.
 */
function refused(error: unknown): Issue {
  if (!(error instanceof FreeholdError) || error.code !== "invalid_argument") throw error;
  const [name, ...rest] = String(error.details["argument"] ?? "").split(/(?=[.[])/);
  if (name !== "row") throw error;
  const path = rest.join("").replace(/^\./, "");
  return { path, code: error.code, message: error.message, params: {} };
}
