/**
 * An open database, as a page holds it.
 *
 * @packageDocumentation
 */

import type { FoundedAlong, PartGiven, PartKey } from "./account.js";
import { fromWire as actorFromWire, originToWire, toWire } from "./actor.js";
import type { Actor, Origin, WireActor } from "./actor.js";
import { Channel } from "./channel.js";
import type { Opened, RunOptions, Storage } from "./channel.js";
import { backupFile, bytesIn, rememberUse } from "./files.js";
import type { Model } from "./model.js";
import { Owner } from "./owner.js";
import type {
  AuditEntry,
  AuditFinding,
  AuditPage,
  AuditQuery,
  Drift,
  Finding,
  Generated,
  Initialized,
  KeyHolder,
  MigrationStatus,
  NewMigration,
  Purged,
  Rotated,
  Run,
  SeedReport,
  Status,
  Verified,
} from "./results.js";
import type { Subscribe } from "./live.js";
import type { Call } from "./rows.js";
import { Session } from "./session.js";
import type { AnyTables, CallOptions, TablesOf } from "./tables.js";
import type { Connection } from "./tabs/connection.js";

/** With what somebody signs in. */
export interface Credentials {
  /** Their e-mail address. */
  readonly email: string;
  /** Their password. */
  readonly password: string;
  /** The tenant to work in: its id or slug. */
  readonly tenant?: string;
  /** Where they are. */
  readonly origin?: Origin;
}

/** What to seed along. */
export interface SeedOptions extends RunOptions {
  /** The name of a seed set. */
  readonly seed?: string | null;
}

/**
 * Somebody who signs up.
 *
 * @typeParam T - The tables' types.
 */
export interface NewAccount<T extends TablesOf<T> = AnyTables> {
  /** The row of the table of people: address, name and what the model asks for. */
  readonly user: PartGiven<T, "user">;
  /** The password, if they sign in with one. */
  readonly password?: string;
  /** The row of the tenant that they found along, where people belong to one tenant each. */
  readonly tenant?: FoundedAlong<T>;
  /** Where they are. */
  readonly origin?: Origin;
}

/**
 * An open database. Calls are answered in the order in which they were made.
 *
 * A stored database outlives workers and tabs: a call that is under way when the one dies that
 * serves it is answered by the next, done once. Where its answer is lost it rejects with
 * `answer_lost` (it was done), where it broke the core itself with `worker_failed` (it was not
 * done, or its message says that this must be looked up). What lives in memory ends with its
 * worker.
 *
 * @typeParam T - The tables' types.
 *
 * @example
 * ```ts
 * import { open } from "@freehold/web";
 *
 * const db = await open({ name: "app", model: "carcosa", storage: "memory" });
 * const { migrated } = await db.init({ seed: "development" });
 * console.log(migrated.migrations);
 * await db.close();
 * ```
 */
export class Database<T extends TablesOf<T> = AnyTables> {
  /** The database's name. */
  readonly name: string;
  /** Where it lives. */
  readonly storage: Storage;
  /** Up and down through the model's versions. Each run is atomic. */
  readonly migrate: Migrate;
  readonly #channel: Channel;

  private constructor(opened: Opened) {
    this.name = opened.name;
    this.storage = opened.storage;
    this.#channel = new Channel(opened);
    this.migrate = Migrate.of((...call) => this.call(...call));
  }

  /** @internal */
  static of<T extends TablesOf<T>>(opened: Opened): Database<T> {
    return new Database<T>(opened);
  }

  /**
   * Completes what is missing: applies pending migrations, and seeds a set. Each of the two is
   * atomic; doing it again changes nothing.
   */
  async init(options: SeedOptions = {}): Promise<Initialized> {
    const { seed, ...run } = options;
    const done = (await this.call("init", { seed: seed ?? null }, run)) as Initialized;
    if (this.storage === "opfs") await rememberUse(this.name);
    return done;
  }

  /** Where the database stands in its history. */
  async status(): Promise<Status> {
    const status = (await this.call("status")) as Status & { migrations: WireStatus[] };
    return { ...status, migrations: status.migrations.map(fromWire) };
  }

  /** How the live schema differs from the expected one. */
  async drift(): Promise<Drift> {
    const { mend_sql: mendSql, ...drift } = (await this.call("drift")) as WireDrift;
    return { ...drift, mendSql };
  }

  /** Whether the migrations lead to the model and back, tried in a database of its own. */
  verify(): Promise<Verified> {
    return this.call("verify") as Promise<Verified>;
  }

  /** Makes the live schema equal to the model without a migration; for development only. */
  push(options: { allowDataLoss?: boolean } = {}): Promise<NewMigration> {
    const params = { allow_data_loss: options.allowDataLoss ?? false };
    return this.call("push", params) as Promise<NewMigration>;
  }

  /** Seeds a set. Doing it again changes nothing; edits of seeded rows stay. */
  seed(set: string): Promise<SeedReport> {
    return this.call("seed", { set }) as Promise<SeedReport>;
  }

  /** The names of the model's seed sets. */
  seeds(): Promise<string[]> {
    return this.call("seeds") as Promise<string[]>;
  }

  /** Removes everything and begins anew: all tables, then migrations and a seed set. */
  reset(options: SeedOptions = {}): Promise<Initialized> {
    const { seed, ...run } = options;
    return this.call("reset", { seed: seed ?? null }, run) as Promise<Initialized>;
  }

  /** All that is wrong with the data, row by row, and with the schema. */
  inspect(): Promise<Finding[]> {
    return this.call("inspect") as Promise<Finding[]>;
  }

  /** The model, written out: templates and links expanded. */
  model(): Promise<Model> {
    return this.call("model") as Promise<Model>;
  }

  /** TypeScript types, a JSON Schema, or a diagram (Mermaid) of the model. */
  generate(what: Generated): Promise<unknown> {
    return this.call("generate", { what });
  }

  /** The unrestricted handle. Rejects, call by call, with `not_initialized` before `init`. */
  owner(): Owner<T> {
    return Owner.of<T>({
      call: (...call) => this.call(...call),
      subscribe: (request, hear) => this.#channel.subscribe(request, undefined, hear),
    });
  }

  /**
   * An actor's handle, which reaches what the model's policies let the actor reach. The app
   * vouches for who it is; what they may do is looked up with every call.
   */
  session(actor: Actor): Session<T> {
    const as = toWire(actor);
    const call: Call = (method, params, options) =>
      this.#channel.call(method, params, as, options);
    const subscribe: Subscribe = (request, hear) => this.#channel.subscribe(request, as, hear);
    return Session.of<T>({ call, subscribe }, actor);
  }

  /**
   * The actor with this address and password. Whatever is wrong, it rejects with
   * `bad_credentials`, after the same time.
   */
  async authenticate({ origin, ...credentials }: Credentials): Promise<Actor> {
    const params = { ...credentials, origin: originToWire(origin) };
    return actorFromWire((await this.call("authenticate", params)) as WireActor);
  }

  /** The actor with this API key. Rejects with `bad_credentials`, `rate_limited`. */
  async authenticateKey(key: string, origin?: Origin): Promise<Actor> {
    const params = { key, origin: originToWire(origin) };
    return actorFromWire((await this.call("authenticate_key", params)) as WireActor);
  }

  /**
   * Makes an account, and a tenant along with it where people belong to one each; the actor. That
   * the address is theirs is for the app to prove. Rejects with `unavailable`, `invalid`.
   */
  async signUp({ origin, ...account }: NewAccount<T>): Promise<Actor> {
    const params = { ...account, origin: originToWire(origin) };
    return actorFromWire((await this.call("sign_up", params)) as WireActor);
  }

  /** Sets somebody's password, whatever it was; for apps that have proven who asks. */
  async setPassword(user: PartKey<T, "user", "owner">, password: string): Promise<void> {
    await this.call("set_password", { key: user, password });
  }

  /**
   * Entries of the audit trail, newest first, of all tenants: for whoever holds the database.
   * People read theirs in the model's own audit table, as its policy lets them.
   */
  async audit({ resourceId, ...query }: AuditQuery = {}): Promise<AuditPage> {
    const params = { ...query, resource_id: resourceId };
    const page = (await this.call("audit", params)) as { entries: WireEntry[]; next?: number };
    return { ...page, entries: page.entries.map(entryFromWire) };
  }

  /** Whether the audit trail is whole: what is wrong with it, nothing where it is. */
  verifyAudit(): Promise<AuditFinding[]> {
    return this.call("audit_verify") as Promise<AuditFinding[]>;
  }

  /** All that `inspect` finds, and what stands between people and what is not theirs. */
  doctor(): Promise<Finding[]> {
    return this.call("doctor") as Promise<Finding[]>;
  }

  /** Removes for good what was softly deleted before a time, in all tenants; how much. */
  purge(before: Date): Promise<Purged[]> {
    return this.call("purge", { before_ms: before.getTime() }) as Promise<Purged[]>;
  }

  /** Seals encrypted values under new data keys: everybody's, or one holder's. */
  rotateKeys(holder?: KeyHolder): Promise<Rotated> {
    return this.call("rotate_keys", { holder: holder ?? null }) as Promise<Rotated>;
  }

  /** Destroys a holder's data keys: nobody can read their encrypted values any more. */
  async shred(holder: KeyHolder): Promise<void> {
    await this.call("shred", { holder });
  }

  /** The whole database as the bytes of a SQLite file. */
  export(options?: CallOptions): Promise<Uint8Array> {
    return this.#channel.transfer({ kind: "export" }, options);
  }

  /** The whole database as a file to download: a SQLite file, named with the time. */
  async backup(options?: CallOptions): Promise<File> {
    return backupFile(this.name, await this.export(options));
  }

  /**
   * Puts a backup in the place of everything that is here. The file is proven first: that it is
   * whole, and of this model in no newer version. Until then, and when anything fails, all stays as
   * it is. The restored database counts as a replica of its own; of an older version it is brought
   * up by `init`.
   *
   * Rejects with `not_a_database`, `corrupt`, `other_model`, `not_initialized` (a file without a
   * model), `newer_database`, `storage_full`.
   */
  async restore(file: Blob | Uint8Array | ArrayBuffer, options?: CallOptions): Promise<void> {
    await this.#channel.transfer({ kind: "restore", bytes: await bytesIn(file) }, options);
    if (this.storage === "opfs") await rememberUse(this.name);
  }

  /** How this page has the database: whether it leads or follows another tab, and who waits. */
  get connection(): Connection {
    return this.#channel.connection;
  }

  /** Closes the database for this page, when what was asked before is answered. */
  close(): Promise<void> {
    return this.#channel.close();
  }

  /**
   * Calls a method of the core by its name. What the other methods here do, spelled out; for
   * tools that are ahead of this package.
   */
  call(method: string, params: object = {}, options?: RunOptions): Promise<unknown> {
    return this.#channel.call(method, params, undefined, options);
  }

  /** A request and its answer as the core reads and writes them, JSON text. */
  callText(request: string): Promise<string> {
    return this.#channel.callText(request);
  }
}

type RunCall = (method: string, params: object, options: RunOptions) => Promise<unknown>;

/** Up and down through a model's versions. */
export class Migrate {
  readonly #call: RunCall;

  private constructor(call: RunCall) {
    this.#call = call;
  }

  /** @internal */
  static of(call: RunCall): Migrate {
    return new Migrate(call);
  }

  /**
   * Applies pending migrations, all of them or up to a version.
   *
   * Rejects with `migration_failed` (nothing is changed then), `migration_diverged`,
   * `migration_missing`, `schema_drift`, `newer_database`, `backup_failed`.
   */
  up({ to, ...options }: RunOptions & { to?: string } = {}): Promise<Run> {
    return this.#call("migrate_up", { to: to ?? null }, options) as Promise<Run>;
  }

  /** Undoes migrations down to a version; `"0"` undoes all. Rejects as `up` does. */
  down({ to, ...options }: RunOptions & { to: string }): Promise<Run> {
    return this.#call("migrate_down", { to }, options) as Promise<Run>;
  }
}

type WireDrift = Omit<Drift, "mendSql"> & { mend_sql: string };
type WireStatus = MigrationStatus & { applied_on?: string };

function fromWire({ applied_on: appliedOn, ...status }: WireStatus): MigrationStatus {
  return appliedOn === undefined ? status : { ...status, appliedOn };
}

type CamelCased = "apiKey" | "ipAddress" | "userAgent" | "resourceType" | "resourceId";

interface WireEntry extends Omit<AuditEntry, CamelCased> {
  readonly api_key?: string;
  readonly ip_address?: string;
  readonly user_agent?: string;
  readonly resource_type: string;
  readonly resource_id: string;
}

function entryFromWire(wire: WireEntry): AuditEntry {
  const { api_key, ip_address, user_agent, resource_type, resource_id, ...entry } = wire;
  return {
    ...entry,
    ...(api_key === undefined ? {} : { apiKey: api_key }),
    ...(ip_address === undefined ? {} : { ipAddress: ip_address }),
    ...(user_agent === undefined ? {} : { userAgent: user_agent }),
    resourceType: resource_type,
    resourceId: resource_id,
  };
}
