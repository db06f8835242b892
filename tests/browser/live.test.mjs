// Live queries in a real browser: what calls back, with what, in whichever tab the write was made.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";

import { HARNESS, openDatabase, openHarness, within } from "./harness.mjs";
import { useBrowser } from "./support.mjs";
import { openTab, reaches } from "./tabs.mjs";

describe("a live query", () => {
  const { browser, site } = useBrowser(HARNESS);

  /** A page with the seeded workflow model as `db`, and an owner's handle as `owner`. */
  async function openPage(name, options = {}) {
    const page = await openHarness(browser.context, site.address);
    await openDatabase(page, { name, model: "workflow", storage: "memory", ...options });
    await within(page, async () => {
      await db.init({ seed: "development" });
      globalThis.owner = db.owner();
      /** Collects what a live query calls back with; `next` waits for a call that fits. */
      globalThis.listen = (handle, query) => {
        const answers = [];
        let heard = () => {};
        const live = handle.live(query, (answer) => {
          answers.push(answer);
          heard();
        });
        const next = async (fits) => {
          for (let at = 0; ; ) {
            while (at < answers.length) if (fits(answers[at++])) return answers[at - 1];
            await new Promise((resolve) => (heard = resolve));
          }
        };
        return { answers, next, live };
      };
    });
    return page;
  }

  it("says that the database was closed, and does not open it again", async () => {
    for (const storage of ["opfs", "memory"]) {
      const page = await openPage("over", { storage });
      const found = await within(page, async () => {
        await Promise.all([db.close(), db.close()]);
        const { next } = listen(owner, { table: "tenants" });
        const { error } = await next(() => true);
        const late = await db.owner().count("tenants").catch(({ code }) => code);
        await db.close();
        return [error?.code, late];
      });
      assert.deepEqual(found, ["closed", "closed"], storage);
      // A worker's locks go a little later than it.
      const isFree = async () => (await navigator.locks.query()).held.length === 0;
      for (let at = 0; at < 300 && !(await within(page, isFree)); at += 1) await setTimeout(10);
      assert.ok(await within(page, isFree), storage);
      await page.close();
    }
  });

  it("says what came, changed and went, and keeps the rows that stayed", async () => {
    const page = await openPage("changes");
    const found = await within(page, async () => {
      const { answers, next, live } = listen(owner, { table: "tenants", order: ["slug"] });
      const first = await next(() => true);
      const added = { name: "Zoo", slug: "zoo" };
      const { id } = await owner.insert("tenants", added);
      const inserted = await next(({ changes }) => changes.inserted[0]?.slug === "zoo");
      await owner.update("tenants", id, { name: "Zoo & Co" });
      const updated = await next(({ changes }) => changes.updated.length > 0);
      await owner.delete("tenants", id);
      const removed = await next(({ changes }) => changes.removed.length > 0);
      live.close();
      await owner.insert("tenants", { name: "Unheard", slug: "unheard" });
      await owner.count("tenants");
      return {
        first: [first.rows.length, first.changes.inserted.length],
        inserted: inserted.rows.length,
        isKept: inserted.rows[0] === first.rows[0] && updated.rows[0] === first.rows[0],
        updated: updated.changes.updated[0].name,
        removed: removed.changes.removed[0].slug,
        calls: answers.length,
      };
    });
    assert.deepEqual(found, {
      first: [1, 1],
      inserted: 2,
      isKept: true,
      updated: "Zoo & Co",
      removed: "zoo",
      calls: 4,
    });
    await page.close();
  });

  it("keeps a full page right, and hears nothing of what is behind it", async () => {
    const page = await openPage("full");
    const found = await within(page, async () => {
      const add = (slug) => owner.insert("tenants", { name: slug, slug });
      for (const slug of ["b", "d", "f", "x"]) await add(slug);
      const own = [...(await owner.list("tenants")).rows].find(({ slug }) => slug.length > 1);
      await owner.sql("UPDATE tenants SET slug = 'zz' WHERE id = ?1", [own.id]);
      const query = { table: "tenants", order: ["slug"], limit: 3 };
      const { answers, next, live } = listen(owner, query);
      const first = await next(() => true);
      await add("y");
      const { id } = await add("c");
      const came = await next(({ rows }) => rows[1]?.slug === "c");
      await owner.update("tenants", id, { slug: "e" });
      const moved = await next(({ changes }) => changes.updated.length > 0);
      await owner.delete("tenants", id);
      const back = await next(({ changes }) => changes.removed[0]?.slug === "e");
      live.close();
      const slugs = ({ rows }) => rows.map(({ slug }) => slug).join("");
      return {
        slugs: [first, came, moved, back].map(slugs),
        came: [came.changes.inserted[0].slug, came.changes.removed[0].slug],
        moved: [moved.changes.updated[0].slug, moved.changes.removed.length],
        isKept: came.rows[0] === first.rows[0] && moved.rows[1] === first.rows[1],
        calls: answers.length,
      };
    });
    assert.deepEqual(found, {
      slugs: ["bdf", "bcd", "bde", "bdf"],
      came: ["c", "f"],
      moved: ["e", 0],
      isKept: true,
      calls: 4,
    });
    await page.close();
  });

  it("is told of many writes together, and of none that doesn't concern it", async () => {
    const page = await openPage("together");
    const found = await within(page, async () => {
      const all = listen(owner, { table: "tenants" });
      const other = listen(owner, { table: "tenants", filter: { slug: "nobody" } });
      const counted = listen(owner, { sql: "SELECT count(*) AS n FROM tenants", params: [] });
      await Promise.all([all, other, counted].map(({ next }) => next(() => true)));
      const names = Array.from({ length: 60 }, (_, at) => `t${at}`);
      await Promise.all(names.map((slug) => owner.insert("tenants", { name: slug, slug })));
      await all.next(({ rows }) => rows.length === 50);
      const { rows } = await counted.next(({ rows }) => rows[0].n === 61);
      return { calls: all.answers.length, others: other.answers.length, n: rows[0].n };
    });
    assert.equal(found.n, 61);
    assert.equal(found.others, 1, "the empty first answer alone");
    assert.ok(found.calls < 40, `${found.calls} calls for 60 writes`);
    await page.close();
  });

  it("says when its actor has no access any more, and goes on when they have", async () => {
    const page = await openPage("rights");
    const codes = await within(page, async () => {
      const credentials = { email: "demo@example.com", password: "demo123" };
      const actor = await db.authenticate(credentials);
      const { next } = listen(db.session(actor), { table: "workflows" });
      const before = await next(() => true);
      const setActive = (isActive) =>
        owner.sql("UPDATE users SET is_active = ?1 WHERE id = ?2", [
          isActive ? 1 : 0,
          actor.principal.user,
        ]);
      await setActive(false);
      const ended = await next(({ error }) => error !== undefined);
      await setActive(true);
      const again = await next((answer) => answer !== before && answer.error === undefined);
      return [before.error, ended.error.code, again.rows.length === before.rows.length];
    });
    assert.deepEqual(codes, [undefined, "session_ended", true]);
    await page.close();
  });

  it("refuses what writes, and says so", async () => {
    const page = await openPage("refused");
    const code = await within(page, async () => {
      const { next } = listen(owner, { sql: "DELETE FROM tenants", params: [] });
      const { error } = await next(() => true);
      return [error.code, await owner.count("tenants")];
    });
    assert.deepEqual(code, ["invalid_argument", 1]);
    await page.close();
  });

  it("hears of other tabs' writes, and goes on when the tab that leads is gone", async () => {
    const open = () => openTab(browser.context, site.address, { name: "live-tabs" });
    const [first, second] = [await open(), await open()];
    await within(second, async () => {
      globalThis.seen = [];
      db.owner().live({ table: "notes", order: ["body"] }, ({ rows }) => {
        seen.push(rows.map(({ body }) => body).join());
      });
    });
    const seen = (text) => second.waitForFunction((text) => globalThis.seen.includes(text), text);
    await seen("");
    await within(first, () => db.owner().insert("notes", { body: "a" }));
    await seen("a");
    await first.close();
    await reaches(second, "leading");
    const third = await open();
    await within(third, () => db.owner().insert("notes", { body: "b" }));
    await seen("a,b");
    await second.close();
    await third.close();
  });
});
