/**
 * Loads the core.
 *
 * @packageDocumentation
 */

import { compile, coreFile } from "./compile.js";
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

/** For how long a page may take to hand its module over: its thread may be busy. */
const PATIENCE_MS = 50;

/** A module that a page compiles; nothing where it does not. */
type Given = Promise<WebAssembly.Module | undefined>;

let loading: Promise<Core> | undefined;

/** The core of this thread, loaded once. */
export function load(given?: Given): Promise<Core> {
  loading ??= start(given);
  return loading;
}

async function start(given?: Given): Promise<Core> {
  const module = await compiled(given);
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

/** The page's module, or one that is compiled here where that takes long or does not come. */
async function compiled(given?: Given): Promise<WebAssembly.Module> {
  const own = () => compile(coreFile());
  if (!given) return own();
  let isHere = false;
  const late = new Promise<void>((late) => setTimeout(late, PATIENCE_MS));
  const ownLate = late.then(() => (isHere ? undefined : own().catch(() => undefined)));
  const module = (await Promise.race([given, ownLate])) ?? (await given);
  isHere = true;
  return module ?? own();
}

function buildOf(module: WebAssembly.Module): string | undefined {
  const [id] = WebAssembly.Module.customSections(module, "build_id");
  return id && String(new Uint8Array(id));
}
