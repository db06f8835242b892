/**
 * Opening databases, and what needs none.
 *
 * @packageDocumentation
 */

import { builtinFiles, builtinSummaries } from "./builtin.js";
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
import { startLink } from "./link.js";
import type { Link, OnProgress } from "./link.js";
import type { Model } from "./model.js";
import type { Generated, ModelSummary, NewMigration, Progress } from "./results.js";
import type { AnyTables, TablesOf } from "./tables.js";
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
   * be written. It stays in the page and the worker; nothing stores it.
   */
  readonly masterKey?: Uint8Array;
  /**
   * Shows each call: in the console, or to a function. Values are never shown. In a page whose
   * address has the parameter `freehold-debug` the console shows them without this.
   */
  readonly debug?: boolean | OnCall;
  /** A clock that starts here and moves 1 ms per reading, and random bytes from a seed: tests. */
  readonly testing?: { readonly nowMs: number; readonly seed: number };
}

/** How long a database may still be held by a page that is just going away. */
const HELD_PATIENCE_MS = [50, 100, 200, 400];

/**
 * Opens a database, and makes it when there is none. Writes nothing to an existing one.
 *
 * Runs in a worker of its own. One tab has a database open at a time.
 *
 * Rejects with `no_opfs` (nothing is kept here: a private window, an old browser),
 * `held_by_another_tab`, `storage_full`, `unknown_model`, `invalid_model`, `other_model`,
 * `not_a_database`, `corrupt`, `wrong_key`, and with `io` where a built-in model's file can't be
 * fetched. There is no silent fall back to memory.
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
export async function open<T extends TablesOf<T>>(options: OpenOptions): Promise<Database<T>> {
  const storage = options.storage ?? "opfs";
  const request = await openRequest(options);
  const link = await openLink(request, storage === "opfs" ? checkFiles(options.name) : undefined);
  const { onProgress } = options;
  const report: OnProgress | undefined =
    onProgress && ((progress) => onProgress(JSON.parse(progress) as Progress));
  return Database.of<T>({
    name: options.name,
    storage,
    link,
    reopen: () => openLink(request),
    onProgress: report,
    onCall: listener(options.debug),
    release: storage === "opfs" ? claim(options.name) : () => {},
  });
}

/** @internal The request to open a database, as the core reads it. */
export async function openRequest(options: OpenOptions): Promise<string> {
  const { testing, backups, masterKey, storage = "opfs" } = options;
  return JSON.stringify({
    name: options.name,
    storage,
    ...(await bundleOf(options.model)),
    ...(backups === undefined ? {} : { backups }),
    ...(masterKey ? { key: `base64:${base64Of(masterKey)}` } : {}),
    ...(testing ? { testing: { now_ms: testing.nowMs, seed: testing.seed } } : {}),
  });
}

async function bundleOf(model: OpenOptions["model"]): Promise<object> {
  if (typeof model === "string") {
    const files = await builtinFiles(model);
    // The core says which models there are, and that this is none of them.
    return files ? { bundle: files, source: "builtin" } : { bundle: model };
  }
  return { bundle: "tables" in model ? { model: JSON.stringify(model) } : filesOf(model) };
}

function filesOf(files: BundleFiles): object {
  const { model } = files;
  return { ...files, model: typeof model === "string" ? model : JSON.stringify(model) };
}

/** Opens in a worker that starts while the files are looked at. */
async function openLink(request: string, checked?: Promise<void>): Promise<Link> {
  const link = takeIdle();
  try {
    await checked;
    for (const patience of HELD_PATIENCE_MS) {
      try {
        read(await link.ask({ kind: "open", text: request }));
        return link;
      } catch (error) {
        if (!(error instanceof FreeholdError) || error.code !== "held_by_another_tab") throw error;
        await new Promise((resolve) => setTimeout(resolve, patience));
      }
    }
    read(await link.ask({ kind: "open", text: request }));
    return link;
  } catch (error) {
    link.end();
    throw error;
  }
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
