/**
 * What calls take and answer with.
 *
 * @packageDocumentation
 */

import type { Row } from "./tables.js";

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
  /**
   * A stable code: `orphan`, `rule`, `ciphertext`, `drift`, `damage`, `migration`; of the doctor
   * also `policy`, `tenant_key`, `audit`.
   */
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

/** One version of a row. */
export interface Version<R = Row> {
  /** Its number, counted per row. */
  readonly number: number;
  /** When it was made: RFC 3339, UTC. */
  readonly at: string;
  /** The id of who made it, where it was a person and is known. */
  readonly user?: string;
  /** The columns that are kept of it. */
  readonly row: Partial<R>;
}

/** A column that differs between two versions. */
export interface Difference<C extends string = string> {
  /** The column. */
  readonly column: C;
  /** Its value in the one version. */
  readonly before: unknown;
  /** Its value in the other one. */
  readonly after: unknown;
}

/** How many rows of a table were removed for good. */
export interface Purged {
  /** The table. */
  readonly table: string;
  /** The rows; those that went along by references are not counted. */
  readonly rows: number;
}

/** An invitation that was just made. */
export interface Invited<R = Row> {
  /** Its row. */
  readonly row: R;
  /** What the invited person shows to accept it. */
  readonly token: string;
}

/** An API key that was just made. */
export interface CreatedApiKey<R = Row> {
  /** Its row. */
  readonly row: R;
  /** The whole key; nobody can get it again. */
  readonly key: string;
}

/** One entry of the audit trail. */
export interface AuditEntry {
  /** The entry's id. */
  readonly id: string;
  /** When: RFC 3339, UTC. */
  readonly at: string;
  /** The tenant whose row it is, if it is a tenant's. */
  readonly tenant?: string;
  /** The person who acted, if it was one. */
  readonly user?: string;
  /** The API key with which a program acted, if it was one. Neither: the system. */
  readonly apiKey?: string;
  /** Where from, if the app said so. */
  readonly ipAddress?: string;
  /** What with, if the app said so. */
  readonly userAgent?: string;
  /** What was done with the row. */
  readonly action: "create" | "update" | "delete" | "restore";
  /** The table. */
  readonly table: string;
  /** What a row of the table is called. */
  readonly resourceType: string;
  /** The row's primary key without the tenant key; the parts joined by `/`. */
  readonly resourceId: string;
  /** `before` and `after` of what changed. */
  readonly changes: Readonly<Record<string, unknown>>;
  /** The chain that the entry's record belongs to. */
  readonly scope: string;
  /** The number of the record in its chain. */
  readonly number: number;
}

/** Which entries of the audit trail, newest first. */
export interface AuditQuery {
  /** Those of this tenant's rows: its id. */
  readonly tenant?: string;
  /** Those of this table's rows. */
  readonly table?: string;
  /** Those of the row with this id. */
  readonly resourceId?: string;
  /** The `next` of the page before. */
  readonly before?: number;
  /** 1 to 1000 entries; 100 unless given. */
  readonly limit?: number;
}

/** Some entries of the audit trail. */
export interface AuditPage {
  /** The entries, newest first. */
  readonly entries: readonly AuditEntry[];
  /** Pass it as `before` to get the next page; missing on the last one. */
  readonly next?: number;
}

/** Something wrong with the audit trail. */
export interface AuditFinding {
  /** A stable code: `chain_cut`, `chain_edited`, `chain_reordered`, `entry_missing`, … */
  readonly code: string;
  /** The chain, where one is meant. */
  readonly scope?: string;
  /** The number of the record in its chain, where one is meant. */
  readonly number?: number;
  /** The id of the entry, where one is meant. */
  readonly entry?: string;
  /** What is wrong. */
  readonly message: string;
}

/** Whose values a data key seals: a tenant's, a user's, or nobody's. */
export type KeyHolder = { readonly tenant: string } | { readonly user: string } | "public";

/** What a rotation of keys did. */
export interface Rotated {
  /** The new data keys. */
  readonly keys: number;
  /** The values that were sealed anew. */
  readonly values: number;
  /** The versions whose values were sealed anew. */
  readonly versions: number;
}

/** What can be generated from a model. */
export type Generated = "ts" | "json-schema" | "diagram";
