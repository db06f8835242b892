/**
 * What the browser keeps, and how well.
 *
 * @packageDocumentation
 */

import { FreeholdError } from "./error.js";

/** How each database's directory is named. */
const DIRECTORY_PREFIX = ".freehold-";

/** How well the browser keeps what is stored. */
export interface StorageHealth {
  /**
   * `persistent`: until the user removes it. `evictable`: the browser may clear it when space runs
   * short. `unavailable`: nothing is kept here.
   */
  readonly kind: "persistent" | "evictable" | "unavailable";
  /** Bytes that this origin uses, as the browser estimates them. */
  readonly usedBytes: number;
  /** Bytes that this origin may use, as the browser estimates them. */
  readonly quotaBytes: number;
}

/** How well the browser keeps databases here. Never rejects. */
export async function storageHealth(): Promise<StorageHealth> {
  try {
    await root();
    const [persisted, { usage = 0, quota = 0 }] = await Promise.all([
      navigator.storage.persisted(),
      navigator.storage.estimate(),
    ]);
    const kind = persisted ? "persistent" : "evictable";
    return { kind, usedBytes: usage, quotaBytes: quota };
  } catch {
    return { kind: "unavailable", usedBytes: 0, quotaBytes: 0 };
  }
}

/** Asks the browser not to clear this origin's databases by itself; whether it agreed. */
export async function keepStorage(): Promise<boolean> {
  return (await navigator.storage?.persist?.()) ?? false;
}

/** The names of the databases that the browser keeps here; none where it keeps nothing. */
export async function databases(): Promise<string[]> {
  try {
    const names: string[] = [];
    for await (const name of namesIn(await root())) {
      if (name.startsWith(DIRECTORY_PREFIX)) names.push(name.slice(DIRECTORY_PREFIX.length));
    }
    return names.sort();
  } catch {
    return [];
  }
}

/**
 * Removes a database with its backups for good; whether there was one.
 *
 * Rejects with `held_by_another_tab` while it is open somewhere, this page included.
 */
export async function removeDatabase(name: string): Promise<boolean> {
  try {
    await (await root()).removeEntry(`${DIRECTORY_PREFIX}${name}`, { recursive: true });
    return true;
  } catch (error) {
    const reason = error instanceof DOMException ? error.name : "";
    if (reason === "NotFoundError") return false;
    if (reason === "NoModificationAllowedError") {
      const message = `the database ${JSON.stringify(name)} is open; close it first`;
      throw new FreeholdError({ code: "held_by_another_tab", message });
    }
    throw new FreeholdError({ code: "no_opfs", message: String(error) });
  }
}

function root(): Promise<FileSystemDirectoryHandle> {
  return navigator.storage.getDirectory();
}

function namesIn(directory: FileSystemDirectoryHandle): AsyncIterable<string> {
  return (directory as unknown as { keys(): AsyncIterable<string> }).keys();
}
