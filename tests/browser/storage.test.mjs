// Where a database lives: in OPFS, through reloads and restarts; or in memory.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { HARNESS, load, openDatabase, openHarness, within } from "./harness.mjs";
import { useBrowser } from "./support.mjs";

const MODEL = {
  name: "notebook",
  tables: {
    notes: {
      columns: {
        id: { type: "uuid", auto: "id" },
        body: { type: "text", max: 80 },
        made_at: { type: "timestamp", auto: "created" },
      },
    },
  },
};

const ROOMY = {
  columns: { ...MODEL.tables.notes.columns, body: { type: "text", max: 1_000_000 } },
};

const note = (page, body) => within(page, (body) => db.owner().insert("notes", { body }), body);
const bodies = (page) =>
  within(page, async () =>
    (await db.owner().list("notes", { order: ["id"] })).rows.map((row) => row.body),
  );

/** Opens all files of a database in a worker that is none of the package's. */
async function takeFiles(name) {
  const take = async (name) => {
    const open = async (directory) => {
      for await (const handle of directory.values()) {
        if (handle.kind === "directory") await open(handle);
        else await handle.createSyncAccessHandle();
      }
    };
    const root = await navigator.storage.getDirectory();
    await open(await root.getDirectoryHandle(`.freehold-${name}`));
    postMessage("taken");
  };
  const text = `(${take})(${JSON.stringify(name)})`;
  const worker = new Worker(URL.createObjectURL(new Blob([text])));
  await new Promise((taken) => {
    worker.onmessage = taken;
  });
}

describe("a database in a browser", () => {
  const { browser, site } = useBrowser(HARNESS);

  const openPage = () => openHarness(browser.context, site.address);
  const open = async (page, name, options) => {
    await openDatabase(page, { name, model: MODEL, ...options });
    return within(page, () => db.init());
  };

  it("is found again after a reload and after a restart", async () => {
    let page = await openPage();
    const made = await open(page, "kept");
    assert.deepEqual(made.migrated.migrations, ["V1__init"]);
    await note(page, "first");

    await load(page);
    const found = await open(page, "kept");
    assert.deepEqual(found.migrated.migrations, []);
    assert.deepEqual(await bodies(page), ["first"]);

    await browser.restart();
    page = await openPage();
    await open(page, "kept");
    assert.deepEqual(await bodies(page), ["first"]);
    assert.deepEqual(await within(page, () => freehold.databases()), ["kept"]);
    await page.close();
  });

  it("is stamped by the browser's clock", async () => {
    const page = await openPage();
    const before = Date.now();
    await open(page, "stamped");
    const { made_at: madeAt } = await note(page, "now");
    const { migrations } = await within(page, () => db.status());
    const after = Date.now();
    for (const moment of [madeAt, migrations[0].appliedOn].map(Date.parse)) {
      assert.ok(
        before - 1 <= moment && moment <= after,
        `${moment} lies within ${before} and ${after}`,
      );
    }
    await page.close();
  });

  it("is empty each time when it lives in memory", async () => {
    const page = await openPage();
    for (const body of ["first", "second"]) {
      await open(page, "volatile", { storage: "memory" });
      await note(page, body);
      assert.deepEqual(await bodies(page), [body]);
      await load(page);
    }
    assert.ok(!(await within(page, () => freehold.databases())).includes("volatile"));
    await page.close();
  });

  it("can't be removed while some tab has it open", async () => {
    const first = await openPage();
    const second = await openPage();
    await open(first, "shared");
    await assert.rejects(
      within(second, () => freehold.removeDatabase("shared")),
      { code: "held_by_another_tab" },
    );
    const free = within(second, () => freehold.whenFree("shared"));
    await within(first, () => db.close());
    await free;
    assert.equal(await within(second, () => freehold.removeDatabase("shared")), true);
    await first.close();
    await second.close();
  });

  it("says so when somebody has its files who does not share them", async () => {
    const page = await openPage();
    await open(page, "taken");
    await within(page, () => db.close());
    await within(page, takeFiles, "taken");
    await assert.rejects(openDatabase(page, { name: "taken", model: MODEL }), {
      code: "held_by_another_tab",
    });
    await page.close();
  });

  it("is removed for good when asked to", async () => {
    const page = await openPage();
    await open(page, "brief");
    await within(page, () => db.close());
    assert.equal(await within(page, () => freehold.removeDatabase("brief")), true);
    assert.equal(await within(page, () => freehold.removeDatabase("brief")), false);
    assert.ok(!(await within(page, () => freehold.databases())).includes("brief"));
    await page.close();
  });

  it("refuses a name that is no name of a folder", async () => {
    const page = await openPage();
    for (const name of ["", "../up", "a/b", ".hidden", "ä", "n".repeat(101)]) {
      await assert.rejects(
        openDatabase(page, { name, model: MODEL }),
        { code: "invalid_argument", details: { argument: "name" } },
        JSON.stringify(name),
      );
    }
    await page.close();
  });

  it("says that nothing is kept where the browser offers no storage", async () => {
    // A page that came over plain HTTP from elsewhere is no secure context.
    const page = await openHarness(
      browser.context,
      site.address.replace("127.0.0.1", "insecure.test"),
    );
    await assert.rejects(openDatabase(page, { name: "kept", model: MODEL }), { code: "no_opfs" });
    assert.deepEqual(await within(page, () => freehold.databases()), []);
    assert.equal((await within(page, () => freehold.storageHealth())).kind, "unavailable");
    await open(page, "kept", { storage: "memory" });
    await note(page, "still works");
    await page.close();
  });

  it("refuses a database of another model, and leaves it as it is", async () => {
    const page = await openPage();
    await open(page, "claimed");
    await note(page, "mine");
    await within(page, () => db.close());
    await assert.rejects(openDatabase(page, { name: "claimed", model: "workflow" }), {
      code: "other_model",
    });
    await open(page, "claimed");
    assert.deepEqual(await bodies(page), ["mine"]);
    await page.close();
  });

  it("makes a backup before a run, and keeps only some", async () => {
    const page = await openPage();
    await open(page, "backed-up");
    const backups = [];
    for (let round = 0; round < 6; round += 1) {
      await note(page, `round ${round}`);
      const run = await within(page, () => db.migrate.down({ to: "0" }));
      backups.push(run.backup);
      await within(page, () => db.init());
    }
    for (const backups of [6, -1, 0.5, "2"]) {
      const options = { name: "backed-up-wrongly", model: MODEL, backups };
      const refused = { code: "invalid_argument", details: { argument: "backups" } };
      await assert.rejects(openDatabase(page, options), refused);
    }
    assert.ok(backups.every((name) => typeof name === "string"));
    assert.equal(new Set(backups).size, backups.length);
    await page.close();
  });

  it("refuses what the browser has no room for, and keeps what was there", async () => {
    const page = await openPage();
    await open(page, "full", { model: { ...MODEL, tables: { notes: ROOMY } } });
    await note(page, "small");
    const session = await browser.context.newCDPSession(page);
    const quota = (quotaSize) =>
      session.send("Storage.overrideQuotaForOrigin", { origin: site.address, ...quotaSize });
    const { usedBytes } = await within(page, () => freehold.storageHealth());
    await quota({ quotaSize: usedBytes + 400_000 });

    const fillUp = async () => {
      const body = "x".repeat(100_000);
      for (let at = 0; at < 20; at += 1) await db.owner().insert("notes", { body });
    };
    await assert.rejects(within(page, fillUp), { code: "storage_full" });
    const kept = await within(page, () => db.owner().count("notes"));
    assert.ok(kept >= 1 && kept < 20, `${kept} rows`);
    assert.deepEqual(await within(page, () => db.inspect()), []);

    await quota({});
    await within(page, fillUp);
    assert.equal(await within(page, () => db.owner().count("notes")), kept + 20);
    await page.close();
  });

  it("hands out its bytes as a SQLite file", async () => {
    const page = await openPage();
    await open(page, "exported");
    const head = await within(page, async () => [...(await db.export()).slice(0, 15)]);
    assert.equal(String.fromCharCode(...head), "SQLite format 3");
    await page.close();
  });
});

describe("a worker that dies", () => {
  const { browser, site } = useBrowser(HARNESS);

  const deaths = {
    "with an error": () => {
      throw new Error("worn out");
    },
    "without a word": () => globalThis.close(),
  };

  async function openFragile(storage) {
    const page = await openHarness(browser.context, site.address);
    await openDatabase(page, { name: "fragile", model: MODEL, storage });
    await within(page, () => db.init());
    await note(page, "before");
    return page;
  }

  /** The next request ends the worker instead of being answered. */
  async function doom(page, death) {
    await page.workers()[0].evaluate((text) => {
      globalThis.onmessage = new Function(`return (${text})`)();
    }, death.toString());
  }

  for (const [how, death] of Object.entries(deaths)) {
    it(`${how} is started again, and what was under way is done once`, async () => {
      const page = await openFragile("opfs");
      await doom(page, death);
      await note(page, "saved");
      const counts = await within(page, () =>
        Promise.all([1, 2, 3].map(() => db.owner().count("notes"))),
      );
      assert.deepEqual(counts, [2, 2, 2]);
      await note(page, "after");
      assert.deepEqual(await bodies(page), ["before", "saved", "after"]);
      await within(page, () => db.close());
      await within(page, () => freehold.removeDatabase("fragile"));
      await page.close();
    });
  }

  it("takes what lived in memory with it, and every later call says so", async () => {
    const page = await openFragile("memory");
    await doom(page, deaths["with an error"]);
    await assert.rejects(note(page, "lost"), { code: "worker_failed" });
    await assert.rejects(bodies(page), { code: "worker_failed" });
    await page.close();
  });

  it("is told apart from a database that was closed", async () => {
    const page = await openFragile("opfs");
    await within(page, () => db.close());
    await within(page, () => db.close());
    await assert.rejects(bodies(page), { code: "closed" });
    await page.close();
  });
});
