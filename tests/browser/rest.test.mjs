// The second WebAssembly file: everyday work goes on without it, and nothing else is wrong with it.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import { HARNESS, openDatabase, openHarness, within } from "./harness.mjs";
import { useBrowser } from "./support.mjs";

const REST = "**/freehold_wasm_rest.wasm";
const OPTIONS = { name: "rest", model: "workflow", storage: "opfs" };

describe("the second file", () => {
  const { browser, site } = useBrowser(HARNESS);

  before(async () => {
    const page = await openHarness(browser.context, site.address);
    await openDatabase(page, OPTIONS);
    await within(page, async () => {
      await globalThis.db.init({ seed: "development" });
      await globalThis.db.close();
    });
    await page.close();
  });

  /** A page whose requests for the second file `decide` answers, by their type. */
  async function pageWith(decide) {
    const asked = [];
    await browser.context.route(REST, async (route) => {
      const type = route.request().resourceType();
      asked.push(type);
      await (decide(type) ? route.continue() : route.abort());
    });
    const page = await openHarness(browser.context, site.address);
    await openDatabase(page, OPTIONS);
    const close = async () => {
      await within(page, () => globalThis.db.close());
      await page.close();
      await browser.context.unroute(REST);
    };
    return { page, asked, close };
  }

  it("is not needed by everyday work", async () => {
    const { page, asked, close } = await pageWith(() => false);
    const found = await within(page, async () => {
      const { db } = globalThis;
      const credentials = { email: "admin@example.com", password: "admin123" };
      const session = db.session(await db.authenticate(credentials));
      const row = { name: "Offline", definition: { steps: [] } };
      const made = await session.insert("workflows", row);
      await session.update("workflows", made.id, { name: "Still offline" });
      const page = await session.list("workflows", { filter: { name: "Still offline" } });
      const counted = await session.sql("SELECT count(*) FROM workflows WHERE name = ?1", [
        "Still offline",
      ]);
      const refused = await session
        .insert("workflows", { name: "" })
        .catch(({ code, issues }) => [code, issues.length > 0]);
      await session.delete("workflows", made.id);
      return [page.rows.length, counted.rows[0][0], refused];
    });
    assert.deepEqual(found, [1, 1, ["invalid", true]]);
    assert.ok(!asked.includes("xhr"), `loaded in the middle of work: ${asked}`);
    await close();
  });

  it("is not needed to open by a model of one's own again, and by a new one it is", async () => {
    const model = { name: "own", tables: { notes: { columns: { title: { type: "text" } } } } };
    const options = { name: "rest-own", storage: "opfs", model };
    const first = await openHarness(browser.context, site.address);
    await openDatabase(first, options);
    await within(first, async () => {
      await globalThis.db.init();
      await globalThis.db.close();
    });
    await first.close();

    const { page, close } = await pageWith(() => false);
    const openedBy = (model) =>
      within(
        page,
        async (options) => {
          const db = await globalThis.freehold.open(options);
          const count = await db.owner().count("notes");
          await db.close();
          return count;
        },
        { ...options, model },
      );
    assert.equal(await openedBy(model), 0);
    const changed = { ...model, title: "Another" };
    await assert.rejects(openedBy(changed), ({ code }) => code === "io");
    await close();
  });

  it("is asked for again by what needs it, and the error says that it is missing", async () => {
    let isThere = false;
    const { page, close } = await pageWith(() => isThere);
    const code = await within(page, () => globalThis.db.verify().catch(({ code }) => code));
    assert.equal(code, "io");
    isThere = true;
    const { findings } = await within(page, () => globalThis.db.verify());
    assert.deepEqual(findings, []);
    await close();
  });

  it("comes in the middle of work where it is needed unforeseen", async () => {
    const { page, asked, close } = await pageWith((type) => type === "xhr");
    const plan = await within(page, () => {
      const sql = "EXPLAIN QUERY PLAN SELECT * FROM workflows ORDER BY name";
      return globalThis.db.owner().sql(sql);
    });
    assert.ok(plan.rows.length > 0);
    assert.equal(asked.filter((type) => type === "xhr").length, 1);
    await close();
  });
});
