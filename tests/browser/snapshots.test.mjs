// Starts that go on from a copy of the core's memory: what they know, and what they do without.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { HARNESS, damage, load, openDatabase, openHarness, within } from "./harness.mjs";
import { useBrowser } from "./support.mjs";
import { killWorker } from "./tabs.mjs";

const MODEL = "workflow";

/** Whether the page's core went on from a snapshot. */
async function isResumed(page) {
  const marks = () => performance.getEntriesByName("freehold-resumed").length;
  const counts = await Promise.all(page.workers().map((worker) => worker.evaluate(marks)));
  return counts.some((count) => count > 0);
}

/** What is kept of a snapshot: its head, and its file's bytes as Latin-1; none if there is none. */
function snapshotOf(page, name) {
  return within(
    page,
    async (name) => {
      const root = await navigator.storage.getDirectory();
      const directory = await root.getDirectoryHandle(`.freehold-${name}`);
      const handle = await directory.getFileHandle("snapshot").catch(() => undefined);
      // It may be written at this moment.
      const buffer = await (await handle?.getFile())?.arrayBuffer().catch(() => undefined);
      if (!buffer || buffer.byteLength < 36) return null;
      const length = new DataView(buffer).getUint32(32, true);
      const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 36, length)));
      return { head, text: new TextDecoder("latin1").decode(buffer) };
    },
    name,
  );
}

/** Resolves with the snapshot once it is such a one. */
async function hasSnapshot(page, name, fits = () => true) {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = await snapshotOf(page, name);
    if (found && fits(found.head)) return found;
    await page.waitForTimeout(50);
  }
  throw new Error("there is no such snapshot");
}

const insert = (page, slug) =>
  within(page, (slug) => db.owner().insert("tenants", { name: slug, slug }), slug);

const slugs = (page) =>
  within(page, async () => {
    const { rows } = await db.owner().list("tenants", { order: ["slug"], limit: 200 });
    return rows.map(({ slug }) => slug).filter((slug) => slug.startsWith("s-"));
  });

/** In a page: digests of all files of a stored database's pool. */
async function poolFiles(name) {
  const root = await navigator.storage.getDirectory();
  const directory = await root.getDirectoryHandle(`.freehold-${name}`);
  const digests = [];
  for await (const handle of (await directory.getDirectoryHandle(".opaque")).values()) {
    const bytes = await (await handle.getFile()).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    digests.push(`${handle.name} ${bytes.byteLength} ${digest}`);
  }
  return digests.sort();
}

describe("a start", () => {
  const { browser, site } = useBrowser(HARNESS);

  /** A page in which the database is open. */
  async function visit(name, options = {}) {
    const page = await openHarness(browser.context, site.address);
    await openDatabase(page, { name, model: MODEL, ...options });
    return page;
  }

  /** A database with a snapshot, after as many starts as that takes; its slugs. */
  async function prepare(name) {
    const first = await visit(name);
    await within(first, () => db.init({ seed: "development" }));
    await insert(first, "s-first");
    await first.close();
    for (const slug of ["s-learns", "s-prepares"]) {
      const page = await visit(name);
      await insert(page, slug);
      await slugs(page);
      const isWhole = ({ prepared, statements }) => prepared === statements.length;
      await hasSnapshot(page, name, slug === "s-learns" ? undefined : isWhole);
      await page.close();
    }
    return ["s-first", "s-learns", "s-prepares"];
  }

  it("goes on from a snapshot, and sees what was written since", async () => {
    const name = "resumed";
    const written = await prepare(name);
    for (const slug of ["s-third", "s-fourth", "s-fifth"]) {
      const page = await visit(name);
      assert.ok(await isResumed(page));
      assert.deepEqual(await slugs(page), written.toSorted());
      await insert(page, slug);
      written.push(slug);
      assert.deepEqual(await slugs(page), written.toSorted());
      // Once with the log emptied in a quiet moment, once without, and once after closing.
      if (slug === "s-fourth") await page.waitForTimeout(600);
      if (slug === "s-fifth") await within(page, () => db.close());
      await page.close();
    }
    const page = await visit(name);
    assert.ok(await isResumed(page));
    assert.deepEqual(await slugs(page), written.toSorted());
    await page.close();
  });

  it("does everything afterwards that another does", async () => {
    const name = "resumed-whole";
    const written = await prepare(name);
    const page = await visit(name);
    assert.ok(await isResumed(page));
    const said = await within(page, async () => {
      const { migrated } = await db.init();
      const credentials = { email: "admin@example.com", password: "admin123" };
      const role = await db.session(await db.authenticate(credentials)).role();
      const heard = new Promise((heard) => {
        db.owner().live({ table: "tenants", filter: { slug: "s-live" } }, ({ rows }) => {
          if (rows.length > 0) heard(rows[0].name);
        });
      });
      await db.owner().insert("tenants", { name: "heard of", slug: "s-live" });
      const { findings } = await db.verify();
      globalThis.backup = await db.backup();
      return { migrations: migrated.migrations, role, heard: await heard, findings };
    });
    written.push("s-live");
    assert.deepEqual(said, { migrations: [], role: "ADMIN", heard: "heard of", findings: [] });
    const drift = await within(page, () => db.drift());
    assert.deepEqual(drift.differences, []);
    // Opened again in the same page, and restored.
    await within(page, () => db.close());
    await openDatabase(page, { name, model: MODEL });
    await insert(page, "s-lost");
    await within(page, () => db.restore(backup));
    assert.deepEqual(await slugs(page), written.toSorted());
    await killWorker(page);
    await insert(page, "s-after");
    written.push("s-after");
    assert.deepEqual(await slugs(page), written.toSorted());
    await page.close();
  });

  it("opens it again in the same core, for a tab that brings a key", async () => {
    const name = "reopened";
    const written = await prepare(name);
    const page = await visit(name);
    assert.ok(await isResumed(page));
    const other = await openHarness(browser.context, site.address);
    const options = { name, model: MODEL };
    await within(
      other,
      async (options) => {
        const masterKey = new Uint8Array(32).fill(7);
        globalThis.db = await freehold.open({ ...options, masterKey });
      },
      options,
    );
    await insert(other, "s-other");
    written.push("s-other");
    for (const each of [page, other]) assert.deepEqual(await slugs(each), written.toSorted());
    // A backup takes a slot of the pool, which that core had as objects of an earlier start.
    const run = await within(page, () => db.migrate.down({ to: "0" }));
    assert.ok(run.backup);
    await other.close();
    await page.close();
  });

  it("is an ordinary one where anything speaks against it", async () => {
    const name = "ordinary";
    const written = await prepare(name);
    const harm = (page, what) =>
      within(
        page,
        async ({ name, what }) => {
          const root = await navigator.storage.getDirectory();
          const directory = await root.getDirectoryHandle(`.freehold-${name}`);
          const handle = await directory.getFileHandle("snapshot");
          const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
          const content = bytes.subarray(32);
          const length = new DataView(content.buffer, 32).getUint32(0, true);
          const text = new TextDecoder().decode(content.subarray(4, 4 + length));
          const head = JSON.parse(text);
          const other = {
            "another build": { ...head, build: "0,1" },
            "files that lie elsewhere": { ...head, layout: `${head.layout} ` },
            "a database that is another": { ...head, name: "1-2-3-4" },
            "another table of objects": { ...head, length: head.length + 1 },
            "a file that is missing": { ...head, objects: [[1500, "open nothing"]] },
            "a part beyond its memory": { ...head, parts: [[head.size, head.size + 4096]] },
          }[what];
          const parts = [content.subarray(4 + length)];
          if (other) {
            const text = new TextEncoder().encode(JSON.stringify(other));
            parts.unshift(Uint32Array.of(text.length), text);
          } else parts.unshift(content.subarray(0, 4 + length));
          let changed = new Uint8Array(await new Blob(parts).arrayBuffer());
          const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", changed));
          if (what === "a byte that is another") changed[changed.length - 100_000] ^= 1;
          if (what === "an end that is missing") changed = changed.subarray(0, -4096);
          const writable = await handle.createWritable();
          await writable.write(digest);
          await writable.write(changed);
          await writable.close();
        },
        { name, what },
      );
    for (const [at, what] of [
      "a byte that is another",
      "an end that is missing",
      "another build",
      "files that lie elsewhere",
      "a database that is another",
      "another table of objects",
      "a file that is missing",
      "a part beyond its memory",
    ].entries()) {
      const before = await openHarness(browser.context, site.address);
      const { head } = await snapshotOf(before, name);
      await harm(before, what);
      await load(before);
      await openDatabase(before, { name, model: MODEL });
      assert.equal(await isResumed(before), false, what);
      assert.deepEqual(await slugs(before), written.toSorted(), what);
      await insert(before, `s-other-${at}`);
      written.push(`s-other-${at}`);
      await hasSnapshot(before, name, ({ name: id }) => ![head.name, "1-2-3-4"].includes(id));
      await before.close();
      const after = await visit(name);
      assert.ok(await isResumed(after), `there is a new one after ${what}`);
      assert.deepEqual(await slugs(after), written.toSorted(), what);
      await after.close();
    }
    const page = await visit(name, { backups: 1 });
    assert.equal(await isResumed(page), false, "another request");
    await page.close();
  });

  /** A database with a snapshot and a log, and then a harmed file; opening must say `code`. */
  async function refusesHarmed(name, harm, code) {
    await prepare(name);
    return refuses(name, harm, code);
  }

  async function refuses(name, harm, code, model = MODEL) {
    const page = await openHarness(browser.context, site.address);
    await damage(page, name, harm);
    const before = await within(page, poolFiles, name);
    await assert.rejects(openDatabase(page, { name, model }), { code });
    const after = await within(page, poolFiles, name);
    await page.close();
    return [before, after];
  }

  for (const [what, harm] of [
    ["is cut to nothing", { size: 0 }],
    ["is cut to its header", { size: 4096 }],
    ["has lost its name", { at: 0, bytes: Array(4096).fill(0) }],
  ]) {
    it(`tells that a file ${what}, and leaves it and its log as they are`, async () => {
      const name = `harmed-${what.replace(/\W/g, "")}`;
      const [before, after] = await refusesHarmed(name, harm, "corrupt");
      assert.deepEqual(after, before);
    });
  }

  it("tells that a file is cut to its header where the log has its first page", async () => {
    const name = "harmed-but-for-the-log";
    const model = { name: "notebook", tables: { notes: { columns: { body: { type: "text" } } } } };
    for (const start of [1, 2, 3]) {
      const page = await visit(name, { model });
      await within(page, () => db.init());
      if (start > 1) await hasSnapshot(page, name);
      await page.waitForTimeout(1000);
      // The file grows in the log alone: where that was emptied, its first page comes again.
      await within(page, async () => {
        const note = { body: "long ".repeat(600) };
        for (let at = 0; at < 12; at += 1) await db.owner().insert("notes", note);
      });
      await page.close();
    }
    const [before, after] = await refuses(name, { size: 4096 }, "corrupt", model);
    assert.deepEqual(after, before);
  });

  it("tells that a file is none of SQLite's any more", async () => {
    const harm = { at: 4096, bytes: Array(200).fill(7) };
    await refusesHarmed("harmed-header", harm, "not_a_database");
  });

  it("leaves a snapshot where the device is slow, too", async () => {
    const name = "slow";
    const { context } = browser;
    await context.route("**/web/worker.js", async (route) => {
      const response = await route.fetch();
      const slow = () => {
        const { prototype } = FileSystemFileHandle;
        const { createSyncAccessHandle } = prototype;
        prototype.createSyncAccessHandle = async function (...given) {
          await new Promise((over) => setTimeout(over, 150));
          return createSyncAccessHandle.apply(this, given);
        };
      };
      await route.fulfill({ response, body: `(${slow})();\n${await response.text()}` });
    });
    const first = await visit(name);
    await within(first, () => db.init());
    await first.close();
    const second = await visit(name);
    assert.deepEqual(await slugs(second), []);
    await hasSnapshot(second, name);
    await second.close();
    await context.unrouteAll();
    const third = await visit(name);
    assert.ok(await isResumed(third));
    await third.close();
  });

  it("does not go on with another database in the same files", async () => {
    const name = "replaced";
    await prepare(name);
    const page = await visit(name);
    await within(page, async () => {
      const other = await freehold.open({ name: "x", model: "workflow", storage: "memory" });
      await other.init();
      await other.owner().insert("tenants", { name: "other", slug: "s-other" });
      globalThis.other = await other.backup();
      await db.close();
    });
    const options = { name, model: MODEL };
    await within(page, (options) => freehold.restoreDatabase(other, options), options);
    await load(page);
    await openDatabase(page, options);
    assert.equal(await isResumed(page), false);
    assert.deepEqual(await slugs(page), ["s-other"]);
    await insert(page, "s-own");
    assert.deepEqual(await slugs(page), ["s-other", "s-own"]);
    await page.close();
  });

  it("reads a schema again that changed since", async () => {
    const name = "changed";
    // A backup would lie where another file was.
    const options = { model: "carcosa", backups: 0 };
    const users = (page) => within(page, () => db.owner().count("users"));
    for (let starts = 0; starts < 4; starts += 1) {
      const page = await visit(name, options);
      await within(page, () => db.init({ seed: "development" }));
      await users(page);
      assert.equal(await isResumed(page), starts >= 2, `start ${starts}`);
      if (starts > 0) await hasSnapshot(page, name);
      await page.close();
    }
    // Back by one migration in one start, and forth again in the next one.
    const back = await visit(name, options);
    const count = await users(back);
    const run = await within(back, () => db.migrate.down({ to: "20250820132603" }));
    assert.equal(run.migrations.length, 1);
    await back.close();
    for (const migrations of [1, 0]) {
      const page = await visit(name, options);
      assert.ok(await isResumed(page));
      const { migrated } = await within(page, () => db.init());
      assert.equal(migrated.migrations.length, migrations);
      assert.equal(await users(page), count);
      const { differences } = await within(page, () => db.drift());
      assert.deepEqual(differences, []);
      await page.close();
    }
  });

  it("leaves no rows and no keys in a snapshot", async () => {
    const name = "secrets";
    await prepare(name);
    for (let starts = 0; starts < 3; starts += 1) {
      const page = await visit(name);
      await within(page, async (at) => {
        const slug = `s-secret-${at}`;
        await db.owner().insert("tenants", { name: "The Hidden Ltd", slug });
        await db.owner().sql("SELECT name, 'Hidden in SQL' FROM tenants WHERE slug <> 'Hidden'");
        await db.owner().list("tenants", { filter: { name: "The Hidden Ltd" } });
      }, starts);
      await page.waitForTimeout(700);
      const { text, head } = await hasSnapshot(page, name);
      assert.ok(head.statements.length > 3);
      assert.ok(!text.includes("Hidden"), "a row, or what was asked for");
      for (const slug of ["s-first", "s-learns"]) assert.ok(!text.includes(slug), slug);
      await page.close();
    }
    // The last frame of a log that nobody emptied is read when it is opened.
    const logged = "logged";
    for (let starts = 0; starts < 3; starts += 1) {
      const page = await visit(logged);
      await within(page, () => db.init());
      if (starts > 0) {
        const { text } = await hasSnapshot(page, logged);
        assert.ok(!text.includes("s-hidden"), "what the log ends with");
      }
      for (let at = 0; at < 30; at += 1) await insert(page, `s-hidden-${starts}-${at}`);
      await page.close();
    }
    const keyed = "keyed";
    for (let starts = 0; starts < 3; starts += 1) {
      const page = await openHarness(browser.context, site.address);
      await within(page, async (name) => {
        const masterKey = new Uint8Array(32).fill(7);
        globalThis.db = await freehold.open({ name, model: "carcosa", masterKey });
        await db.init();
      }, keyed);
      await page.waitForTimeout(700);
      assert.equal(await snapshotOf(page, keyed), null);
      await page.close();
    }
  });

  it("of two tabs at once, by one that resumes, again and again", async () => {
    const name = "twice";
    const written = await prepare(name);
    for (let round = 0; round < 8; round += 1) {
      const pages = await Promise.all([visit(name), visit(name)]);
      await Promise.all(pages.map((page, at) => insert(page, `s-${round}-${at}`)));
      written.push(`s-${round}-0`, `s-${round}-1`);
      for (const page of pages) assert.deepEqual(await slugs(page), written.toSorted());
      // Whoever led goes first: the other takes over.
      await pages[0].close();
      assert.deepEqual(await slugs(pages[1]), written.toSorted());
      await pages[1].close();
    }
  });

  it("does without a snapshot after a core broke that had gone on from it", async () => {
    const name = "broke";
    const written = await prepare(name);
    const context = browser.context;
    await context.route("**/web/worker.js", async (route) => {
      const response = await route.fetch();
      const trap = () => {
        const { instantiate } = WebAssembly;
        WebAssembly.instantiate = async (module, imports) => {
          const { exports } = await instantiate.call(WebAssembly, module, imports);
          const trapping = () => {
            if (performance.getEntriesByName("freehold-resumed").length > 0) {
              throw new WebAssembly.RuntimeError("unreachable");
            }
          };
          const handle_call = (...given) => {
            trapping();
            return exports.handle_call(...given);
          };
          return { instance: { exports: { ...exports, handle_call } }, module };
        };
      };
      await route.fulfill({ response, body: `(${trap})();\n${await response.text()}` });
    });
    const page = await visit(name);
    assert.ok(await isResumed(page));
    assert.deepEqual(await slugs(page), written.toSorted(), "by a worker without it");
    assert.equal(await isResumed(page), false);
    await page.close();
    await context.unrouteAll();
  });
});
