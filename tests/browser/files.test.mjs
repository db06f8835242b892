// The files of a stored database: damaged ones are noticed and nothing starts empty in silence,
// their bytes can be had, and a backup takes their place.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";

import { HARNESS, damage, load, openDatabase, openHarness, within } from "./harness.mjs";
import { useBrowser } from "./support.mjs";
import { killWorker } from "./tabs.mjs";

const run = promisify(execFile);

const MODEL = {
  name: "notebook",
  tables: { notes: { columns: { body: { type: "text", max: 100_000 } } } },
};

/** In a page: how long the log of a stored database is, with its pool's header. */
async function logLength(name) {
  const root = await navigator.storage.getDirectory();
  const directory = await root.getDirectoryHandle(`.freehold-${name}`);
  for await (const handle of (await directory.getDirectoryHandle(".opaque")).values()) {
    const file = await handle.getFile();
    if ((await file.slice(0, 512).text()).startsWith("freehold.db-wal\0")) return file.size;
  }
  return 0;
}

describe("the files of a database", () => {
  const { browser, site } = useBrowser(HARNESS);

  /** A page with a database that has some rows, and a backup of it as `globalThis.backup`. */
  async function openFilled(name, rows = 3) {
    const page = await openHarness(browser.context, site.address);
    await openDatabase(page, { name, model: MODEL });
    await within(
      page,
      async (rows) => {
        await db.init();
        const many = Array.from({ length: rows }, (_, at) => ({ body: `${at} `.repeat(2_000) }));
        await db.owner().insertMany("notes", many);
        globalThis.backup = await db.backup();
      },
      rows,
    );
    return page;
  }

  const close = (page) => within(page, () => db.close());
  const open = (page, name) => openDatabase(page, { name, model: MODEL });
  const count = (page) => within(page, () => db.owner().count("notes"));
  const restoreDatabase = (page, name) =>
    within(page, (options) => freehold.restoreDatabase(backup, options), { name, model: MODEL });

  const HEADER_BYTES = 4096;
  const zeros = Array(HEADER_BYTES).fill(0);
  const noise = Array(200).fill(0xab);

  for (const [what, harm, code, isRescued] of [
    ["cut to nothing", { size: 0 }, "corrupt", false],
    ["cut to its header", { size: HEADER_BYTES }, "corrupt", false],
    ["no longer known by its name", { at: 0, bytes: zeros }, "corrupt", true],
    ["known by a name that can't be", { at: 0, bytes: noise }, "corrupt", true],
    ["no SQLite file any more", { at: HEADER_BYTES, bytes: noise }, "not_a_database", true],
  ]) {
    it(`is told when it is ${what}, and restored from a backup`, async () => {
      const name = `damaged-${code}-${what.replace(/\W/g, "")}`;
      const page = await openFilled(name);
      await close(page);
      await damage(page, name, harm);
      await assert.rejects(open(page, name), { code });
      // Asking again changes nothing, and neither does loading the page again.
      await assert.rejects(open(page, name), { code });
      const size = await within(
        page,
        (name) => freehold.exportFile(name).then((file) => file.size, (error) => error.code),
        name,
      );
      if (isRescued) assert.ok(size > 10_000, `${size} bytes`);
      else assert.ok(size === 0 || size === "not_found", `${size}`);

      await restoreDatabase(page, name);
      await open(page, name);
      assert.equal(await count(page), 3);
      assert.deepEqual(await within(page, () => db.inspect()), []);
      await page.close();
    });
  }

  it("can be had as bytes, which open elsewhere, though its name was lost", async () => {
    const page = await openFilled("lost-name", 5);
    await close(page);
    await damage(page, "lost-name", { at: 0, bytes: zeros });
    const counted = await within(
      page,
      async (model) => {
        const file = await freehold.exportFile("lost-name");
        const other = await freehold.open({ name: "x", model, storage: "memory" });
        await other.restore(file);
        const counted = await other.owner().count("notes");
        await other.close();
        return [file.name.startsWith("lost-name-"), counted];
      },
      MODEL,
    );
    assert.deepEqual(counted, [true, 5]);
    await page.close();
  });

  it("can be had with the log that a crash left, which SQLite reads", async () => {
    const page = await openFilled("crashed", 4);
    await killWorker(page);
    await page.close();
    const other = await openHarness(browser.context, site.address);
    const files = await within(other, async () => {
      const both = [await freehold.exportFile("crashed"), await freehold.exportLog("crashed")];
      const bytes = async (file) => [...new Uint8Array(await file.arrayBuffer())];
      return Promise.all(both.map(async (file) => [file.name, await bytes(file)]));
    });
    const folder = mkdtempSync(join(tmpdir(), "freehold-crashed-"));
    const [[, database], [log, written]] = files;
    writeFileSync(join(folder, "crashed.db"), Buffer.from(database));
    writeFileSync(join(folder, log), Buffer.from(written));
    const read = [
      "import sqlite3, sys",
      'print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM notes").fetchone()[0])',
    ].join("\n");
    const { stdout } = await run("python3", ["-c", read, join(folder, "crashed.db")]);
    assert.equal(stdout.trim(), "4");
    rmSync(folder, { recursive: true });

    const nothing = () => freehold.exportLog("never-made").then((file) => file === undefined);
    assert.ok(await within(other, nothing));
    await other.close();
  });

  for (const [what, rows, restMs, isEmptied] of [
    ["was emptied", 200, 1000, true],
    ["holds what was written last", 3, 0, false],
  ]) {
    it(`is told when it is cut to its header beside a log that ${what}`, async () => {
      const name = `beside-log-${rows}`;
      const page = await openFilled(name, rows);
      // The log is emptied in a quiet moment, and keeps its length.
      await within(page, (ms) => new Promise((quiet) => setTimeout(quiet, ms)), restMs);
      await killWorker(page);
      await page.close();
      const other = await openHarness(browser.context, site.address);
      const length = await within(other, logLength, name);
      assert.ok(length > 50_000, `${length} bytes`);
      const isNone = () =>
        within(other, (name) => freehold.exportLog(name).then((log) => log === undefined), name);
      assert.equal(await isNone(), isEmptied);
      await damage(other, name, { size: HEADER_BYTES });
      await assert.rejects(open(other, name), { code: "corrupt" });
      const exported = (name) =>
        freehold.exportFile(name).then((file) => file.size, (error) => error.code);
      assert.equal(await within(other, exported, name), 0);
      // Where no name is left either, nothing is larger than the log, which is no database.
      await damage(other, name, { at: 0, bytes: zeros });
      assert.equal(await within(other, exported, name), "not_found");
      assert.equal(await isNone(), isEmptied);
      await other.close();
    });
  }

  it("can be had as the backups that were made before the schema changed", async () => {
    const page = await openFilled("migrated", 4);
    const { backup } = await within(page, () => db.migrate.down({ to: "0" }));
    await within(page, () => db.init());
    assert.equal(await count(page), 0);
    const backups = await within(page, () => freehold.backupsOf("migrated"));
    assert.deepEqual(backups, [backup]);
    await within(
      page,
      async (backup) => db.restore(await freehold.exportFile("migrated", backup)),
      backup,
    );
    assert.equal(await count(page), 4);
    const missing = () => freehold.exportFile("migrated", "freehold.db.backup-9999-x");
    await assert.rejects(within(page, missing), { code: "not_found" });
    await close(page);
    await within(page, () => freehold.removeDatabase("migrated"));
    assert.deepEqual(await within(page, () => freehold.backupsOf("migrated")), []);
    await page.close();
  });

  it("is told to change while it is read", async () => {
    const page = await openFilled("changing", 4);
    await close(page);
    const codes = await within(page, async () => {
      Blob.prototype.arrayBuffer = () =>
        Promise.reject(new DOMException("it was changed", "NotReadableError"));
      const calls = [freehold.exportFile, freehold.exportLog, freehold.backupsOf];
      return Promise.all(calls.map((call) => call("changing").catch(({ code }) => code)));
    });
    assert.deepEqual(codes, ["io", "io", "io"]);
    await page.close();
  });

  it("says that it is corrupt where a part of it is gone", async () => {
    const page = await openFilled("half", 50);
    await close(page);
    await damage(page, "half", { size: HEADER_BYTES + 100_000 });
    const read = async () => {
      await open(page, "half");
      await within(page, () => db.owner().list("notes", { limit: 1000 }));
    };
    await assert.rejects(read(), { code: "corrupt" });
    await within(page, () => globalThis.db?.close()).catch(() => {});
    await restoreDatabase(page, "half");
    await open(page, "half");
    assert.equal(await count(page), 50);
    await page.close();
  });

  it("starts empty where there never was anything, and after it was removed", async () => {
    const page = await openHarness(browser.context, site.address);
    for (let round = 0; round < 3; round += 1) {
      await open(page, "never-used");
      await assert.rejects(count(page), { code: "not_initialized" });
      await close(page);
    }
    const filled = await openFilled("removed");
    await close(filled);
    await within(filled, () => freehold.removeDatabase("removed"));
    await open(filled, "removed");
    await assert.rejects(count(filled), { code: "not_initialized" });
    await page.close();
    await filled.close();
  });

  it("gives way to a backup while it is open, for good", async () => {
    const page = await openFilled("restored", 20);
    await within(page, async () => {
      await db.owner().insert("notes", { body: "later" });
      await db.restore(backup);
      await db.owner().insert("notes", { body: "after" });
    });
    assert.equal(await count(page), 21);
    await load(page);
    await open(page, "restored");
    assert.equal(await count(page), 21);
    assert.deepEqual(await within(page, () => db.inspect()), []);
    assert.deepEqual(await within(page, () => db.verifyAudit()), []);
    await page.close();
  });

  it("stays as it is where the backup is none", async () => {
    const page = await openFilled("kept");
    for (const [harm, code] of [
      ["new Blob(['hello'])", "not_a_database"],
      ["backup.slice(0, backup.size / 2)", "corrupt"],
    ]) {
      const restore = (harm) => db.restore(new Function(`return ${harm}`)());
      await assert.rejects(within(page, restore, harm), { code });
      assert.equal(await count(page), 3);
    }
    await assert.rejects(restoreDatabase(page, "kept"), { code: "held_by_another_tab" });
    await close(page);
    const other = (model) =>
      freehold.restoreDatabase(backup, { name: "kept", model: { ...model, name: "other" } });
    await assert.rejects(within(page, other, MODEL), { code: "other_model" });
    await open(page, "kept");
    assert.equal(await count(page), 3);
    await page.close();
  });

  it("stays as it is where the browser has no room for the backup", async () => {
    const page = await openFilled("no-room", 1_000);
    await close(page);
    await within(page, () => freehold.removeDatabase("no-room"));
    await openDatabase(page, { name: "no-room", model: MODEL });
    await within(page, () => db.init());
    await within(page, () => db.owner().insert("notes", { body: "mine" }));
    const session = await browser.context.newCDPSession(page);
    const quota = (size) =>
      session.send("Storage.overrideQuotaForOrigin", { origin: site.address, ...size });
    const { usedBytes } = await within(page, () => freehold.storageHealth());
    await quota({ quotaSize: usedBytes + 600_000 });
    await assert.rejects(within(page, () => db.restore(backup)), { code: "storage_full" });
    assert.equal(await count(page), 1);
    await within(page, () => db.owner().insert("notes", { body: "still" }));
    await quota({});
    await within(page, () => db.restore(backup));
    assert.equal(await count(page), 1_000);
    await page.close();
  });

  it("goes on replacing where that was cut short", async () => {
    const page = await openFilled("cut-short", 7);
    await close(page);
    // As the page would have left it between taking the old file away and naming the new one.
    const name = [...new TextEncoder().encode("freehold.db.replacement")];
    await damage(page, "cut-short", { at: 0, bytes: name });
    await open(page, "cut-short");
    assert.equal(await count(page), 7);
    await load(page);
    await open(page, "cut-short");
    assert.equal(await count(page), 7);
    await page.close();
  });
});

describe("a page that is gone while a backup takes a database's place", () => {
  const KILLS = 8;
  const { browser, site } = useBrowser(HARNESS);

  /** What stands in the database: as many rows of one kind as there are, or nothing usable. */
  const look = (page) =>
    within(page, async () => {
      const { rows } = await db.owner().sql`SELECT body, count(*) FROM notes GROUP BY body`;
      return { rows, findings: await db.inspect() };
    });

  /** Two backups of a database: 2,000 rows of the one kind, and of the other. */
  const prepare = (page, name) =>
    within(
      page,
      async ({ name, model }) => {
        globalThis.db = await freehold.open({ name, model });
        await db.init();
        globalThis.backups = {};
        for (const kind of ["old", "new"]) {
          const body = kind.repeat(200);
          await db.owner().insertMany("notes", Array.from({ length: 2_000 }, () => ({ body })));
          backups[kind] = await db.backup();
          await db.owner().sql`DELETE FROM notes`;
        }
        await db.restore(backups.old);
        const start = performance.now();
        await db.restore(backups.old);
        return performance.now() - start;
      },
      { name, model: MODEL },
    );

  for (const [what, restore] of [
    ["an open database", () => db.restore(backups.new)],
    [
      "a closed one",
      async ({ name, model }) => {
        await db.close();
        await freehold.restoreDatabase(backups.new, { name, model });
      },
    ],
  ]) {
    it(`leaves ${what} as it was, or as the backup has it`, async () => {
      const seen = new Set();
      for (let kill = 0; kill < KILLS; kill += 1) {
        const name = `killed-${what.replace(/\W/g, "")}-${kill}`;
        const page = await openHarness(browser.context, site.address);
        const durationMs = await prepare(page, name);
        const restored = within(page, restore, { name, model: MODEL }).catch(() => {});
        await new Promise((done) => setTimeout(done, (durationMs * 1.5 * kill) / KILLS));
        await page.close();
        await restored;

        const next = await openHarness(browser.context, site.address);
        await openDatabase(next, { name, model: MODEL });
        const { rows, findings } = await look(next);
        assert.deepEqual(findings, [], `kill ${kill}`);
        assert.equal(rows.length, 1, `kill ${kill}`);
        const [[body, count]] = rows;
        assert.equal(count, 2_000, `kill ${kill}`);
        seen.add(body.slice(0, 3));
        await next.close();
      }
      assert.ok([...seen].every((kind) => kind === "old" || kind === "new"), [...seen].join());
    });
  }
});

describe("what the browser keeps", () => {
  const { browser, site } = useBrowser(HARNESS);

  it("is told with what is used and what is left", async () => {
    const page = await openHarness(browser.context, site.address);
    const health = await within(page, () => freehold.storageHealth());
    assert.ok(["persistent", "evictable"].includes(health.kind));
    assert.equal(health.availableBytes, health.quotaBytes - health.usedBytes);
    assert.equal(typeof (await within(page, () => freehold.keepStorage())), "boolean");
    await page.close();
  });

  it("is nothing, with the reason, where the page is no secure context", async () => {
    const insecure = site.address.replace("127.0.0.1", "insecure.test");
    const page = await openHarness(browser.context, insecure);
    assert.deepEqual(await within(page, () => freehold.storageHealth()), {
      kind: "unavailable",
      reason: "insecure_context",
      usedBytes: 0,
      quotaBytes: 0,
      availableBytes: 0,
    });
    await page.close();
  });

  it("is nothing, with the reason, where the browser refuses it or does not know it", async () => {
    const reasonIf = async (script) => {
      const page = await browser.context.newPage();
      await page.addInitScript(script);
      await load(page, site.address);
      const { reason } = await within(page, () => freehold.storageHealth());
      await page.close();
      return reason;
    };
    const refuse =
      "StorageManager.prototype.getDirectory = () => " +
      "Promise.reject(new DOMException('', 'SecurityError'))";
    assert.equal(await reasonIf(refuse), "refused");
    const forget = "delete StorageManager.prototype.getDirectory";
    assert.equal(await reasonIf(forget), "unsupported");
  });
});
