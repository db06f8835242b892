/**
 * Freehold in the browser: a typed API over the core, which runs in a worker of its own.
 *
 * @packageDocumentation
 */

export type { Actor, Origin, Principal } from "./actor.js";
export { whenFree } from "./claim.js";
export { Database, Migrate } from "./database.js";
export type { Credentials, NewAccount, Storage } from "./database.js";
export { ERROR_CODES, FreeholdError } from "./error.js";
export type { ErrorBody, ErrorCode, Issue, Problem } from "./error.js";
export { defineModel } from "./model.js";
export type * from "./model.js";
export { checkModel, generate, models, newMigration, open } from "./open.js";
export type { BundleFiles, OpenOptions } from "./open.js";
export { Owner } from "./owner.js";
export type * from "./results.js";
export { Rows } from "./rows.js";
export { Session } from "./session.js";
export { databases, keepStorage, removeDatabase, storageHealth } from "./storage.js";
export type { StorageHealth } from "./storage.js";
export type { ConnectionState, VersionChange } from "./tabs/connection.js";

/** The version of this package. */
export const version = "0.1.0";
