/**
 * The files of a stored database's pool as the core has them open, told apart by their names.
 *
 * @packageDocumentation
 */

/** The directory of the files, and the file that says that somebody has them. */
const DIRECTORY = ".opaque";
const LOCK_FILE = ".lock";

/** How long a file's header is, and the part of it that says which of SQLite's it stands for. */
export const HEADER_BYTES = 4096;
const NAME_BYTES = 516;

/** What SQLite calls the database's own file. */
export const DATABASE_FILE = "freehold.db";

/** The part of an open file that is used here (File System Standard, section 2.6). */
export interface OpenFile {
  read(into: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  getSize(): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

interface Opens {
  createSyncAccessHandle(this: FileSystemFileHandle): Promise<OpenFile>;
}

/** What the core keeps of a pool: an object for each of these names. */
export type Pool = ReadonlyMap<string, object>;

/** What each open file is called; it does not say that itself. */
const names = new WeakMap<object, string>();

/** Remembers from now on what files are called that are opened in this thread, our own. */
export function rememberNames(): void {
  const { prototype } = (globalThis as { FileSystemFileHandle?: { prototype: Partial<Opens> } })
    .FileSystemFileHandle ?? { prototype: {} };
  const { createSyncAccessHandle: open } = prototype;
  if (!open || isRemembering) return;
  isRemembering = true;
  prototype.createSyncAccessHandle = async function () {
    const opened = await open.call(this);
    names.set(opened, this.name);
    return opened;
  };
}

let isRemembering = false;

/** Opens a file for this thread alone. Rejects where it is open elsewhere. */
export function openFile(file: FileSystemFileHandle): Promise<OpenFile> {
  return (file as FileSystemFileHandle & Opens).createSyncAccessHandle();
}

/** What an object that belongs to a pool is called. */
export function nameOf(object: unknown): string | undefined {
  if (object instanceof FileSystemDirectoryHandle) return `directory ${object.name}`;
  if (object instanceof FileSystemFileHandle) return `file ${object.name}`;
  const name = names.get(object as object);
  return name === undefined ? undefined : `open ${name}`;
}

/** A pool as it was found, whose files are still closed. */
export interface FoundPool {
  readonly lock: Closed;
  readonly directory: FileSystemDirectoryHandle;
  readonly files: readonly Closed[];
}

/** Finds the pool in a database's directory. Rejects where there is none. */
export async function findPool(database: FileSystemDirectoryHandle): Promise<FoundPool> {
  const [lock, directory] = await Promise.all([
    database.getFileHandle(LOCK_FILE),
    database.getDirectoryHandle(DIRECTORY),
  ]);
  return { lock, directory, files: await filesIn(directory) };
}

/**
 * Opens all files of a pool, as the core would. Rejects where one can't be had, or where others
 * are there by now; then none stays open.
 */
export async function openPool({ lock, directory, files }: FoundPool): Promise<Pool> {
  const all = [lock, ...files];
  const listing = filesIn(directory);
  const opened = await Promise.allSettled(all.map(openFile));
  const found = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const pool = new Map(
    [lock, directory, ...found].map((one) => [nameOf(one) ?? "", one as object]),
  );
  const isSame = listing.then((now) => namesOf(now) === namesOf(files), () => false);
  if (found.length === all.length && (await isSame)) return pool;
  closePool(pool);
  throw new Error("the pool is open elsewhere, or another one by now");
}

function namesOf(files: readonly Closed[]): string {
  return files.map(({ name }) => name).sort().join(" ");
}

/** A file that may be opened. */
type Closed = FileSystemFileHandle;

/** The files of the pool in a database's directory. Rejects where there is none. */
export async function poolIn(directory: FileSystemDirectoryHandle): Promise<Closed[]> {
  return filesIn(await directory.getDirectoryHandle(DIRECTORY));
}

async function filesIn(directory: FileSystemDirectoryHandle): Promise<Closed[]> {
  const files: Closed[] = [];
  const all = directory as unknown as { values(): AsyncIterable<FileSystemHandle> };
  for await (const handle of all.values()) {
    if (handle.kind === "file") files.push(handle as Closed);
  }
  return files;
}

/** Closes all files of a pool. */
export function closePool(pool: Pool): void {
  for (const file of filesOf(pool).values()) file.close();
}

/** Tells which file of the pool stands for which of SQLite's. */
export function layoutOf(pool: Pool): string {
  const files = [...filesOf(pool)].sort(([one], [other]) => (one < other ? -1 : 1));
  const parts = files.map(([name, file]) => {
    const bytes = new Uint8Array(NAME_BYTES);
    const length = file.read(bytes, { at: 0 });
    return `${name} ${length} ${String.fromCharCode(...bytes).replaceAll("\0", "")}`;
  });
  return JSON.stringify(parts);
}

/** Whether the database's own file is among them, and holds something. */
export function holdsDatabase(pool: Pool): boolean {
  return [...filesOf(pool).values()].some((file) => {
    const name = `${DATABASE_FILE}\0`;
    const bytes = new Uint8Array(name.length);
    file.read(bytes, { at: 0 });
    return String.fromCharCode(...bytes) === name && file.getSize() > HEADER_BYTES;
  });
}

function filesOf(pool: Pool): Map<string, OpenFile> {
  const files = [...pool].filter(([name]) => name.startsWith("open "));
  return new Map(files as [string, OpenFile][]);
}
