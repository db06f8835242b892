// A page compiles the core while its worker starts; the worker does without it where it has to.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { HARNESS, openDatabase, openHarness, within } from "./harness.mjs";
import { useBrowser } from "./support.mjs";
import { MODEL, connection, killWorker, openTab } from "./tabs.mjs";

const FILE = "freehold_wasm_bg.wasm";

describe("a page that starts a worker", () => {
  const { browser, site } = useBrowser(HARNESS);

  /** How often the core's file was asked for: by the page, and by its newest worker. */
  async function asked(page) {
    const count = (file) =>
      performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(file)).length;
    const worker = page.workers().at(-1);
    return [await page.evaluate(count, FILE), await worker.evaluate(count, FILE)];
  }

  /** A page whose compiler does something else, from now on. */
  async function pageThat(compiles) {
    const page = await openHarness(browser.context, site.address);
    await page.evaluate((compiles) => {
      globalThis.compiled = 0;
      const { compileStreaming } = WebAssembly;
      const instead = new Function("compile", `return (${compiles})(compile)`);
      WebAssembly.compileStreaming = (fetched) => {
        globalThis.compiled += 1;
        return instead(() => compileStreaming.call(WebAssembly, fetched));
      };
    }, compiles.toString());
    return page;
  }

  for (const storage of ["opfs", "memory"]) {
    it(`compiles the core for it, which fetches nothing: ${storage}`, async () => {
      const page = await openTab(browser.context, site.address, { name: "given", storage });
      assert.deepEqual(await asked(page), [1, 0]);
      await page.close();
    });
  }

  it("compiles nothing where another tab leads, whose worker may be its own one day", async () => {
    const leader = await openTab(browser.context, site.address, { name: "led" });
    const page = await pageThat((compile) => compile());
    await openDatabase(page, { name: "led", model: MODEL });
    assert.equal(await connection(page), "following");
    assert.equal(await page.evaluate(() => globalThis.compiled), 0);
    await leader.close();
    await within(page, () => db.owner().insert("notes", { body: "it leads" }));
    assert.equal(await connection(page), "leading");
    assert.equal(await page.evaluate(() => globalThis.compiled), 0);
    assert.equal((await asked(page))[1], 1);
    await page.close();
  });

  it("compiles it again for the next one", async () => {
    const page = await pageThat((compile) => compile());
    await openDatabase(page, { name: "again", model: MODEL });
    await within(page, () => db.init());
    await killWorker(page);
    await within(page, () => db.owner().insert("notes", { body: "after" }));
    assert.equal(await page.evaluate(() => globalThis.compiled), 2);
    await page.close();
  });

  const FAILING = {
    "fails to": () => Promise.reject(new WebAssembly.CompileError("no")),
    "takes for ever": () => new Promise(() => {}),
    "gives what can't be handed over": () => Promise.resolve(() => {}),
  };
  for (const [what, compiles] of Object.entries(FAILING)) {
    it(`leaves it to its worker where compiling ${what}`, async () => {
      const page = await pageThat(compiles);
      await openDatabase(page, { name: "alone", model: MODEL });
      await within(page, () => db.init());
      assert.equal(await page.evaluate(() => globalThis.compiled), 1);
      assert.equal((await asked(page))[1], 1);
      await within(page, () => db.close());
      await page.close();
    });
  }
});
