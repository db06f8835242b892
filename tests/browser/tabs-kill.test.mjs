// Killed in the middle of writes: a worker and the whole browser a hundred times each, a page's
// process a quarter as often.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { HARNESS, within } from "./harness.mjs";
import { useBrowser } from "./support.mjs";
import {
  MODEL,
  assertExactlyOnce,
  bodies,
  connection,
  killLeader,
  openTab,
  startWriting,
  stopWriting,
  written,
} from "./tabs.mjs";

/** Of workers, and of browsers. Each of those takes a new one, a second or two. */
const KILLS = 100;
/** Each takes a new page. */
const CRASHES = 25;
/** How many databases a browser that is killed writes to, and with how many calls at a time. */
const DATABASES = 2;
const WRITERS = 2;

/** How many writes come before a kill: a few, so that it falls anywhere within one. */
const untilKill = (round) => 1 + (round % 3);

describe("nothing that was acknowledged is lost, and nothing done twice, when", () => {
  const { browser, site } = useBrowser(HARNESS);

  /** What a page said of its writes, also after it is gone. */
  const outcomes = [];

  const open = (name) => openTab(browser.context, site.address, { name });

  /** Opens a page that says what becomes of its writes. */
  async function openReporting(name) {
    const page = await open(name);
    await page.exposeBinding("report", (_source, ...outcome) => void outcomes.push(outcome));
    return page;
  }

  /** The page that leads, once there is one. */
  async function leaderOf(pages) {
    for (;;) {
      const states = await Promise.all(pages.map(connection));
      const at = states.indexOf("leading");
      if (at >= 0) return pages[at];
    }
  }

  it(`the leader's worker is killed ${KILLS} times`, async () => {
    const pages = [await open("killed-worker"), await open("killed-worker")];
    await Promise.all(pages.map((page, at) => startWriting(page, `tab${at}`)));
    for (let round = 0; round < KILLS; round += 1) {
      await written(pages[round % 2], untilKill(round));
      await killLeader(pages);
    }
    const all = (await Promise.all(pages.map(stopWriting))).flat();
    assertExactlyOnce(await bodies(pages[0]), all);
    assert.deepEqual(await within(pages[1], () => db.verifyAudit()), []);
    assert.deepEqual(await within(pages[1], () => db.inspect()), []);
    for (const page of pages) await page.close();
  });

  it(`the leader's page crashes ${CRASHES} times`, async () => {
    outcomes.length = 0;
    let pages = [await openReporting("crashed"), await openReporting("crashed")];
    for (let round = 0; round < CRASHES; round += 1) {
      const leader = await leaderOf(pages);
      const follower = pages.find((page) => page !== leader);
      await startWriting(leader, `leader${round}`);
      if (round === 0) await startWriting(follower, "follower0");
      await written(follower, untilKill(round));
      const session = await browser.context.newCDPSession(leader);
      const crashed = new Promise((crashed) => leader.once("crash", crashed));
      session.send("Page.crash").catch(() => {});
      await crashed;
      await leader.close();
      await written(follower, 1);
      pages = [follower, await openReporting("crashed")];
      await startWriting(pages[1], `tab${round}`);
    }
    await Promise.all(pages.map(stopWriting));
    assertExactlyOnce(await bodies(pages[0]), outcomes);
    assert.deepEqual(await within(pages[1], () => db.verifyAudit()), []);
    for (const page of pages) await page.close();
  });

  it(`the browser is killed ${KILLS} times, over ${DATABASES} databases`, async () => {
    outcomes.length = 0;
    const names = Array.from({ length: DATABASES }, (_, at) => `killed-browser-${at}`);
    // Only kills count that came while a write was under way, as far as anybody heard of it.
    let kills = 0;
    let round = 0;
    for (; kills < KILLS && round < 2 * KILLS; round += 1) {
      const page = await openReporting(names[0]);
      const before = outcomes.length;
      await within(page, writeToAll, { names, round, model: MODEL, width: WRITERS });
      await written(page, DATABASES * untilKill(round));
      await browser.crash();
      const said = outcomes.slice(before);
      const begun = said.filter(([, outcome]) => outcome === "begun").length;
      if (2 * begun > said.length) kills += 1;
    }
    assert.equal(kills, KILLS, `of ${round} kills so many came while a write was under way`);
    const settled = outcomes.filter(([, outcome]) => outcome !== "begun");
    for (const name of names) {
      const page = await openReporting(name);
      const own = settled.filter(([body]) => body.startsWith(`${name}/`));
      assert.ok(own.length >= KILLS, `${own.length} notes of ${name}`);
      assertExactlyOnce(await bodies(page), own);
      assert.deepEqual(await within(page, () => db.verifyAudit()), []);
      assert.deepEqual(await within(page, () => db.inspect()), []);
      await page.close();
    }
  });
});

/** Inside of a page: opens databases and writes to each without end. */
async function writeToAll({ names, round, model, width }) {
  globalThis.outcomes = [];
  const open = (name) => (name === names[0] ? db : globalThis.freehold.open({ name, model }));
  const databases = await Promise.all(names.map(open));
  await Promise.all(databases.map((database) => database.init()));
  for (const [at, database] of databases.entries()) {
    let count = 0;
    const write = async () => {
      const body = `${names[at]}/${round}/${(count += 1)}`;
      void globalThis.report(body, "begun");
      await database.owner().insert("notes", { body });
      globalThis.outcomes.push([body, "done"]);
      await globalThis.report(body, "done");
      for (const waiting of globalThis.whenWritten ?? []) waiting();
      return write();
    };
    for (let writer = 0; writer < width; writer += 1) void write();
  }
}
