/** The open database of the page: what is asked of it in more than one place. */

import { FreeholdError, open, restoreDatabase } from "@freehold/web";
import type {
  Actor,
  Database,
  Model,
  Progress,
  Row,
  Rows,
  Status,
  Storage,
} from "@freehold/web";

import { viewModel } from "./model/schema";
import type { ModelView, TableView } from "./model/schema";
import { ownModel } from "./model/own-models";
import { peopleOf } from "./model/people";
import type { Person } from "./model/people";
import { keyOf } from "./model/rows";

/** An open database with its model. */
export class Workspace {
  /** The counts of rows by table; those that are not known yet are missing. */
  readonly counts = new Map<string, number>();
  /** On whose behalf the page reads and writes; the owner's where nobody is chosen. */
  actor: Actor | undefined;
  /** The tenant that a new row likely belongs to: the one used last, or the only one. */
  likelyTenant: unknown;
  readonly #listeners = new Set<() => void>();
  /** Ends the counting of each table. */
  #counting: (() => void)[] = [];
  readonly #progress: Set<(progress: Progress) => void>;
  readonly #written: Model;

  private constructor(
    readonly db: Database,
    readonly model: ModelView,
    public status: Status,
    readonly seeds: readonly string[],
    progress: Set<(progress: Progress) => void>,
    written: Model,
  ) {
    this.#progress = progress;
    this.#written = written;
  }

  /**
   * Opens a database of a built-in model or of one that was given to this page before. `onHeld` is
   * called where that has to wait for tabs with an older version of this page.
   */
  static async open(name: string, storage: Storage, onHeld: () => void): Promise<Workspace> {
    const progress = new Set<(progress: Progress) => void>();
    const onProgress = (step: Progress) => progress.forEach((listener) => listener(step));
    const db = await open({ ...optionsOf(name), storage, onProgress, onHeld });
    const [model, status, seeds] = await Promise.all([db.model(), db.status(), db.seeds()]);
    return new Workspace(db, viewModel(model), status, inOrder(seeds), progress, model);
  }

  /** Puts a backup in the place of a database that is not open. */
  static restore(name: string, backup: File): Promise<void> {
    return restoreDatabase(backup, optionsOf(name));
  }

  /** The handle that everything shown is read and written with. */
  get rows(): Rows {
    return this.actor ? this.db.session(this.actor) : this.db.owner();
  }

  /** Whom the page can act as. */
  people(): Promise<Person[]> {
    return this.isReady ? peopleOf(this.#written, this.db.owner()) : Promise.resolve([]);
  }

  get name(): string {
    return this.db.name;
  }

  get storage(): Storage {
    return this.db.storage;
  }

  /** Whether the tables that the model names are there. */
  get isReady(): boolean {
    return this.status.current === this.status.latest && !this.isEmpty;
  }

  /** Whether nothing was ever applied. */
  get isEmpty(): boolean {
    return this.status.current === "0";
  }

  /** Calls a function while migrations run. */
  async withProgress<R>(listener: (step: Progress) => void, work: () => Promise<R>): Promise<R> {
    this.#progress.add(listener);
    try {
      return await work();
    } finally {
      this.#progress.delete(listener);
    }
  }

  /** Calls a function whenever counts or the status have changed, until `signal` says stop. */
  onChange(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener));
  }

  /** Reads the status anew, and counts on somebody else's behalf: after runs, and a choice. */
  async refresh(): Promise<void> {
    this.status = await this.db.status();
    this.#stopCounting();
    if (this.isReady) {
      const counts = this.model.tables.map((table) => this.#count(table));
      await Promise.all([...counts, this.#findLikelyTenant()]);
    }
    this.#changed();
  }

  /** Counts a table's rows, now and whenever they have changed, in whichever tab. */
  #count({ name, softDelete }: TableView): Promise<void> {
    const kept = softDelete ? " WHERE deleted_at IS NULL" : "";
    const query = sqlOf(`SELECT count(*) AS rows FROM "${name}"${kept}`);
    return new Promise((counted, failed) => {
      const live = this.rows.live<{ rows: number }>(query, ({ rows, error }) => {
        // What shows the table's rows says why they can't be had.
        if (error) return failed(error);
        this.counts.set(name, rows[0]?.rows ?? 0);
        counted();
        this.#changed();
      });
      this.#counting.push(() => {
        live.close();
        // Nobody waits for what was never counted.
        counted();
      });
    });
  }

  #stopCounting(): void {
    for (const end of this.#counting) end();
    this.#counting = [];
    this.counts.clear();
  }

  #changed(): void {
    this.#listeners.forEach((listener) => listener());
  }

  async #findLikelyTenant(): Promise<void> {
    const { tenants } = this.model;
    if (!tenants || this.likelyTenant !== undefined) return;
    const { rows } = await this.db.owner().list(tenants.name, { limit: 2 });
    if (rows.length === 1) this.likelyTenant = rows[0]?.[tenants.tenantKey ?? ""];
  }

  /** The labels of the rows that a column's values refer to, by those values. */
  async labels(table: string, column: string, values: readonly unknown[]): Promise<LabelMap> {
    const query = this.#labelQuery(table, column, values);
    return query ? query.read((await this.rows.list(table, query.options)).rows) : new Map();
  }

  /**
   * The same now and whenever one of them has changed, in whichever tab, until the function that it
   * answers with is called.
   */
  liveLabels(
    table: string,
    column: string,
    values: readonly unknown[],
    listen: (labels: LabelMap, error?: FreeholdError) => void,
  ): () => void {
    const query = this.#labelQuery(table, column, values);
    if (!query) {
      listen(new Map());
      return () => {};
    }
    const live = this.rows.live({ table, ...query.options }, ({ rows, error }) =>
      listen(query.read(rows), error),
    );
    return () => live.close();
  }

  /** How labels are asked for, and read; undefined where there are none. */
  #labelQuery(table: string, column: string, values: readonly unknown[]) {
    const wanted = values.filter((value) => value !== null && value !== undefined);
    const label = this.model.table(table)?.label;
    if (!label || wanted.length === 0) return undefined;
    const options = {
      filter: { [column]: { in: wanted } },
      columns: [column, label],
      limit: 1000,
      // Who may not delete rows sees no deleted ones.
      includeDeleted: this.actor === undefined,
    };
    const read = (rows: readonly Row[]): LabelMap =>
      new Map(rows.map((row) => [row[column], String(row[label] ?? "")]));
    return { options, read };
  }

  /** How many rows refer to a row, by table. */
  async referrersOf(table: TableView, row: Row): Promise<ReferrerCount[]> {
    const { rows } = this;
    const counts = table.referrers.map(async (referrer) => {
      const filter: Record<string, unknown> = { [referrer.column]: row[referrer.targetColumn] };
      const tenantKey = this.model.table(referrer.table)?.tenantKey;
      if (tenantKey && table.tenantKey && tenantKey !== referrer.column) {
        filter[tenantKey] = row[table.tenantKey];
      }
      return { ...referrer, rows: await rows.count(referrer.table, filter) };
    });
    return (await Promise.all(counts)).filter(({ rows }) => rows > 0);
  }

  /** The row as it is now, or null. */
  row(table: TableView, row: Row): Promise<Row | null> {
    return this.rows.get(table.name, keyOf(table, row));
  }

  async close(): Promise<void> {
    this.#stopCounting();
    try {
      await this.db.close();
    } catch (error) {
      // A worker that is gone already has nothing left to close.
      if (!(error instanceof FreeholdError && error.code === "worker_failed")) throw error;
    }
  }
}

/** Names of tables come from the model, which has checked them. */
const sqlOf = (text: string) => ({ sql: text, params: [] });

const optionsOf = (name: string) => ({ name, model: ownModel(name) ?? name });

/** The usual sets from the fullest to the barest, then the model's own. */
function inOrder(seeds: readonly string[]): string[] {
  const usual = ["development", "staging", "production"].filter((set) => seeds.includes(set));
  return [...usual, ...seeds.filter((set) => !usual.includes(set))];
}

/** Labels by the value that refers to them. */
export type LabelMap = Map<unknown, string>;

/** How many rows of a table refer to a row, and what deleting it does to them. */
export interface ReferrerCount {
  readonly table: string;
  readonly onDelete: "cascade" | "restrict" | "set_null";
  readonly rows: number;
}
