/**
 * What the browser keeps, and how well.
 *
 * @packageDocumentation
 */

import { FreeholdError } from "./error.js";

/** How each database's directory is named. */
const DIRECTORY_PREFIX = ".freehold-";

/** How well the browser keeps what is stored. */
export type StorageHealth = KeptStorage | NoStorage;

/** The browser keeps databases here. */
export interface KeptStorage {
  /**
   * `persistent`: until the user removes them. `evictable`: the browser may clear them when space
   * runs short; `keepStorage` asks it not to.
   */
  readonly kind: "persistent" | "evictable";
  /** Bytes that this origin uses, as the browser estimates them. */
  readonly usedBytes: number;
  /** Bytes that this origin may use, as the browser estimates them. */
  readonly quotaBytes: number;
  /** Bytes that are left; a write that needs more rejects with `storage_full`. */
  readonly availableBytes: number;
}

/** The browser keeps no database here: `open` rejects with `no_opfs`. */
export interface NoStorage {
  /** Nothing is kept. */
  readonly kind: "unavailable";
  /**
   * `insecure_context`: the page's address is neither `https:` nor `localhost`. `refused`: the
   * browser has it and gives nothing here, as in some browsers' private windows. `unsupported`: the
   * browser is too old.
   */
  readonly reason: "insecure_context" | "refused" | "unsupported";
  /** Nothing. */
  readonly usedBytes: 0;
  /** Nothing. */
  readonly quotaBytes: 0;
  /** Nothing. */
  readonly availableBytes: 0;
}

/** How well the browser keeps databases here. Never rejects. */
export async function storageHealth(): Promise<StorageHealth> {
  try {
    await root();
    const [persisted, { usage = 0, quota = 0 }] = await Promise.all([
      navigator.storage.persisted(),
      navigator.storage.estimate(),
    ]);
    return {
      kind: persisted ? "persistent" : "evictable",
      usedBytes: usage,
      quotaBytes: quota,
      availableBytes: Math.max(0, quota - usage),
    };
  } catch {
    const none = { usedBytes: 0, quotaBytes: 0, availableBytes: 0 } as const;
    return { kind: "unavailable", reason: reasonOfNone(), ...none };
  }
}

function reasonOfNone(): NoStorage["reason"] {
  const { isSecureContext, navigator: here } = globalThis as {
    isSecureContext?: boolean;
    navigator?: { storage?: { getDirectory?: unknown } };
  };
  if (isSecureContext === false) return "insecure_context";
  return here?.storage?.getDirectory ? "refused" : "unsupported";
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

/** @internal The directory of a database. Rejects where there is none. */
export async function databaseDirectory(name: string): Promise<FileSystemDirectoryHandle> {
  return (await root()).getDirectoryHandle(`${DIRECTORY_PREFIX}${name}`);
}

function root(): Promise<FileSystemDirectoryHandle> {
  return navigator.storage.getDirectory();
}

function namesIn(directory: FileSystemDirectoryHandle): AsyncIterable<string> {
  return (directory as unknown as { keys(): AsyncIterable<string> }).keys();
}
