/**
 * Opening databases, and what needs none.
 *
 * @packageDocumentation
 */

import { builtinFiles, builtinSummaries, builtinVersion } from "./builtin.js";
import { claim } from "./claim.js";
import { readAnswer as read } from "./channel.js";
import type { Storage } from "./channel.js";
import { Database } from "./database.js";
import { listener } from "./debug.js";
import type { OnCall } from "./debug.js";
import { FreeholdError } from "./error.js";
import type { Problem } from "./error.js";
import { checkFiles } from "./files.js";
import type { DatabaseOf, TypedSource } from "./infer.js";
import { knownBundle } from "./known.js";
import { startLink } from "./link.js";
import type { Link, OnProgress } from "./link.js";
import type { Model } from "./model.js";
import { inNode } from "./node.js";
import type { Generated, ModelSummary, NewMigration, Progress } from "./results.js";
import type { AnyTables, TablesOf } from "./tables.js";
import { Connection } from "./tabs/connection.js";
import { TabLink } from "./tabs/link.js";
import { FIRST_MIGRATION, newestMigration } from "./tabs/version.js";
import { base64Of } from "./values.js";

/** A model with its migrations and seed sets: names and texts, as they lie in a folder. */
export interface BundleFiles {
  /** The model, as text (TOML or JSON) or as a literal. */
  readonly model: string | Model;
  /** The up scripts: file name (`V1__init.sql`) and text. Without any the core makes one. */
  readonly up?: Readonly<Record<string, string>>;
  /** The down scripts, named like the up scripts. */
  readonly down?: Readonly<Record<string, string>>;
  /** The seed sets: name (`development`) and text (TOML). */
  readonly seeds?: Readonly<Record<string, string>>;
}

/** What to open, and how. */
export interface OpenOptions<M = string | Model | BundleFiles> {
  /** The database's name: 1 to 100 ASCII letters, digits, `-`, `_`, `.`. */
  readonly name: string;
  /** The name of a built-in model, a model, or a model with its migrations and seed sets. */
  readonly model: M;
  /** `opfs` (the browser keeps it) unless given. `memory` is gone with the page. */
  readonly storage?: Storage;
  /** Hears of each migration before it runs. */
  readonly onProgress?: (progress: Progress) => void;
  /** How many backups are kept, 0 to 5; 2 unless given. 0 makes none before a run. */
  readonly backups?: number;
  /**
   * The master key, 32 bytes. Without it encrypted columns read as `{ $locked: true }` and can't
   * be written. It stays in pages and workers of this origin; nothing stores it. One that a tab
   * brings opens values for all tabs of the database.
   */
  readonly masterKey?: Uint8Array;
  /**
   * Shows each call: in the console, or to a function. Values are never shown. In a page whose
   * address has the parameter `freehold-debug` the console shows them without this.
   */
  readonly debug?: boolean | OnCall;
  /**
   * What to do while older versions of the app have the database open in other tabs: tell them
   * and `wait` until they let go, which is done unless given, or `reject` at once with
   * `held_by_older_version`, and tell nobody.
   */
  readonly whenHeld?: "wait" | "reject";
  /** Called when `open` begins to wait for older versions: to ask for other tabs to be closed. */
  readonly onHeld?: () => void;
  /** A clock that starts here and moves 1 ms per reading, and random bytes from a seed: tests. */
  readonly testing?: { readonly nowMs: number; readonly seed: number };
}

/**
 * Opens a database, and makes it when there is none. Changes no rows and no schema of an existing
 * one; it gets a write-ahead log and, for quicker starts, a snapshot beside its files.
 *
 * Tabs share a stored database: the worker of one of them has it, and serves the others.
 *
 * Rejects with `no_opfs` (nothing is kept here: a private window, an old browser),
 * `held_by_newer_version`, `held_by_older_version`, `held_by_another_tab`, `storage_full`,
 * `unknown_model`, `invalid_model`, `other_model`, `not_a_database`, `corrupt`, `wrong_key`,
 * `worker_failed`, and with `io` where a built-in model's file can't be fetched. There is no silent
 * fall back to memory.
 *
 * @typeParam M - The model: a built-in one's name or a literal says which tables there are.
 *
 * @example
 * ```ts
 * import { open } from "@freehold/web";
 *
 * const db = await open({
 *   name: "app",
 *   model: "workflow",
 *   storage: "memory",
 *   onProgress: ({ migration, done, total }) => console.log(migration, done, total),
 * });
 * await db.init({ seed: "development" });
 * ```
 */
export function open<const M extends TypedSource>(
  options: OpenOptions<M>,
): Promise<DatabaseOf<M>>;
/**
 * The same with tables' types from elsewhere, as `freehold generate ts` writes them.
 *
 * @typeParam T - The tables' types.
 */
export function open<T extends TablesOf<T> = AnyTables>(options: OpenOptions): Promise<Database<T>>;
export function open<T extends TablesOf<T>>(options: OpenOptions): Promise<Database<T>> {
  return openFrom<T>(options, undefined);
}

/** @internal The same, where a database in memory starts from the bytes of a SQLite file. */
export async function openFrom<T extends TablesOf<T>>(
  options: OpenOptions,
  image: Uint8Array | undefined,
): Promise<Database<T>> {
  const storage = options.storage ?? "opfs";
  const way = { options, image, storage, openedAt: Date.now(), connection: Connection.make() };
  const link = await openLink(way, true);
  const { onProgress } = options;
  const report: OnProgress | undefined =
    onProgress && ((progress) => onProgress(JSON.parse(progress) as Progress));
  return Database.of<T>({
    name: options.name,
    storage,
    link,
    connection: way.connection,
    reopen: () => openLink(way),
    onProgress: report,
    onCall: listener(options.debug),
    release: storage === "opfs" ? claim(options.name) : () => {},
  });
}

/** How a page opens a database, for the first time and again. */
interface Way {
  readonly options: OpenOptions;
  readonly image: Uint8Array | undefined;
  readonly storage: Storage;
  readonly openedAt: number;
  readonly connection: Connection;
}

/** @internal The request to open a database, as the core reads it. */
export async function requestToOpen(options: OpenOptions): Promise<string> {
  return openRequest(options, await bundleOf(options.model));
}

function openRequest(options: OpenOptions, bundle: NamedBundle, isKnown = false): string {
  const { testing, backups, masterKey, storage = "opfs" } = options;
  const { bundle: files, source } = bundle;
  const isJson = typeof files === "object" && (files.model as string).trimStart().startsWith("{");
  return JSON.stringify({
    // The built-in models were checked when they were written.
    ...((isKnown && isJson) || source ? { checked: true } : {}),
    name: options.name,
    storage,
    ...bundle,
    ...(backups === undefined ? {} : { backups }),
    ...(masterKey ? { key: `base64:${base64Of(masterKey)}` } : {}),
    ...(testing ? { testing: { now_ms: testing.nowMs, seed: testing.seed } } : {}),
  });
}

/** A bundle, or a name that is none of a bundle's; and where it came from. */
interface NamedBundle {
  readonly bundle: BundleFiles | string;
  readonly source?: string;
}

async function bundleOf(model: OpenOptions["model"]): Promise<NamedBundle> {
  if (typeof model === "string") {
    const files = await builtinFiles(model);
    // The core says which models there are, and that this is none of them.
    return files ? { bundle: files, source: "builtin" } : { bundle: model };
  }
  return { bundle: "tables" in model ? { model: JSON.stringify(model) } : filesOf(model) };
}

function filesOf(files: BundleFiles): BundleFiles {
  const { model } = files;
  return { ...files, model: typeof model === "string" ? model : JSON.stringify(model) };
}

/** Opens in a worker, which looks at the files where tabs share them; the page does elsewhere. */
async function openLink(way: Way, isFirst = false): Promise<Link> {
  const { options, storage, connection } = way;
  if (storage === "opfs" && canShare()) return openShared(way);
  const checked = storage === "opfs" && isFirst ? checkFiles(options.name) : undefined;
  const [bundle] = await Promise.all([bundleOf(options.model), checked]);
  const known = knownBundle(options.name, options.model, bundle);
  const request = openRequest(options, bundle, known.isKnown);
  const link = takeIdle();
  connection.waitsFor(() => link.waitingSince);
  try {
    read(await link.ask({ kind: "open", text: request, image: way.image }));
    connection.enter("leading");
    known.remember();
    return link;
  } catch (error) {
    link.end();
    throw error;
  }
}

/** The same for tabs. The worker loads the core by itself while the page still looks around. */
async function openShared(way: Way): Promise<Link> {
  const { options, openedAt, connection } = way;
  const { name, whenHeld = "wait", onHeld } = options;
  const known = bundleOf(options.model).then((bundle) => {
    const { fingerprint, isKnown, remember } = knownBundle(name, options.model, bundle);
    const request = openRequest(options, bundle, isKnown);
    const hasKey = options.masterKey !== undefined;
    return { tab: { name, request, openedAt, fingerprint, hasKey }, remember };
  });
  const tab = known.then(({ tab }) => tab);
  // Why there is none is said once it is waited for.
  tab.catch(() => {});
  const version = versionOf(options.model);
  const link = await TabLink.open({ name, tab, version, connection, whenHeld, onHeld });
  // Another tab's core has not seen it.
  if (connection.state === "leading") (await known).remember();
  return link;
}

/** The newest migration of a model, known before its files are there. */
function versionOf(model: OpenOptions["model"]): string {
  if (typeof model === "string") return builtinVersion(model) ?? FIRST_MIGRATION;
  return "tables" in model ? FIRST_MIGRATION : newestMigration(model);
}

/** Whether tabs can find each other. Where they can't, nothing is kept either. */
function canShare(): boolean {
  return !inNode() && "locks" in navigator && typeof BroadcastChannel === "function";
}

/** A worker that has loaded the core and has no database: the next `open` takes it. */
let idle: Link | undefined;

function takeIdle(): Link {
  const link = idle && !idle.ended ? idle : startLink();
  idle = undefined;
  return link;
}

async function callStatic(method: string, params: object): Promise<unknown> {
  if (!idle || idle.ended) idle = startLink();
  const text = JSON.stringify({ method, params });
  return read(await idle.ask({ kind: "call_static", text }));
}

/** The built-in models. Neither the core nor their files are loaded for that. */
export function models(): Promise<ModelSummary[]> {
  return Promise.resolve(builtinSummaries());
}

/** A model's problems, all at once; the model written out when there are none. */
export function checkModel(
  model: string | Model,
): Promise<{ readonly problems: readonly Problem[]; readonly model?: Model }> {
  const text = typeof model === "string" ? model : JSON.stringify(model);
  return callStatic("check_model", { text }) as ReturnType<typeof checkModel>;
}

/**
 * The next migration: what leads from where a bundle's migrations end to its model, and back.
 *
 * Rejects with `data_loss` where rows or columns would go, unless that is allowed.
 */
export function newMigration(
  files: BundleFiles,
  name: string,
  options: { allowDataLoss?: boolean } = {},
): Promise<NewMigration> {
  const allow_data_loss = options.allowDataLoss ?? false;
  const params = { files: filesOf(files), name, allow_data_loss };
  return callStatic("new_migration", params) as Promise<NewMigration>;
}

/** TypeScript types, a JSON Schema, or a diagram (Mermaid) of a model. */
export function generate(model: string | Model, what: Generated): Promise<unknown> {
  const text = typeof model === "string" ? model : JSON.stringify(model);
  return callStatic("generate", { model: text, what });
}
