/**
 * An open database, as a page holds it.
 *
 * @packageDocumentation
 */

import { fromWire as actorFromWire, originToWire, toWire } from "./actor.js";
import type { Actor, Origin, WireActor } from "./actor.js";
import { FreeholdError } from "./error.js";
import type { ErrorBody } from "./error.js";
import type { Link, OnProgress } from "./link.js";
import type { Model } from "./model.js";
import { Owner } from "./owner.js";
import type {
  AnyTables,
  AuditEntry,
  AuditFinding,
  AuditPage,
  AuditQuery,
  Drift,
  Finding,
  Generated,
  Initialized,
  Key,
  KeyHolder,
  MigrationStatus,
  NewMigration,
  Purged,
  Rotated,
  Row,
  Run,
  SeedReport,
  Status,
  TablesOf,
  Verified,
} from "./results.js";
import type { Call } from "./rows.js";
import { Session } from "./session.js";
import type { Connection, ConnectionState, VersionChange } from "./tabs/connection.js";

/** Where a database lives: kept by the browser, or gone with the page. */
export type Storage = "opfs" | "memory";

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

/** Somebody who signs up. */
export interface NewAccount {
  /** The row of the table of people: address, name and what the model asks for. */
  readonly user: Row;
  /** The password, if they sign in with one. */
  readonly password?: string;
  /** The row of the tenant that they found along, where people belong to one tenant each. */
  readonly tenant?: Row;
  /** Where they are. */
  readonly origin?: Origin;
}

/** @internal */
export interface Opened {
  readonly name: string;
  readonly storage: Storage;
  readonly link: Link;
  readonly connection: Connection;
  /** Opens the database once more, after its worker died. */
  readonly reopen: () => Promise<Link>;
  readonly onProgress: OnProgress | undefined;
  /** Lets other tabs know that the database is free again. */
  readonly release: () => void;
}

/**
 * An open database. Calls are answered in the order in which they were made.
 *
 * A call that was under way when the worker died rejects with `worker_failed`; whether it was
 * done must be looked up. The next call opens the database again, unless it lived in memory.
 *
 * @typeParam T - The tables' types, as `freehold generate ts` writes them.
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
  readonly #opened: Opened;
  #link: Promise<Link>;
  #closed = false;

  private constructor(opened: Opened) {
    this.name = opened.name;
    this.storage = opened.storage;
    this.#opened = opened;
    this.#link = Promise.resolve(opened.link);
    this.migrate = Migrate.of((method, params) => this.call(method, params));
  }

  /** @internal */
  static of<T extends TablesOf<T>>(opened: Opened): Database<T> {
    return new Database<T>(opened);
  }

  /**
   * Completes what is missing: applies pending migrations, and seeds a set. Each of the two is
   * atomic; doing it again changes nothing.
   */
  init(options: { seed?: string | null } = {}): Promise<Initialized> {
    return this.call("init", { seed: options.seed ?? null }) as Promise<Initialized>;
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
  reset(options: { seed?: string | null } = {}): Promise<Initialized> {
    return this.call("reset", { seed: options.seed ?? null }) as Promise<Initialized>;
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
    return Owner.of<T>((method, params) => this.call(method, params));
  }

  /**
   * An actor's handle, which reaches what the model's policies let the actor reach. The app
   * vouches for who it is; what they may do is looked up with every call.
   */
  session(actor: Actor): Session<T> {
    const as = toWire(actor);
    return Session.of<T>((method, params) => this.#callAs(method, params, as), actor);
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
  async signUp({ origin, ...account }: NewAccount): Promise<Actor> {
    const params = { ...account, origin: originToWire(origin) };
    return actorFromWire((await this.call("sign_up", params)) as WireActor);
  }

  /** Sets somebody's password, whatever it was; for apps that have proven who asks. */
  async setPassword(user: Key, password: string): Promise<void> {
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
  async export(): Promise<Uint8Array> {
    const link = await this.#reach();
    const answer = await link.ask({ kind: "export" });
    if (typeof answer !== "string") return answer;
    throw new FreeholdError((parse(answer) as { error: ErrorBody }).error);
  }

  /**
   * How this page has the database: it leads, follows another tab, waits for one to lead, or has
   * closed it.
   */
  get connection(): ConnectionState {
    return this.#opened.connection.state;
  }

  /** Calls the listener with each new state of the connection; returns what ends that. */
  onConnection(listener: (state: ConnectionState) => void): () => void {
    return this.#opened.connection.onState(listener);
  }

  /**
   * For how long the oldest call has had no answer, in milliseconds; 0 where there is none. It
   * tells a leader that is busy or stopped from a quick one.
   */
  async waitingMs(): Promise<number> {
    const { waitingSince } = await this.#link;
    return waitingSince === undefined ? 0 : Date.now() - waitingSince;
  }

  /**
   * Calls the listener when a newer version of the app, in another tab, wants this one to let go.
   * The other tab waits until this page called `close` or is gone, so save what is unsaved and do
   * so, or reload. Where nobody listens, this page lets go by itself after the calls that are under
   * way, and later ones reject with `held_by_newer_version`. Returns what ends the listening.
   */
  onVersionChange(listener: (change: VersionChange) => void): () => void {
    return this.#opened.connection.onVersionChange(listener);
  }

  /** Closes the database for this page. Closing twice does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const link = await this.#link;
    try {
      if (!link.ended) read(await link.ask({ kind: "close" }));
    } finally {
      link.end();
      this.#opened.connection.enter("closed");
      this.#opened.release();
    }
  }

  /**
   * Calls a method of the core by its name. What the other methods here do, spelled out; for
   * tools that are ahead of this package.
   */
  async call(method: string, params: object = {}): Promise<unknown> {
    return read(await this.callText(JSON.stringify({ method, params })));
  }

  async #callAs(method: string, params: object, as: WireActor): Promise<unknown> {
    return read(await this.callText(JSON.stringify({ method, as, params })));
  }

  /** A request and its answer as the core reads and writes them, JSON text. */
  async callText(request: string): Promise<string> {
    const link = await this.#reach();
    return (await link.ask({ kind: "call", text: request }, this.#opened.onProgress)) as string;
  }

  async #reach(): Promise<Link> {
    if (this.#closed) {
      throw new FreeholdError({ code: "closed", message: "the database is closed" });
    }
    const current = this.#link;
    const link = await current;
    // What lived in memory is gone: asking the ended link says so.
    if (!link.ended || this.storage === "memory") return link;
    // Of several calls that find the worker dead, one opens the database again.
    if (this.#link !== current) return this.#reach();
    const reopened = this.#opened.reopen();
    this.#link = reopened.catch(() => link);
    return reopened;
  }
}

/** Up and down through a model's versions. */
export class Migrate {
  readonly #call: Call;

  private constructor(call: Call) {
    this.#call = call;
  }

  /** @internal */
  static of(call: Call): Migrate {
    return new Migrate(call);
  }

  /**
   * Applies pending migrations, all of them or up to a version.
   *
   * Rejects with `migration_failed` (nothing is changed then), `migration_diverged`,
   * `migration_missing`, `schema_drift`, `newer_database`, `backup_failed`.
   */
  up(options: { to?: string } = {}): Promise<Run> {
    return this.#call("migrate_up", { to: options.to ?? null }) as Promise<Run>;
  }

  /** Undoes migrations down to a version; `"0"` undoes all. Rejects as `up` does. */
  down(options: { to: string }): Promise<Run> {
    return this.#call("migrate_down", { to: options.to }) as Promise<Run>;
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

/** @internal */
export function read(answer: unknown): unknown {
  const response = parse(answer as string);
  if ("error" in response) throw new FreeholdError(response.error);
  return response.ok;
}

function parse(text: string): { ok: unknown } | { error: ErrorBody } {
  return JSON.parse(text) as { ok: unknown } | { error: ErrorBody };
}
