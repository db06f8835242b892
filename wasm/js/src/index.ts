/**
 * Freehold in the browser: a typed API over the core, which runs in a worker of its own.
 *
 * @packageDocumentation
 */

export type * from "./account.js";
export type { Actor, Origin, Principal } from "./actor.js";
export type { RunOptions, Storage } from "./channel.js";
export { whenFree } from "./claim.js";
export { Database, Migrate } from "./database.js";
export type { Credentials, NewAccount, SeedOptions } from "./database.js";
export type { CallEvent, OnCall } from "./debug.js";
export { ERROR_CODES, FreeholdError } from "./error.js";
export type { ErrorBody, ErrorCode, Issue, Problem } from "./error.js";
export { backupsOf, exportFile, exportLog } from "./files.js";
export { newId } from "./id.js";
export type * from "./infer.js";
export type { Builtin } from "./models.js";
export { defineModel } from "./model.js";
export type * from "./model.js";
export { checkModel, generate, models, newMigration, open } from "./open.js";
export type { BundleFiles, OpenOptions } from "./open.js";
export { Owner } from "./owner.js";
export type { Request, RowRequest } from "./requests.js";
export type * from "./results.js";
export { restoreDatabase } from "./restore.js";
export type { LiveAnswer, LiveChanges, LiveQuery, TableQuery } from "./live.js";
export { Rows } from "./rows.js";
export { Session } from "./session.js";
export type * from "./standard-schema.js";
export { sql } from "./statement.js";
export type { SqlAnswer, SqlResult, Statement } from "./statement.js";
export { databases, keepStorage, removeDatabase, storageHealth } from "./storage.js";
export type { KeptStorage, NoStorage, StorageHealth } from "./storage.js";
export type * from "./tables.js";
export { Connection } from "./tabs/connection.js";
export type { ConnectionState, VersionChange } from "./tabs/connection.js";
export type { Answers, Transaction } from "./transaction.js";
export { bytesOf } from "./values.js";

/** The version of this package. */
export const version = "0.1.0";
