/**
 * The files of a stored database as the browser has them, looked at without the core: whether they
 * are still what they were, and their bytes for whoever has to rescue them.
 *
 * A database's directory holds a pool of files (`.opaque`). Each begins with 4096 bytes that say in
 * their first 512 which file of SQLite's it stands for; then come that file's bytes. This is the
 * form of SQLite's `opfs-sahpool`.
 *
 * @packageDocumentation
 */

import { FreeholdError } from "./error.js";
import { DATABASE_FILE, HEADER_BYTES, poolIn } from "./pool.js";
import { databaseDirectory } from "./storage.js";

/** The file of the database inside its pool, and what is about to take its place. */
const DATABASE_FILES = [DATABASE_FILE, `${DATABASE_FILE}.replacement`];
const LOG_FILE = `${DATABASE_FILE}-wal`;
const BACKUP_PREFIX = `${DATABASE_FILE}.backup-`;
const NAME_BYTES = 512;

/** The file beside the pool that says that there is something to lose. */
const USED_FILE = ".used";

/**
 * Looks at a database's files before they are opened, since opening gives a file whose first bytes
 * are damaged back to the pool as a free one.
 *
 * Rejects with `corrupt` where the file of a database that was in use is gone, empty or no longer
 * known by its name, and with `io` where the files can't be read. Where nothing is kept, nothing is
 * wrong; opening says more.
 */
export async function checkFiles(name: string): Promise<void> {
  const directory = await databaseDirectory(name).catch(() => undefined);
  if (!directory) return;
  const [files, isUsed] = await Promise.all([filesToCheck(directory), isMarked(directory)]);
  const file = DATABASE_FILES.map((known) => files.get(known)).find(Boolean);
  // A log beside a file that is empty is of no use: SQLite removes it.
  const isKept = holdsSomething(file);
  if (isUsed && !isKept) {
    const what = file ? "is empty" : "is gone, or its first bytes are damaged";
    const message =
      `the stored file of the database ${JSON.stringify(name)} ${what}; restore a backup with ` +
      "`restoreDatabase`, or remove the database";
    throw new FreeholdError({ code: "corrupt", message, name });
  }
  if (isKept && !isUsed) await mark(directory);
}

/** Remembers that a database holds something, so that losing it does not look like a new one. */
export async function rememberUse(name: string): Promise<void> {
  const directory = await databaseDirectory(name).catch(() => undefined);
  if (directory) await mark(directory);
}

/**
 * The names of the backups that were made of a stored database before its schema changed, the
 * oldest first; those that a run answers with.
 *
 * Rejects with `io` where its files can't be read, or change at that moment.
 */
export async function backupsOf(name: string): Promise<string[]> {
  const directory = await databaseDirectory(name).catch(() => undefined);
  const names = directory ? [...(await filesByName(directory)).keys()] : [];
  return names.filter((file) => file.startsWith(BACKUP_PREFIX)).sort();
}

/**
 * The bytes of a stored database's file as they lie there, whatever their state, for a database
 * that no longer opens; or of one of its backups. Of a database that opens take a `backup` instead:
 * what was written last may stand in its log, which `exportLog` gives.
 *
 * Rejects with `not_found` where nothing is stored under this name, or nothing of it can be told,
 * and as `backupsOf` does.
 */
export async function exportFile(name: string, backup?: string): Promise<File> {
  const directory = await databaseDirectory(name).catch(() => undefined);
  const file = directory && (await fileToExport(directory, backup));
  if (!file) {
    const what = backup === undefined ? "nothing is" : `no backup ${JSON.stringify(backup)} is`;
    const message = `${what} stored under the name ${JSON.stringify(name)}`;
    throw new FreeholdError({ code: "not_found", message });
  }
  return fileOf(name, await read(file, HEADER_BYTES));
}

/**
 * The bytes of the log that lies beside a stored database, as they lie there: the writes that were
 * not yet brought into its file. Nothing where there are none.
 *
 * SQLite finds it where its name is that of the database's file with `-wal` behind it, and both are
 * in one folder. Rejects as `backupsOf` does.
 */
export async function exportLog(name: string): Promise<File | undefined> {
  const directory = await databaseDirectory(name).catch(() => undefined);
  const log = directory && (await filesByName(directory)).get(LOG_FILE);
  if (!log || !(await holdsWrites(log))) return undefined;
  return new File([await read(log, HEADER_BYTES)], `${name}.db-wal`);
}

async function fileToExport(
  directory: FileSystemDirectoryHandle,
  backup: string | undefined,
): Promise<File | undefined> {
  if (backup !== undefined) return (await filesByName(directory)).get(backup);
  return (await databaseFile(directory)) ?? (await largestFile(directory));
}

/** The file that a backup is downloaded as. */
export function backupFile(name: string, bytes: Uint8Array): File {
  return fileOf(name, bytes as Uint8Array<ArrayBuffer>);
}

/** The bytes of what an app was handed as a file. */
export async function bytesIn(file: Blob | Uint8Array | ArrayBuffer): Promise<Uint8Array> {
  if (file instanceof Uint8Array) return file;
  return new Uint8Array(file instanceof ArrayBuffer ? file : await file.arrayBuffer());
}

function fileOf(name: string, bytes: Uint8Array<ArrayBuffer> | ArrayBuffer): File {
  // A colon may not stand in a file's name everywhere.
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  return new File([bytes], `${name}-${time}.db`, { type: "application/vnd.sqlite3" });
}

async function databaseFile(directory: FileSystemDirectoryHandle): Promise<File | undefined> {
  const files = await filesByName(directory);
  return DATABASE_FILES.map((known) => files.get(known)).find(Boolean);
}

/** Those that hold something, if the database is one of them: reading a name takes a while. */
async function filesToCheck(directory: FileSystemDirectoryHandle): Promise<Map<string, File>> {
  const files = await poolFiles(directory);
  const kept = await named(files.filter(holdsSomething));
  return DATABASE_FILES.some((known) => kept.has(known)) ? kept : named(files);
}

async function filesByName(directory: FileSystemDirectoryHandle): Promise<Map<string, File>> {
  return named(await poolFiles(directory));
}

async function named(files: readonly File[]): Promise<Map<string, File>> {
  return new Map(await Promise.all(files.map(async (file) => [await nameOf(file), file] as const)));
}

/** Where no file is known by the database's name: the one that holds most. */
async function largestFile(directory: FileSystemDirectoryHandle): Promise<File | undefined> {
  const files = await poolFiles(directory);
  const log = (await named(files)).get(LOG_FILE);
  const [largest] = files
    .filter((file) => file !== log)
    .sort((one, other) => other.size - one.size);
  return holdsSomething(largest) ? largest : undefined;
}

/** Whether there is a file with more than its pool's header. */
function holdsSomething(file: File | undefined): boolean {
  return file !== undefined && file.size > HEADER_BYTES;
}

/** Whether a log holds anything: one that was emptied keeps its length, and begins with zeros. */
async function holdsWrites(log: File | undefined): Promise<boolean> {
  if (!log) return false;
  const [first = 0] = new Uint8Array(await read(log, HEADER_BYTES, HEADER_BYTES + 1));
  return first !== 0;
}

async function poolFiles(directory: FileSystemDirectoryHandle): Promise<File[]> {
  try {
    return await Promise.all((await poolIn(directory)).map((handle) => handle.getFile()));
  } catch (error) {
    // There is no pool, or it is just being made or taken away.
    if (error instanceof DOMException && error.name === "NotFoundError") return [];
    throw unreadable(error);
  }
}

async function nameOf(file: File): Promise<string> {
  const text = new TextDecoder().decode(await read(file, 0, NAME_BYTES));
  return text.slice(0, text.indexOf("\0"));
}

/** Some of a file's bytes. Rejects with `io` where somebody has changed it since it was found. */
async function read(file: File, from: number, to?: number): Promise<ArrayBuffer> {
  try {
    return await file.slice(from, to).arrayBuffer();
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(error: unknown): FreeholdError {
  const message = `the stored files could not be read: ${String(error)}`;
  return new FreeholdError({ code: "io", message });
}

async function isMarked(directory: FileSystemDirectoryHandle): Promise<boolean> {
  try {
    await directory.getFileHandle(USED_FILE);
    return true;
  } catch {
    return false;
  }
}

async function mark(directory: FileSystemDirectoryHandle): Promise<void> {
  // Where there is no room for it, a loss is noticed a little later: nothing else hangs on it.
  await directory.getFileHandle(USED_FILE, { create: true }).catch(() => undefined);
}
