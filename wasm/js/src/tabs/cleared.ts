/**
 * Whether the files of an open database were removed under it: by the user who clears the site's
 * data, or by the browser that makes room. Writing to removed files succeeds and is lost.
 *
 * @packageDocumentation
 */

import { FreeholdError } from "../error.js";

/** How long files are taken to be there since they were last seen. */
const TRUST_MS = 1000;

/** Looks after the directory of one open database. */
export class PoolWatch {
  readonly #directory: Promise<FileSystemDirectoryHandle>;
  readonly #gone: () => void;
  #seenAt = performance.now();
  #isLooking = false;

  /** Watches over the files of an open database; calls back when they are found to be gone. */
  constructor(name: string, gone: () => void) {
    const directory = navigator.storage.getDirectory();
    this.#directory = directory.then((root) => root.getDirectoryHandle(`.freehold-${name}`));
    this.#gone = gone;
  }

  /** Looks, at most once a second. */
  look(): void {
    if (this.#isLooking || performance.now() - this.#seenAt < TRUST_MS) return;
    this.#isLooking = true;
    void this.#isThere().then((isThere) => {
      this.#isLooking = false;
      this.#seenAt = performance.now();
      if (!isThere) this.#gone();
    });
  }

  async #isThere(): Promise<boolean> {
    try {
      const directory = await this.#directory;
      for await (const _ of (directory as unknown as { keys(): AsyncIterable<string> }).keys()) {
        return true;
      }
      return false;
    } catch {
      return false;
    }
  }
}

/** What is said of a database whose files are gone. */
export function cleared(): FreeholdError {
  const message =
    "the database's files were removed while it was open, and what was in them is gone; " +
    "reload the page to begin anew";
  return new FreeholdError({ code: "storage_cleared", message });
}
