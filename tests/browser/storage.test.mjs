// A database in a real browser: in OPFS it outlives reloads and restarts, in memory it does not.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { serve, startBrowser } from "./support.mjs";

const MIGRATIONS = ["V20250101000000__notes", "V20250102000000__notes_made_at"];

describe("a database in a browser", () => {
  let browser;
  let site;

  before(async () => {
    site = await serve({ "/": "tests/browser/probe", "/wasm": "wasm/js/dist" });
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await site?.close();
  });

  async function openPage() {
    const page = await browser.context.newPage();
    await page.goto(`${site.address}/`);
    return page;
  }

  const ask = (page, ...request) =>
    page.evaluate((values) => globalThis.probe.ask(...values), request);

  it("is found again after a reload and after a restart", async () => {
    let page = await openPage();
    await ask(page, "open", "kept");
    assert.deepEqual(await ask(page, "migrate"), MIGRATIONS);
    const id = Number(await ask(page, "add", "first"));

    await page.reload();
    await ask(page, "open", "kept");
    assert.deepEqual(await ask(page, "migrate"), []);
    assert.deepEqual(await ask(page, "query", "SELECT id, body FROM notes"), [[id, "first"]]);

    await browser.restart();
    page = await openPage();
    await ask(page, "open", "kept");
    assert.deepEqual(await ask(page, "query", "SELECT id, body FROM notes"), [[id, "first"]]);
    await page.close();
  });

  it("is stamped by the browser's clock, and refinery's history too", async () => {
    const page = await openPage();
    const before = Date.now();
    await ask(page, "open", "stamped");
    await ask(page, "migrate");
    await ask(page, "add", "now");
    const [[madeAt]] = await ask(page, "query", "SELECT made_at FROM notes");
    const history = "SELECT applied_on FROM refinery_schema_history";
    const [[appliedOn]] = await ask(page, "query", history);
    const after = Date.now();
    for (const moment of [madeAt, Date.parse(appliedOn)]) {
      assert.ok(before <= moment && moment <= after, `${before} <= ${moment} <= ${after}`);
    }
    await page.close();
  });

  it("is empty each time when it lives in memory", async () => {
    const page = await openPage();
    await ask(page, "open");
    assert.deepEqual(await ask(page, "migrate"), MIGRATIONS);
    await page.reload();
    await ask(page, "open");
    assert.deepEqual(await ask(page, "migrate"), MIGRATIONS);
    await page.close();
  });

  it("says so when another tab has it, and opens once that tab is gone", async () => {
    const first = await openPage();
    const second = await openPage();
    await ask(first, "open", "shared");
    await assert.rejects(
      ask(second, "open", "shared"),
      /storage_taken: the database "shared" is open in another tab/,
    );
    await first.close();
    await second.reload();
    await ask(second, "open", "shared");
    assert.deepEqual(await ask(second, "query", "PRAGMA foreign_keys"), [[1]]);
    await second.close();
  });

  it("refuses a name that is no name of a folder", async () => {
    const page = await openPage();
    for (const name of ["", "../up", "a/b", ".hidden", "ä", "n".repeat(101)]) {
      await assert.rejects(ask(page, "open", name), /storage_bad_name/, JSON.stringify(name));
    }
    await page.close();
  });
});
