/**
 * Snapshots: copies of the core's memory as it was right after it had opened a stored database,
 * kept beside the database's files. A start that finds one goes on from there, and need not read
 * the model and the schema again.
 *
 * No rows are in one, and no keys: what was given back of the memory is written over until the
 * copy is made. Whatever speaks against using it leads to an ordinary start:
 * another build of the core, another request, files that lie elsewhere in the pool, a single byte
 * that is another, or a database that is not the one that it was made of. What the database holds
 * is read anew in any case (`Database::resume`).
 *
 * With it statements are prepared that reads used in earlier starts: a first page needs no
 * compiler.
 *
 * A file is a digest (SHA-256) of what follows: the length of the head (four bytes), the head
 * (JSON), the parts of the memory that are not zeros, one after the other.
 *
 * @packageDocumentation
 */

import { resume, stackEnd } from "./freehold_wasm.js";
import type { Handle } from "./freehold_wasm.js";
import type { Core } from "./load.js";
import { FreeholdError } from "./error.js";
import { checkFiles } from "./files.js";
import { closePool, findPool, holdsDatabase, layoutOf, openPool } from "./pool.js";
import { nameOf, openFile, rememberNames } from "./pool.js";
import type { FoundPool, Pool } from "./pool.js";
import { databaseDirectory } from "./storage.js";

const FILE = "snapshot";
const DIGEST_BYTES = 32;
const LENGTH_BYTES = 4;
const PAGE_BYTES = 65_536;
/** What is zeros as a whole is left out. */
const BLOCK_BYTES = 4096;
const NO_BYTES = new Uint8Array();

/** The form of a head, and what the core is when it has done nothing. */
const FORMAT = 1;

/** How many statements are prepared along with one at most. */
const STATEMENTS_MAX = 64;

/** The mark in a performance timeline of a start that went on from a snapshot. */
const MARK = "freehold-resumed";

/** What the core's global object is called among its objects. */
const GLOBAL = "global";

/** What is known of a copy of memory. */
interface Head {
  readonly format: typeof FORMAT;
  /** Its name, which the database knows too; none before it is written. */
  readonly name: string;
  /** The build of the core that it is of. */
  readonly build: string;
  /** A digest of the request that opened the database. */
  readonly request: string;
  /** Which file of the pool stood for which of SQLite's. */
  readonly layout: string;
  /** How long the table of JavaScript's objects was, and which of the pool's stood where. */
  readonly length: number;
  readonly objects: readonly (readonly [place: number, name: string])[];
  /** What reads prepared, and how many of these are so in the copy. */
  readonly statements: readonly string[];
  readonly prepared: number;
  /** How long the memory is, and which parts of it the file has. */
  readonly size: number;
  readonly parts: readonly (readonly [from: number, to: number])[];
}

interface Copy {
  readonly head: Head;
  /** The parts of memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The snapshot of one stored database. */
export class Snapshot {
  /** Whether the core went on from it. */
  isResumed = false;
  readonly #database: string;
  readonly #place: Promise<FoundPool | undefined>;
  #found: Promise<Copy | undefined>;
  /** Digests of requests, by their texts. */
  readonly #digests = new Map<string, Promise<string>>();
  #pool: Promise<Pool | undefined> | undefined;
  #checked: Promise<void> | undefined;
  /** What reads of earlier starts prepared. */
  #statements: readonly string[] = [];
  /** What is to be written when nobody waits, unless nothing is new. */
  #unsaved: Copy | undefined;

  /** Looks for one. To be made before the core opens files. */
  constructor(database: string) {
    this.#database = database;
    rememberNames();
    const directory = databaseDirectory(database);
    const file = directory.then((directory) => directory.getFileHandle(FILE));
    this.#found = file.then(read).catch(() => undefined);
    // Without one the files are the core's to open.
    this.#place = Promise.all([directory.then(findPool), file]).then(
      ([place]) => place,
      () => undefined,
    );
  }

  /** Whether there is one of what a request opens. */
  async isOf(core: Core, request: string): Promise<boolean> {
    const own = this.#digest(request).catch(() => undefined);
    const { head } = (await this.#found) ?? {};
    return head !== undefined && head.build === core.build && head.request === (await own);
  }

  /**
   * Opens the database's files, if there is one, and looks at them if there is none. For whoever
   * leads, and opens by this request.
   */
  hold(request: string): void {
    this.#digest(request).catch(() => {});
    const open = async (place: FoundPool | undefined): Promise<Pool | undefined> => {
      if (place) return openPool(place);
      await this.check();
      return undefined;
    };
    this.#pool ??= this.#place.then(open).catch(() => undefined);
  }

  /**
   * Looks at the database's files before the core opens them: until that was possible once. Rejects
   * with `corrupt`. For whoever leads, and has none of them open.
   */
  check(): Promise<void> {
    this.#checked ??= checkFiles(this.#database).catch((error: unknown) => {
      if (error instanceof FreeholdError && error.code === "corrupt") throw error;
      // Somebody who just died may have them still; then the core can't open them either.
      this.#checked = undefined;
    });
    return this.#checked;
  }

  /**
   * Goes on from it, if there is one of this request, and the core has done nothing yet. None of
   * the files stays open otherwise.
   */
  async resume(core: Core, request: string, isUntouched: boolean): Promise<Handle | undefined> {
    const isOf = await this.isOf(core, request);
    const [found, pool] = await Promise.all([this.#found, this.#pool]);
    if (found && isOf) this.#statements = found.head.statements;
    // It is large, and needed no more.
    this.#found = Promise.resolve(undefined);
    if (!pool) return undefined;
    const fits = found && isOf && isUntouched;
    const handle = fits && (await this.#goOn(core, found, pool));
    if (!handle) {
      closePool(pool);
      return undefined;
    }
    this.isResumed = true;
    this.#unsaved = found;
    const lacks = found.head.prepared < this.#statements.length;
    return lacks ? this.copy(core, handle, request) : handle;
  }

  /** Copies the memory of a core that has opened the database for a request, and done no more. */
  async copy(core: Core, handle: Handle, request: string): Promise<Handle> {
    const head = await this.#head(core, request).catch(() => undefined);
    if (!head || core.rest.isThere) return handle;
    const unfit = handle.suspend([...this.#statements]);
    if (unfit) return unfit;
    const bytes = bytesOf(core);
    const again = resume();
    if (!again) throw new Error("the database can't be read any more");
    const { length } = bytes ?? NO_BYTES;
    if (bytes) this.#unsaved = { head: { ...head, size: length, parts: [[0, length]] }, bytes };
    return again;
  }

  /** What is known of a copy that is made now; nothing where none may be made. */
  async #head(core: Core, request: string): Promise<Head | undefined> {
    const digested = await this.#digest(request);
    const objects = objectsOf(core);
    if (core.build === undefined || !objects) return undefined;
    const statements = this.#statements;
    return {
      format: FORMAT,
      name: "",
      build: core.build,
      request: digested,
      layout: layoutOf(new Map(objects.map(([, name, object]) => [name, object]))),
      length: tableOf(core).length,
      objects: objects.map(([place, name]) => [place, name]),
      statements,
      prepared: statements.length,
      size: 0,
      parts: [],
    };
  }

  /** Writes what is new, once. For moments in which nobody waits; the handle is the one by then. */
  async save(handle: () => Handle | undefined): Promise<void> {
    const { head, bytes } = this.#unsaved ?? {};
    const prepared = head && handle()?.prepared();
    if (!bytes || !prepared) return;
    this.#unsaved = undefined;
    const statements = [...new Set([...this.#statements, ...prepared])].slice(0, STATEMENTS_MAX);
    const isNew = head.name === "";
    if (!isNew && statements.length === this.#statements.length) return;
    const name = isNew ? crypto.getRandomValues(new Uint32Array(4)).join("-") : head.name;
    await write(this.#database, { head: { ...head, name, statements }, bytes });
    // Until the database knows it, it is of no use, and does no harm.
    if (isNew) handle()?.nameSnapshot(name);
  }

  /** Goes on from a copy; where that fails, the next start does not try it again. */
  async #goOn(core: Core, copy: Copy, pool: Pool): Promise<Handle | undefined> {
    try {
      return goOn(core, copy, pool);
    } catch {
      await this.remove();
      return undefined;
    }
  }

  /** Digests a request: once it is known, and not only when it is to be compared. */
  #digest(request: string): Promise<string> {
    const known = this.#digests.get(request) ?? digest(request);
    this.#digests.set(request, known);
    return known;
  }

  /** Removes it. */
  async remove(): Promise<void> {
    const directory = await databaseDirectory(this.#database).catch(() => undefined);
    await directory?.removeEntry(FILE).catch(() => undefined);
  }
}

/** Goes on from a copy in a core that has done nothing; leaves that as it was where it can't. */
function goOn(core: Core, { head, bytes }: Copy, pool: Pool): Handle | undefined {
  const { exports, rest } = core;
  const table = tableOf(core);
  const before = new Uint8Array(exports.memory.buffer).slice();
  const objects = head.objects.map(([place, name]) => [place, objectOf(name, pool)] as const);
  const fits =
    head.format === FORMAT &&
    table.length === head.length &&
    before.length <= head.size &&
    !rest.isThere &&
    objects.every(([, object]) => object !== undefined) &&
    layoutOf(pool) === head.layout &&
    holdsDatabase(pool);
  if (!fits) return undefined;
  let handle: Handle | undefined;
  try {
    exports.memory.grow((head.size - before.length) / PAGE_BYTES);
    // What it grew by is zeros.
    const memory = new Uint8Array(exports.memory.buffer).fill(0, 0, before.length);
    let at = 0;
    for (const [from, to] of head.parts) {
      memory.set(bytes.subarray(at, at + to - from), from);
      at += to - from;
    }
    for (const [place, object] of objects) table.set(place, object);
    handle = resume(head.name);
    if (handle) performance.mark(MARK);
    return handle;
  } finally {
    if (!handle) {
      for (const [place] of objects) table.set(place, null);
      new Uint8Array(exports.memory.buffer).fill(0).set(before);
    }
  }
}

/** The objects of the pool that the core keeps; nothing where it keeps others beside its own. */
function objectsOf(core: Core): [number, string, object][] | undefined {
  const { objects: own } = core;
  const table = tableOf(core);
  const objects: [number, string, object][] = [];
  for (let place = 0; place < table.length; place += 1) {
    const object = table.get(place) as object | null | undefined;
    if (object === null || object === undefined || own.get(place) === object) continue;
    const name = object === globalThis ? GLOBAL : nameOf(object);
    if (name === undefined) return undefined;
    objects.push([place, name, object]);
  }
  return objects;
}

function tableOf({ exports }: Core): WebAssembly.Table {
  return exports.__wbindgen_externrefs as WebAssembly.Table;
}

/** The memory without what lies on the stack, where nothing runs; nothing if there is no room. */
function bytesOf({ exports }: Core): Uint8Array<ArrayBuffer> | undefined {
  try {
    return new Uint8Array(exports.memory.buffer).slice().fill(0, 0, stackEnd());
  } catch {
    return undefined;
  }
}

function objectOf(name: string, pool: Pool): object | undefined {
  return name === GLOBAL ? globalThis : pool.get(name);
}

/** Reads a snapshot; nothing where it is not as it was written. */
async function read(handle: FileSystemFileHandle): Promise<Copy | undefined> {
  const file = await openFile(handle);
  let bytes = NO_BYTES;
  try {
    bytes = new Uint8Array(file.getSize());
    file.read(bytes, { at: 0 });
  } finally {
    file.close();
  }
  const content = bytes.subarray(DIGEST_BYTES);
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  if (found.some((byte, at) => byte !== bytes[at])) return undefined;
  const start = LENGTH_BYTES + lengthIn(content).getUint32(0, true);
  const text = new TextDecoder().decode(content.subarray(LENGTH_BYTES, start));
  return { head: JSON.parse(text) as Head, bytes: content.subarray(start) };
}

async function write(database: string, copy: Copy): Promise<void> {
  const { head, bytes } = withoutZeros(copy);
  const text = new TextEncoder().encode(JSON.stringify(head));
  const content = new Uint8Array(LENGTH_BYTES + text.length + bytes.length);
  lengthIn(content).setUint32(0, text.length, true);
  content.set(text, LENGTH_BYTES);
  content.set(bytes, LENGTH_BYTES + text.length);
  const digested = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  const directory = await databaseDirectory(database);
  const handle = await directory.getFileHandle(FILE, { create: true });
  const file = await openFile(handle);
  try {
    file.truncate(0);
    file.write(digested, { at: 0 });
    file.write(content, { at: DIGEST_BYTES });
    file.flush();
  } finally {
    file.close();
  }
}

/** Leaves out what is zeros: the stack, mostly. */
function withoutZeros({ head, bytes }: Copy): Copy {
  const parts: [number, number][] = [];
  const kept: Uint8Array[] = [];
  let at = 0;
  for (const [start, end] of head.parts) {
    for (let from = start; from < end; from += BLOCK_BYTES, at += BLOCK_BYTES) {
      const block = bytes.subarray(at, at + BLOCK_BYTES);
      if (block.every((byte) => byte === 0)) continue;
      const last = parts.at(-1);
      if (last?.[1] === from) last[1] += BLOCK_BYTES;
      else parts.push([from, from + BLOCK_BYTES]);
      kept.push(block);
    }
  }
  const packed = new Uint8Array(kept.length * BLOCK_BYTES);
  kept.forEach((block, place) => packed.set(block, place * BLOCK_BYTES));
  return { head: { ...head, parts }, bytes: packed };
}

function lengthIn(content: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(content.buffer, content.byteOffset, LENGTH_BYTES);
}

async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return String(new Uint8Array(bytes));
}
