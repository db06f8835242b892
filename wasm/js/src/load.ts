/**
 * Loads the core: its WebAssembly file, which lies beside this module.
 *
 * @packageDocumentation
 */

import { compile } from "./compile.js";
import init, { ready } from "./freehold_wasm.js";
import type { InitOutput } from "./freehold_wasm.js";
import { Rest } from "./rest.js";

/** The core, loaded. */
export interface Core {
  readonly exports: InitOutput;
  readonly rest: Rest;
  /** What tells this build from any other; nothing where it was not built whole. */
  readonly build: string | undefined;
  /** The objects of JavaScript that it keeps from the start on, by their places in its table. */
  readonly objects: ReadonlyMap<number, unknown>;
}

let loading: Promise<Core> | undefined;

/** The core of this thread, loaded once. */
export function load(): Promise<Core> {
  // Bundlers look for exactly this form.
  loading ??= start(new URL("./freehold_wasm_bg.wasm", import.meta.url));
  return loading;
}

async function start(file: URL): Promise<Core> {
  const module = await compile(file);
  const exports = await init({ module_or_path: module });
  await ready();
  const table = exports.__wbindgen_externrefs as WebAssembly.Table;
  const objects = new Map<number, unknown>();
  for (let place = 0; place < table.length; place += 1) {
    const object: unknown = table.get(place);
    if (object !== null && object !== undefined) objects.set(place, object);
  }
  return { exports, rest: new Rest(exports), build: buildOf(module), objects };
}

function buildOf(module: WebAssembly.Module): string | undefined {
  const [id] = WebAssembly.Module.customSections(module, "build_id");
  return id && String(new Uint8Array(id));
}
