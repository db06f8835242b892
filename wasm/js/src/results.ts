/**
 * What calls take and answer with.
 *
 * @packageDocumentation
 */

/** A row: column names to JSON values. */
export type Row = Record<string, unknown>;

/** The types of one table, as `freehold generate ts` writes them. */
export interface TableTypes {
  /** A row as it is read. */
  row: object;
  /** A row as it is inserted. */
  insert: object;
  /** A change of a row. */
  update: object;
}

/** Holds for every interface whose members are types of tables. */
export type TablesOf<T> = { [N in keyof T]: TableTypes };

/** The tables of a model that nobody generated types for. */
export type AnyTables = Record<string, { row: Row; insert: Row; update: Row }>;

/** A row's key: an object of the primary key's columns, or the one column's value. */
export type Key = string | number | Row;

/** A model in a list of models. */
export interface ModelSummary {
  /** The model's name. */
  readonly name: string;
  /** The name for people. */
  readonly title: string;
  /** One sentence for people. */
  readonly description: string;
  /** How many tables it has. */
  readonly tables: number;
  /** How many migrations lead to it. */
  readonly migrations: number;
  /** Its seed sets. */
  readonly seeds: readonly string[];
}

/** One migration about to run. */
export interface Progress {
  /** The migration: `V20250729144819__init`. */
  readonly migration: string;
  /** How many are done. */
  readonly done: number;
  /** How many there are in this run. */
  readonly total: number;
}

/** Where a database stands in its history. Versions are texts: some don't fit a number. */
export interface Status {
  /** The newest applied version; `"0"` where nothing is applied. */
  readonly current: string;
  /** The newest version that the model has. */
  readonly latest: string;
  /** Every migration that the database or the model knows, oldest first. */
  readonly migrations: readonly MigrationStatus[];
  /** Whether the database was written by a newer build. */
  readonly newer: boolean;
  /** Whether the schema was pushed past its migrations. */
  readonly pushed: boolean;
}

/** One migration's standing. */
export interface MigrationStatus {
  /** The version. */
  readonly version: string;
  /** The name. */
  readonly name: string;
  /** Its standing. */
  readonly state: "applied" | "pending" | "missing" | "diverged" | "skipped";
  /** When it was applied: RFC 3339, UTC. */
  readonly appliedOn?: string;
  /** Whether there is a way back. */
  readonly reversible: boolean;
}

/** What a run of migrations did. */
export interface Run {
  /** The version before. */
  readonly from: string;
  /** The version after. */
  readonly to: string;
  /** The migrations that ran, in the order they ran. */
  readonly migrations: readonly string[];
  /** Whether a pushed schema was taken as it is instead of running them. */
  readonly adopted: boolean;
  /** The backup that was made before. */
  readonly backup?: string;
}

/** What seeding did. */
export interface SeedReport {
  /** How many rows were inserted. */
  readonly inserted: number;
  /** How many were there already, and left as they are. */
  readonly kept: number;
}

/** What `init` and `reset` did. */
export interface Initialized {
  /** The migrations that ran. */
  readonly migrated: Run;
  /** What was seeded, if anything was asked for. */
  readonly seeded?: SeedReport;
}

/** How the live schema differs from the expected one. */
export interface Drift {
  /** The version whose schema is expected. */
  readonly version: string;
  /** The differences, one line each; none where there is no drift. */
  readonly differences: readonly string[];
  /** The SQL that leads from the live schema to the expected one. */
  readonly mendSql: string;
  /** What that SQL would lose. */
  readonly losses: readonly string[];
}

/** What trying all migrations showed. */
export interface Verified {
  /** How many were run up, down and up again. */
  readonly migrations: number;
  /** What is wrong, one line each; nothing where all is sound. */
  readonly findings: readonly string[];
}

/** A migration that leads to a model, and back. */
export interface NewMigration {
  /** Both scripts' file name. */
  readonly file: string;
  /** The up script. */
  readonly up: string;
  /** The down script. */
  readonly down: string;
  /** The differences that it covers, one line each; none where history and model agree. */
  readonly differences: readonly string[];
  /** What the up script would lose. */
  readonly losses: readonly string[];
}

/** One thing that is wrong with a database. */
export interface Finding {
  /** A stable code: `orphan`, `rule`, `drift`, `damage`, `migration`. */
  readonly code: string;
  /** The table, where one is meant. */
  readonly table?: string;
  /** The row's primary key as JSON, where one is meant. */
  readonly key?: string;
  /** The column or path, where one is meant. */
  readonly path?: string;
  /** What is wrong. */
  readonly message: string;
}

/**
 * Which rows: `{ column: value }` or `{ column: { operator: value } }`, all of which must hold.
 *
 * Operators: `eq`, `ne`, `lt`, `lte`, `gt`, `gte`, `in`, `not_in`, `is_null`, `contains`,
 * `starts_with`. Conditions combine with `and`, `or` (arrays) and `not` (one).
 */
export type Filter = Readonly<Record<string, unknown>>;

/** What `list` returns, and in which order. */
export interface ListOptions {
  /** Which rows; all unless given. */
  filter?: Filter;
  /** Columns to sort by: `"name"`, `"created_at desc"`. The primary key is added at the end. */
  order?: readonly string[];
  /** 1 to 1000 rows; 50 unless given. */
  limit?: number;
  /** The `next` of the page before, with the same order. */
  after?: string;
  /** Whether rows that are softly deleted are listed too. */
  includeDeleted?: boolean;
  /** The columns of the rows; all but secret ones unless given. */
  columns?: readonly string[];
}

/** Some rows, and where the next ones start. */
export interface Page<R = Row> {
  /** The rows. */
  readonly rows: R[];
  /** Pass it as `after` to get the next page; `null` on the last one. */
  readonly next: string | null;
}

/** The answer to a SQL statement. */
export interface SqlResult {
  /** The columns' names, in order; several may be equal. */
  readonly columns: readonly string[];
  /** The rows, a value for each column. */
  readonly rows: readonly (readonly unknown[])[];
  /** The rows that the statement inserted, changed or deleted; 0 for a reading one. */
  readonly changes: number;
}

/** What can be generated from a model. */
export type Generated = "ts" | "json-schema" | "diagram";
