// Coming back: to an app whose server can't be reached, and to a page that the browser kept.

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { HARNESS, load, openDatabase, openHarness, within } from "./harness.mjs";
import { root, serve, startBrowser, useBrowser } from "./support.mjs";

const OPTIONS = { name: "visits", model: "workflow", storage: "opfs" };

/** The service worker that the package's README shows. */
function serviceWorker() {
  const readme = readFileSync(join(root, "wasm/js/README.md"), "utf8");
  const [, text] = /```js\n(\/\/ service-worker\.js\n.*?)```/s.exec(readme) ?? [];
  assert.ok(text, "the README shows a service worker");
  return text;
}

const names = (page) =>
  within(page, async () => {
    const { rows } = await db.owner().list("tenants", { order: ["name"] });
    return rows.map(({ name }) => name);
  });

describe("an app with a service worker", () => {
  let browser;
  let folder;

  before(async () => {
    browser = await startBrowser();
    folder = mkdtempSync(join(tmpdir(), "freehold-visits-"));
    copyFileSync(join(root, HARNESS["/"], "index.html"), join(folder, "index.html"));
    writeFileSync(join(folder, "service-worker.js"), serviceWorker());
  });

  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("starts, reads, writes and inspects without its server", async () => {
    const site = await serve({ ...HARNESS, "/": folder });
    const first = await openHarness(browser.context, site.address);
    await within(first, async () => {
      await navigator.serviceWorker.register("/service-worker.js");
      await navigator.serviceWorker.ready;
    });
    await load(first);
    await openDatabase(first, OPTIONS);
    await within(first, async () => {
      await db.init({ seed: "development" });
      await db.owner().insert("tenants", { name: "Made before", slug: "before" });
    });
    await site.close();
    await browser.restart();

    const page = await openHarness(browser.context, site.address);
    await openDatabase(page, OPTIONS);
    const seen = await within(page, async () => {
      const credentials = { email: "admin@example.com", password: "admin123" };
      const role = await db.session(await db.authenticate(credentials)).role();
      await db.owner().insert("tenants", { name: "Made offline", slug: "offline" });
      // What is seldom done lies in a file that the page has not asked for by itself.
      const { migrations, findings } = await db.verify();
      return { role, migrations, findings };
    });
    assert.deepEqual(seen, { role: "ADMIN", migrations: 1, findings: [] });
    await load(page);
    await openDatabase(page, OPTIONS);
    const found = await names(page);
    for (const name of ["Made before", "Made offline"]) assert.ok(found.includes(name), name);
    await page.close();
  });
});

describe("a page that one comes back to", () => {
  // Playwright switches off what this is about.
  const options = { ignoreDefaultArgs: ["--disable-back-forward-cache"] };
  const { browser, site } = useBrowser(HARNESS, options);

  /** A page with a database, from which one has gone on to another. */
  async function leftPage() {
    const page = await openHarness(browser.context, site.address);
    await openDatabase(page, OPTIONS);
    await within(page, () => db.init());
    await page.goto(`${site.address}/web/models/workflow.json`);
    return page;
  }

  /** A page that comes out of the browser's keeping is not loaded again. */
  async function goBack(page) {
    await page.goBack({ waitUntil: "commit" });
    await page.waitForFunction(() => globalThis.freehold !== undefined);
  }

  it("goes on with the database that it had", async () => {
    const page = await leftPage();
    await goBack(page);
    assert.ok(await page.evaluate(() => globalThis.db !== undefined), "the browser kept it");
    await within(page, () => db.owner().insert("tenants", { name: "Later", slug: "later" }));
    assert.ok((await names(page)).includes("Later"));
    await page.close();
  });

  it("is in nobody's way meanwhile", async () => {
    const page = await leftPage();
    const other = await openHarness(browser.context, site.address);
    await openDatabase(other, OPTIONS);
    await within(other, () => db.owner().insert("tenants", { name: "Other", slug: "other" }));
    await goBack(page);
    // The browser lets a page go that it kept, where another asks for one of its locks.
    const isKept = await page.evaluate(() => globalThis.db !== undefined);
    if (!isKept) await openDatabase(page, OPTIONS);
    assert.ok((await names(page)).includes("Other"));
    await other.close();
    await within(page, () => db.owner().insert("tenants", { name: "Last", slug: "last" }));
    assert.ok((await names(page)).includes("Last"));
    await page.close();
  });
});
