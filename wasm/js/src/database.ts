/**
 * An open database, as a page holds it.
 *
 * @packageDocumentation
 */

import { FreeholdError } from "./error.js";
import type { ErrorBody } from "./error.js";
import type { Link, OnProgress } from "./link.js";
import type { Model } from "./model.js";
import { Owner } from "./owner.js";
import type { Call } from "./owner.js";
import type {
  AnyTables,
  Drift,
  Finding,
  Generated,
  Initialized,
  MigrationStatus,
  NewMigration,
  Run,
  SeedReport,
  Status,
  TablesOf,
  Verified,
} from "./results.js";

/** Where a database lives: kept by the browser, or gone with the page. */
export type Storage = "opfs" | "memory";

/** @internal */
export interface Opened {
  readonly name: string;
  readonly storage: Storage;
  readonly link: Link;
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

  /** The whole database as the bytes of a SQLite file. */
  async export(): Promise<Uint8Array> {
    const link = await this.#reach();
    const answer = await link.ask({ kind: "export" });
    if (typeof answer !== "string") return answer;
    throw new FreeholdError((parse(answer) as { error: ErrorBody }).error);
  }

  /** Closes the database; another tab may open it then. Closing twice does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const link = await this.#link;
    try {
      if (!link.ended) read(await link.ask({ kind: "close" }));
    } finally {
      link.end();
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

/** @internal */
export function read(answer: unknown): unknown {
  const response = parse(answer as string);
  if ("error" in response) throw new FreeholdError(response.error);
  return response.ok;
}

function parse(text: string): { ok: unknown } | { error: ErrorBody } {
  return JSON.parse(text) as { ok: unknown } | { error: ErrorBody };
}
