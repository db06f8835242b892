// What breaks under a page: a core that traps, scripts that can't be loaded.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { HARNESS, load, openDatabase, openHarness, within } from "./harness.mjs";
import { useBrowser } from "./support.mjs";
import { MODEL, bodies, connection, note, openTab, reaches } from "./tabs.mjs";

/**
 * Runs in the worker before the core is loaded: a call whose text has `trap-before` traps before it
 * is done, one that has `trap-after` when it is asked for the first time, once it was done.
 */
const TRAPS = () => {
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (module, imports) => {
    const { exports } = await instantiate.call(WebAssembly, module, imports);
    const call = (handle, at, length, ...rest) => {
      const bytes = new Uint8Array(exports.memory.buffer, at, length);
      const text = new TextDecoder().decode(bytes.slice());
      const trap = () => {
        new BroadcastChannel("traps").postMessage(text);
        throw new WebAssembly.RuntimeError("unreachable");
      };
      if (text.includes("trap-before")) trap();
      const answer = exports.handle_call(handle, at, length, ...rest);
      if (text.includes("trap-after") && !text.includes('"again"')) trap();
      return answer;
    };
    return { instance: { exports: { ...exports, handle_call: call } }, module };
  };
};

/** In a page: whether nobody holds a lock of this database. */
async function isUnheld(name) {
  const { held } = await navigator.locks.query();
  return held.every((lock) => !lock.name.includes(name));
}

describe("a database goes on after", () => {
  const { browser, site } = useBrowser(HARNESS);

  /** Lets the worker's script come with a few lines before it. */
  async function setTraps() {
    await browser.context.route("**/web/worker.js", async (route) => {
      const response = await route.fetch();
      const body = `(${TRAPS})();\n${await response.text()}`;
      await route.fulfill({ response, body });
    });
  }

  const clearRoutes = () => browser.context.unrouteAll();

  async function openTwo(name) {
    const pages = [];
    for (let at = 0; at < 2; at += 1) {
      const page = await openTab(browser.context, site.address, { name });
      await within(page, async () => {
        globalThis.traps = [];
        globalThis.heardOfTraps = new BroadcastChannel("traps");
        heardOfTraps.onmessage = ({ data }) => traps.push(data);
      });
      pages.push(page);
    }
    return pages;
  }

  for (const [who, at] of [
    ["the leader", 0],
    ["a follower", 1],
  ]) {
    it(`a call of ${who} that traps again and again: it is given up, nothing else is`, async () => {
      await setTraps();
      const pages = await openTwo(`traps-${at}`);
      const trapping = note(pages[at], "trap-before");
      const others = [0, 1, 2].map((count) => note(pages[1 - at], `other ${count}`));
      await assert.rejects(trapping, { code: "worker_failed", message: /it was not done/ });
      await Promise.all(others);
      await note(pages[at], "the next call");
      assert.deepEqual(await bodies(pages[0]), ["other 0", "other 1", "other 2", "the next call"]);
      const traps = await pages[1].evaluate(() => globalThis.traps.length);
      assert.equal(traps, 2, "it was asked twice");
      for (const page of pages) await page.close();
      await clearRoutes();
    });

    it(`a call of ${who} that was done before it trapped: it says so`, async () => {
      await setTraps();
      const pages = await openTwo(`done-${at}`);
      await assert.rejects(note(pages[at], "trap-after"), { code: "answer_lost" });
      assert.deepEqual(await bodies(pages[at]), ["trap-after"]);
      for (const page of pages) await page.close();
      await clearRoutes();
    });
  }

  it("a worker script that fails to load, and a WebAssembly file that does", async () => {
    const page = await openHarness(browser.context, site.address);
    for (const file of ["worker.js", "freehold_wasm_bg.wasm"]) {
      await browser.context.route(`**/web/${file}`, (route) => route.fulfill({ status: 404 }));
      const opened = openDatabase(page, { name: "unloaded", model: MODEL });
      await assert.rejects(opened, { code: "worker_failed" }, file);
      await page.waitForFunction(isUnheld, "unloaded");
      await clearRoutes();
    }
    await openDatabase(page, { name: "unloaded", model: MODEL });
    assert.ok(await within(page, () => db.init()));
    // Nothing of what failed leads when this page does no more.
    await within(page, () => db.close());
    await page.waitForFunction(isUnheld, "unloaded");
    assert.ok(await within(page, () => freehold.removeDatabase("unloaded")));
    await page.close();
  });

  it("the files of a built-in model that can't be fetched", async () => {
    const page = await openHarness(browser.context, site.address);
    const options = { name: "unfetched", model: "workflow" };
    await browser.context.route("**/web/models/workflow.json", (route) => route.abort());
    await assert.rejects(openDatabase(page, options), { code: "io" });
    await page.waitForFunction(isUnheld, "unfetched");
    await clearRoutes();
    await openDatabase(page, options);
    assert.ok(await within(page, () => db.init()));
    await page.close();
  });

  it("a built-in model's files of another version, which a cache has kept", async () => {
    const page = await openHarness(browser.context, site.address);
    let fetched = 0;
    let wrong = 1;
    await browser.context.route("**/web/models/workflow.json", async (route) => {
      fetched += 1;
      const response = await route.fetch();
      const files = await response.json();
      const up = { ...files.up, "V99999999999999__later.sql": "SELECT 1;" };
      await route.fulfill({ response, json: fetched > wrong ? files : { ...files, up } });
    });
    await openDatabase(page, { name: "stale", model: "workflow" });
    assert.equal(fetched, 2);
    wrong = 9;
    const opened = openDatabase(page, { name: "stale-2", model: "workflow" });
    await assert.rejects(opened, { code: "io" });
    await clearRoutes();
    await page.close();
  });

  it("a worker that dies while its script can't be had", async () => {
    const page = await openTab(browser.context, site.address, { name: "offline" });
    await note(page, "before");
    await browser.context.route("**/web/worker.js", (route) => route.abort());
    await within(page, async () => globalThis.workers.at(-1).terminate());
    await reaches(page, "reconnecting");
    await assert.rejects(note(page, "during"), { code: "worker_failed" });
    await clearRoutes();
    await note(page, "after");
    assert.equal(await connection(page), "leading");
    assert.deepEqual(await bodies(page), ["after", "before"]);
    await page.close();
  });

  it("a worker that is stopped before it runs, which nobody can see", async () => {
    const page = await openTab(browser.context, site.address, { name: "unstarted" });
    await note(page, "before");
    await page.clock.install();
    await within(page, async () => {
      const { Worker } = globalThis;
      globalThis.Worker = class extends Worker {
        constructor(...given) {
          super(...given);
          this.terminate();
          globalThis.Worker = Worker;
        }
      };
      globalThis.workers.at(-1).terminate();
    });
    await reaches(page, "reconnecting");
    const refused = assert.rejects(note(page, "during"), { code: "worker_failed" });
    await page.clock.fastForward(31_000);
    await refused;
    await note(page, "after");
    assert.deepEqual(await bodies(page), ["after", "before"]);
    await page.close();
  });

  it("a page that was reloaded in the middle of a write", async () => {
    const [first, second] = await openTwo("reloaded");
    void note(first, "perhaps").catch(() => {});
    await load(first);
    await reaches(second, "leading");
    await openDatabase(first, { name: "reloaded", model: MODEL });
    await note(first, "sure");
    const found = await bodies(second);
    assert.equal(found.at(-1), "sure");
    assert.deepEqual(await bodies(first), found);
    await first.close();
    await second.close();
  });
});
