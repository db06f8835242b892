// Tabs that share a database: one of them leads, the others are served, and it goes on without it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { HARNESS, load, openDatabase, openHarness, within } from "./harness.mjs";
import { useBrowser } from "./support.mjs";
import {
  MODEL,
  assertExactlyOnce,
  bodies,
  connection,
  killWorker,
  note,
  openTab,
  reaches,
  setFrozen,
  startWriting,
  stopWriting,
  written,
} from "./tabs.mjs";

describe("tabs of one browser", () => {
  const { browser, site } = useBrowser(HARNESS);

  const open = (name, options) => openTab(browser.context, site.address, { name, ...options });

  async function openTwo(name) {
    const pages = [await open(name), await open(name)];
    assert.deepEqual(await Promise.all(pages.map(connection)), ["leading", "following"]);
    return pages;
  }

  it("read and write the same database", async () => {
    const [first, second] = await openTwo("shared");
    await note(first, "by the first");
    await note(second, "by the second");
    for (const page of [first, second]) {
      assert.deepEqual(await bodies(page), ["by the first", "by the second"]);
    }
    const refused = { code: "invalid" };
    await assert.rejects(note(second, "x".repeat(81)), refused);
    const isFile = async () => {
      const head = (await db.export()).slice(0, 15);
      return String.fromCharCode(...head) === "SQLite format 3";
    };
    assert.ok(await within(second, isFile));
    await first.close();
    await second.close();
  });

  it("are handed their own answers alone, whatever others were answered before", async () => {
    const [first, second] = await openTwo("answers");
    const list = (page, limit) =>
      within(page, (limit) => db.owner().list("notes", { limit }), limit).then(({ rows }) => rows);
    await within(first, async () => {
      const body = "x".repeat(80);
      await db.owner().insertMany("notes", Array.from({ length: 800 }, () => ({ body })));
    });
    await within(second, async () => {
      const { get } = Object.getOwnPropertyDescriptor(MessageEvent.prototype, "data");
      globalThis.answers = [];
      const hear = function () {
        const data = get.call(this);
        if (data?.kind === "answer") globalThis.answers.push({ ...data, id: 0 });
        return data;
      };
      Object.defineProperty(MessageEvent.prototype, "data", { get: hear });
    });
    // The leader's page gives the buffer of its long answer back.
    assert.equal((await list(first, 800)).length, 800);
    assert.equal((await list(first, 1)).length, 1);
    const rows = await list(second, 60);
    assert.equal(rows.length, 60);
    // Text, and all of it this answer's: the bytes of a buffer would bring what lies beside them.
    const [{ answer, ...rest }, ...others] = await within(second, async () => globalThis.answers);
    assert.deepEqual([rest, others], [{ kind: "answer", id: 0 }, []]);
    assert.deepEqual(JSON.parse(answer).ok.rows, rows);
    assert.ok(answer.length < 60 * 400, `${answer.length} characters`);
    await first.close();
    await second.close();
  });

  it("don't load the core before they lead", async () => {
    const [first, second] = await openTwo("light");
    const loaded = (page) =>
      page.workers()[0].evaluate(() =>
        performance.getEntriesByType("resource").some(({ name }) => name.endsWith(".wasm")),
      );
    assert.equal(await loaded(first), true);
    assert.equal(await loaded(second), false);
    await first.close();
    await reaches(second, "leading");
    assert.equal(await loaded(second), true);
    await second.close();
  });

  it("go on when the leader closes the database, and when its page is closed", async () => {
    const pages = await openTwo("handed-over");
    const third = await open("handed-over");
    await within(pages[0], () => db.close());
    assert.equal(await connection(pages[0]), "closed");
    await assert.rejects(note(pages[0], "late"), { code: "closed" });
    await note(third, "after the close");
    const leads = (page) => connection(page).then((state) => state === "leading");
    const [leader, follower] = (await leads(pages[1])) ? [pages[1], third] : [third, pages[1]];
    await leader.close();
    await reaches(follower, "leading");
    await note(follower, "after the page");
    assert.deepEqual(await bodies(follower), ["after the close", "after the page"]);
    await pages[0].close();
    await follower.close();
  });

  it("answer what was under way when the leader closes", async () => {
    const [first, second] = await openTwo("drained");
    await startWriting(first, "first");
    await startWriting(second, "second");
    await Promise.all([written(first, 10), written(second, 10)]);
    await within(first, async () => {
      globalThis.isWriting = false;
      await db.close();
    });
    await written(second, 10);
    const outcomes = [...(await stopWriting(first)), ...(await stopWriting(second))];
    assertExactlyOnce(await bodies(second), outcomes);
    await first.close();
    await second.close();
  });

  it("wait for no one: each client's calls take turns with the others'", async () => {
    const [first, second] = await openTwo("fair");
    const answered = within(second, async () => {
      const flood = new BroadcastChannel("flood");
      globalThis.listening = true;
      await new Promise((begun) => {
        flood.onmessage = begun;
      });
      return db.owner().insert("notes", { body: "the other" });
    });
    await second.waitForFunction(() => globalThis.listening);
    await within(first, async () => {
      const write = (_, at) => db.owner().insert("notes", { body: `flood ${at}` });
      const calls = Array.from({ length: 100 }, write);
      new BroadcastChannel("flood").postMessage("begun");
      await Promise.all(calls);
    });
    await answered;
    const { rows } = await within(first, () =>
      db.owner().sql("SELECT count(*) FROM notes WHERE body LIKE 'flood%' AND id < (SELECT id " +
        "FROM notes WHERE body = 'the other')"),
    );
    assert.ok(rows[0][0] < 100, "all calls of the leader's page came first");
    await first.close();
    await second.close();
  });

  it("let go when they are frozen, and come back", async () => {
    const [first, second] = await openTwo("frozen");
    await setFrozen(first, true);
    await reaches(second, "leading");
    await note(second, "meanwhile");
    await setFrozen(first, false);
    await reaches(first, "following");
    await note(first, "afterwards");
    assert.deepEqual(await bodies(first), ["afterwards", "meanwhile"]);
    // A follower that is frozen is no loss, and is served again.
    await setFrozen(first, true);
    await note(second, "still");
    await setFrozen(first, false);
    await reaches(first, "following");
    assert.equal((await bodies(first)).length, 3);
    await first.close();
    await second.close();
  });

  it("are as many as twenty, and each writes while leaders go", async () => {
    const pages = [];
    for (let at = 0; at < 20; at += 1) pages.push(await open("twenty"));
    await Promise.all(pages.map((page, at) => startWriting(page, `tab${at}`, 2)));
    await Promise.all(pages.map((page) => written(page, 3)));
    const outcomes = [];
    while (pages.length > 15) {
      const states = await Promise.all(pages.map(connection));
      const at = states.indexOf("leading");
      if (at < 0) continue;
      const [leader] = pages.splice(at, 1);
      const page = leader;
      const soFar = await within(page, async () => globalThis.outcomes);
      outcomes.push(...soFar);
      await page.close();
      await Promise.all(pages.map((page) => written(page, 1)));
    }
    for (const page of pages) outcomes.push(...(await stopWriting(page)));
    const found = await bodies(pages[0]);
    assertExactlyOnce(found, outcomes);
    for (const page of pages) assert.deepEqual(await bodies(page), found);
    assert.deepEqual(await within(pages[3], () => db.verifyAudit()), []);
    for (const page of pages) await page.close();
  });

  it("follow the model that was opened last, where the version is the same", async () => {
    const first = await open("same-version");
    const body = { type: "text", max: 80, pattern: "^n" };
    const columns = { ...MODEL.tables.notes.columns, body };
    const stricter = { ...MODEL, tables: { notes: { columns } } };
    const second = await open("same-version", { model: stricter });
    await assert.rejects(note(second, "other"), { code: "invalid" });
    await assert.rejects(note(first, "other"), { code: "invalid" });
    await note(first, "n");
    await assert.rejects(open("same-version", { model: "workflow" }), { code: "other_model" });
    await note(second, "n2");
    assert.deepEqual(await bodies(first), ["n", "n2"]);
    await first.close();
    await second.close();
  });

  it("open encrypted values by the master key that one of them brings", async () => {
    const columns = { ...MODEL.tables.notes.columns, body: { type: "text", encrypted: true } };
    const model = { name: "notebook", tables: { notes: { columns } } };
    const keyless = await open("keys", { model });
    await assert.rejects(note(keyless, "sealed"), { code: "encryption_unavailable" });
    const page = await openHarness(browser.context, site.address);
    const openWith = (page, first) =>
      within(
        page,
        async ({ model, first }) => {
          const masterKey = Uint8Array.from({ length: 32 }, (_, at) => first + at);
          globalThis.db = await freehold.open({ name: "keys", model, masterKey });
        },
        { model, first },
      );
    await openWith(page, 0);
    await note(page, "sealed");
    const listed = (page) =>
      within(page, async () => (await db.owner().list("notes")).rows.map(({ body }) => body));
    for (const one of [page, keyless]) assert.deepEqual(await listed(one), ["sealed"]);
    // Another key is refused, and what was open stays open.
    await keyless.close();
    await reaches(page, "leading");
    const third = await openHarness(browser.context, site.address);
    await openDatabase(third, { name: "keys", model });
    await page.close();
    await reaches(third, "leading");
    assert.deepEqual(await listed(third), [{ $locked: true }]);
    const fourth = await openHarness(browser.context, site.address);
    await assert.rejects(openWith(fourth, 1), { code: "wrong_key" });
    assert.deepEqual(await listed(third), [{ $locked: true }]);
    await openWith(fourth, 0);
    assert.deepEqual(await listed(third), ["sealed"]);
    await third.close();
    await fourth.close();
  });

  it("hear of each other's writes, also when another one leads", async () => {
    const [first, second] = await openTwo("live");
    await within(second, async () => {
      globalThis.seen = [];
      const show = ({ rows }) => seen.push(rows.map(({ body }) => body).join());
      db.owner().live({ table: "notes", order: ["body"] }, show);
    });
    const sees = (bodies) =>
      second.waitForFunction((bodies) => globalThis.seen.at(-1) === bodies, bodies);
    await sees("");
    await note(first, "a");
    await sees("a");
    await killWorker(first);
    await reaches(second, "leading");
    await reaches(first, "following");
    await note(first, "b");
    await sees("a,b");
    await first.close();
    await note(second, "c");
    await sees("a,b,c");
    await second.close();
  });

  it("are told when the files are removed under them", async () => {
    const [first, second] = await openTwo("cleared");
    await note(first, "gone soon");
    const session = await browser.context.newCDPSession(first);
    const what = { origin: site.address, storageTypes: "all" };
    await session.send("Storage.clearDataForOrigin", what);
    const failing = (page) =>
      within(page, async () => {
        for (;;) await db.owner().count("notes");
      });
    await assert.rejects(failing(first), { code: "storage_cleared" });
    await assert.rejects(failing(second), { code: "storage_cleared" });
    await assert.rejects(failing(first), { code: "storage_cleared" });
    // There is nothing left to close, and nothing to wait for.
    await within(first, () => db.close());
    await assert.rejects(failing(first), { code: "closed" });
    await first.close();
    await load(second);
    await openDatabase(second, { name: "cleared", model: MODEL });
    await assert.rejects(failing(second), { code: "not_initialized" });
    await second.close();
  });
});
