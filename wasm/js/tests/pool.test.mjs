// A stored database's pool, opened as it was found a little earlier.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import { findPool, openPool, rememberNames } from "../dist/pool.js";

/** A file that is open once at most. */
class FileHandle {
  kind = "file";
  open = 0;

  constructor(name) {
    this.name = name;
  }

  async createSyncAccessHandle() {
    if (this.open > 0) throw new DOMException("open", "NoModificationAllowedError");
    this.open += 1;
    const close = () => {
      this.open -= 1;
    };
    return { close };
  }
}

class DirectoryHandle {
  kind = "directory";

  constructor(name, entries) {
    Object.assign(this, { name, entries });
  }

  async getFileHandle(name) {
    return this.entries.find((entry) => entry.name === name);
  }

  getDirectoryHandle(name) {
    return this.getFileHandle(name);
  }

  async *values() {
    yield* this.entries;
  }
}

describe("a pool", () => {
  before(() => {
    globalThis.FileSystemFileHandle = FileHandle;
    globalThis.FileSystemDirectoryHandle = DirectoryHandle;
    rememberNames();
  });

  const made = () => {
    const files = ["a", "b"].map((name) => new FileHandle(name));
    const pool = new DirectoryHandle(".opaque", files);
    const lock = new FileHandle(".lock");
    return { files, pool, lock, database: new DirectoryHandle("db", [lock, pool]) };
  };
  const opened = ({ lock, pool }) => [lock, ...pool.entries].filter(({ open }) => open > 0).length;

  it("is opened whole", async () => {
    const all = made();
    await openPool(await findPool(all.database));
    assert.equal(opened(all), 3);
  });

  for (const [what, change] of [
    ["has another file by now", ({ pool }) => pool.entries.push(new FileHandle("c"))],
    ["has one less", ({ pool }) => pool.entries.pop()],
    ["has a file that is open elsewhere", ({ files }) => files[1].createSyncAccessHandle()],
  ]) {
    it(`is not opened where it ${what}`, async () => {
      const all = made();
      const found = await findPool(all.database);
      change(all);
      const before = opened(all);
      await assert.rejects(openPool(found), /open elsewhere/);
      assert.equal(opened(all), before);
    });
  }
});
