/**
 * What can go wrong: one error class, told apart by its code.
 *
 * @packageDocumentation
 */

/** Every code that an error of this package may carry: the core's, then the browser's own. */
export const ERROR_CODES = [
  "unknown_model",
  "invalid_model",
  "unknown_table",
  "invalid",
  "not_found",
  "denied",
  "bad_credentials",
  "rate_limited",
  "unavailable",
  "session_ended",
  "invalid_argument",
  "sql",
  "invalid_migration",
  "migration_failed",
  "migration_diverged",
  "migration_missing",
  "not_reversible",
  "schema_drift",
  "data_loss",
  "newer_database",
  "other_model",
  "not_initialized",
  "backup_failed",
  "invalid_seed",
  "encryption_unavailable",
  "wrong_key",
  "ciphertext_invalid",
  "not_a_database",
  "corrupt",
  "locked",
  "read_only",
  "storage_full",
  "io",
  "too_large",
  "interrupted",
  "answer_lost",
  "no_opfs",
  "held_by_another_tab",
  "held_by_older_version",
  "held_by_newer_version",
  "storage_cleared",
  "worker_failed",
  "closed",
  "aborted",
] as const;

/** The code of an error. A later core may send one that this list lacks. */
export type ErrorCode = (typeof ERROR_CODES)[number] | (string & {});

/** One thing wrong with a row. */
export interface Issue<P extends string = string> {
  /** The column, or a path into a JSON or array value: `tags[2]`. Empty for the row as a whole. */
  readonly path: P;
  /** A stable code: `required`, `unknown_field`, `too_short`, … */
  readonly code: string;
  /** What is wrong, for people. */
  readonly message: string;
  /** The rule's numbers and names, for messages in other languages. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** One thing wrong with a model, with its place. */
export interface Problem {
  /** Where in the structure: `tables.buckets.columns.provider`. */
  readonly path: string;
  /** The line in the text, counted from 1, where known. */
  readonly line?: number;
  /** The column in the line, counted from 1. */
  readonly column?: number;
  /** A stable code: `unknown_type`, `dangling_reference`, … */
  readonly code: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

/** An error as it crosses the worker's boundary. */
export interface ErrorBody {
  /** The stable code. */
  readonly code: string;
  /** What happened, for people. */
  readonly message: string;
  /** The error's own fields. */
  readonly [field: string]: unknown;
}

/**
 * What every call of this package rejects with.
 *
 * @example
 * ```ts
 * import { FreeholdError, open } from "@freehold/web";
 *
 * const db = await open({ name: "app", model: "workflow", storage: "memory" });
 * await db.init();
 * try {
 *   await db.owner().insert("tenants", { name: "", slug: "Not one" });
 * } catch (error) {
 *   if (!(error instanceof FreeholdError) || error.code !== "invalid") throw error;
 *   for (const issue of error.issues) console.log(issue.path, issue.code);
 * }
 * ```
 */
export class FreeholdError extends Error {
  override readonly name = "FreeholdError";
  /** The stable code: what a program decides by. */
  readonly code: ErrorCode;
  /** The error's own fields: `table`, `migration`, `line`, `argument`, … */
  readonly details: Readonly<Record<string, unknown>>;

  /** Makes an error of a body. */
  constructor(body: ErrorBody) {
    super(body.message);
    const { code, message: _, ...details } = body;
    this.code = code;
    this.details = details;
  }

  /** @internal The error as it crosses the worker's boundary. */
  get body(): ErrorBody {
    return { ...this.details, code: this.code, message: this.message };
  }

  /** All that is wrong with the row; empty unless the code is `invalid`. */
  get issues(): readonly Issue[] {
    return (this.details["issues"] as readonly Issue[] | undefined) ?? [];
  }

  /** All that is wrong with the model; empty unless the code is `invalid_model`. */
  get problems(): readonly Problem[] {
    return (this.details["problems"] as readonly Problem[] | undefined) ?? [];
  }

  /** How the schema differs; empty unless the code is `schema_drift`. */
  get differences(): readonly string[] {
    return (this.details["differences"] as readonly string[] | undefined) ?? [];
  }

  /** What would be lost; empty unless the code is `data_loss`. */
  get losses(): readonly string[] {
    return (this.details["losses"] as readonly string[] | undefined) ?? [];
  }
}
