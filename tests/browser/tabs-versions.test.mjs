// Two versions of an app in two tabs: the old one is told, the new one waits or is refused.

import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";

import { HARNESS, openDatabase, openHarness, within } from "./harness.mjs";
import { useBrowser } from "./support.mjs";
import {
  MODEL,
  bodies,
  connection,
  killWorker,
  note,
  openTab,
  reaches,
  setFrozen,
} from "./tabs.mjs";

/** A migration that is newer than any. */
const LATER = { "V99999999999999__later.sql": "CREATE TABLE later (n INTEGER) STRICT;" };

describe("an older and a newer version of an app", () => {
  const { browser, site } = useBrowser(HARNESS);
  /** The two versions, as bundles. */
  let older;
  let newer;
  let name;
  let count = 0;

  before(async () => {
    const page = await openHarness(browser.context, site.address);
    [older, newer] = await within(page, makeBundles, MODEL);
    await page.close();
  });

  beforeEach(() => {
    count += 1;
    name = `versions-${count}`;
  });

  const openOlder = (options) =>
    openTab(browser.context, site.address, { name, model: older, ...options });

  /** Starts to open the newer version in a page of its own. */
  async function startNewer() {
    const page = await openHarness(browser.context, site.address);
    await within(
      page,
      async (options) => {
        globalThis.held = 0;
        const onHeld = () => (globalThis.held += 1);
        globalThis.opening = freehold.open({ ...options, onHeld });
        globalThis.opening.catch(() => {});
      },
      { name, model: newer },
    );
    return page;
  }

  const finishOpening = (page) =>
    within(page, async () => {
      globalThis.db = await globalThis.opening;
      return db.init();
    });

  it("change over by themselves where the app has nothing to say", async () => {
    const old = await openOlder();
    const underWay = Promise.all([0, 1, 2].map((at) => note(old, `old ${at}`)));
    const page = await startNewer();
    const { migrated } = await finishOpening(page);
    assert.match(migrated.migrations.join(), /^V\d+__mood$/);
    await underWay;
    assert.equal(await connection(old), "closed");
    await assert.rejects(note(old, "late"), { code: "held_by_newer_version" });
    await within(page, () => db.owner().insert("notes", { body: "new", mood: "good" }));
    assert.deepEqual(await bodies(page), ["new", "old 0", "old 1", "old 2"]);
    await old.close();
    await page.close();
  });

  it("wait for each other where the app listens", async () => {
    const old = await openOlder();
    const other = await openOlder();
    await within(old, async () => {
      globalThis.told = [];
      db.connection.onVersionChange(({ wanted }) => told.push(wanted));
    });
    const page = await startNewer();
    await old.waitForFunction(() => globalThis.told.length > 0);
    const wanted = Object.keys(newer.up).at(-1).replace(/^V(\d+)__.*/, "$1");
    assert.deepEqual(await within(old, async () => told), [wanted]);
    await reaches(other, "closed");
    assert.equal(await within(page, async () => held), 1);
    // It goes on working until it lets go, also where it leads only now.
    await reaches(old, "leading");
    await note(old, "saved before it went");
    await within(old, () => db.close());
    await finishOpening(page);
    assert.deepEqual(await bodies(page), ["saved before it went"]);
    for (const one of [old, other, page]) await one.close();
  });

  it("don't disturb each other where the newer one asks not to wait", async () => {
    const old = await openOlder();
    const page = await openHarness(browser.context, site.address);
    const opened = openDatabase(page, { name, model: newer, whenHeld: "reject" });
    await assert.rejects(opened, { code: "held_by_older_version" });
    await note(old, "undisturbed");
    assert.equal(await connection(old), "leading");
    await old.close();
    await openDatabase(page, { name, model: newer, whenHeld: "reject" });
    await within(page, () => db.init());
    assert.deepEqual(await bodies(page), ["undisturbed"]);
    await page.close();
  });

  it("don't disturb each other before the newer one has its model", async () => {
    const old = await openTab(browser.context, site.address, { name });
    const page = await openHarness(browser.context, site.address);
    await browser.context.route("**/web/models/carcosa.json", (route) => route.abort());
    const opened = openDatabase(page, { name, model: "carcosa" });
    await assert.rejects(opened, { code: "io" });
    assert.equal(await connection(old), "leading");
    await note(old, "undisturbed");
    await browser.context.unrouteAll();
    await old.close();
    await page.close();
  });

  it("don't wait for an older one that still waits for its model", async () => {
    const old = await openHarness(browser.context, site.address);
    await browser.context.route("**/web/models/carcosa.json", () => {});
    const refused = assert.rejects(openDatabase(old, { name, model: "carcosa" }), {
      code: "held_by_newer_version",
    });
    await old.waitForFunction(isListed, [name, true]);
    const page = await openHarness(browser.context, site.address);
    await openDatabase(page, { name, model: { ...older, up: { ...older.up, ...LATER } } });
    await refused;
    await browser.context.unrouteAll({ behavior: "ignoreErrors" });
    await old.close();
    await page.close();
  });

  it("change over where the older one's worker dies while calls are answered", async () => {
    const old = await openOlder();
    await within(old, async () => {
      const numbers = "SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000000";
      const sql = `WITH RECURSIVE numbers(n) AS (${numbers}) SELECT max(n) FROM numbers`;
      globalThis.asked = db.owner().sql(sql);
      globalThis.asked.catch(() => {});
    });
    const page = await startNewer();
    await page.waitForFunction(() => globalThis.held > 0);
    await old.waitForTimeout(100);
    await killWorker(old);
    await finishOpening(page);
    const { rows } = await within(old, () => globalThis.asked);
    assert.deepEqual(rows, [[2_000_000]]);
    assert.equal(await connection(old), "closed");
    await old.close();
    await page.close();
  });

  it("are three: one that waits gives way to one that is newer still", async () => {
    const old = await openOlder();
    await within(old, async () => db.connection.onVersionChange(() => {}));
    const waiting = await startNewer();
    await waiting.waitForFunction(() => globalThis.held > 0);
    const page = await openHarness(browser.context, site.address);
    const model = { ...newer, up: { ...newer.up, ...LATER } };
    const opened = openDatabase(page, { name, model });
    await assert.rejects(finishOpening(waiting), { code: "held_by_newer_version" });
    await within(old, () => db.close());
    await opened;
    for (const one of [old, waiting, page]) await one.close();
  });

  it("don't wait for one that sleeps while it waits for its model", async () => {
    const page = await openHarness(browser.context, site.address);
    const other = await openHarness(browser.context, site.address);
    const asked = [];
    await browser.context.route("**/web/models/workflow.json", (route) => asked.push(route));
    const opened = openDatabase(page, { name, model: "workflow" });
    await other.waitForFunction(isListed, [name, true]);
    await setFrozen(page, true);
    await other.waitForFunction(isListed, [name, false]);
    await setFrozen(page, false);
    await other.waitForFunction(isListed, [name, true]);
    for (const route of asked) await route.continue();
    await opened;
    await browser.context.unrouteAll();
    assert.ok(await within(page, () => db.init()));
    await page.close();
    await other.close();
  });

  it("don't open beside each other where the newer one came first", async () => {
    const page = await startNewer();
    await finishOpening(page);
    await assert.rejects(openOlder(), { code: "held_by_newer_version" });
    await page.close();
    const old = await openHarness(browser.context, site.address);
    await openDatabase(old, { name, model: older });
    await assert.rejects(note(old, "no"), { code: "newer_database" });
    await old.close();
  });
});

/** Inside of a page: whether somebody is in the list of a database's tabs, or nobody. */
async function isListed([name, wanted]) {
  const { held } = await navigator.locks.query();
  return held.some((lock) => lock.name.startsWith(`freehold-tab/${name}/`)) === wanted;
}

/** Inside of a page: a model, and the same with a column and a migration more. */
async function makeBundles(model) {
  const { newMigration } = globalThis.freehold;
  const add = async (bundle, name) => {
    const { file, up, down } = await newMigration(bundle, name, { allowDataLoss: true });
    return { ...bundle, up: { ...bundle.up, [file]: up }, down: { ...bundle.down, [file]: down } };
  };
  // A model without migrations gets one made: here the history begins with something else.
  const up = { "V1__start.sql": "CREATE TABLE start (n INTEGER NOT NULL PRIMARY KEY) STRICT;" };
  const older = await add({ model, up, down: { "V1__start.sql": "DROP TABLE start;" } }, "init");
  const columns = { ...model.tables.notes.columns, mood: { type: "text", optional: true } };
  const next = { ...model, tables: { notes: { columns } } };
  return [older, await add({ ...older, model: next }, "mood")];
}
