/** Tabs that share a database, and ways to end them. */

import assert from "node:assert/strict";

import { openDatabase, openHarness, within } from "./harness.mjs";

/** One table of notes. */
export const MODEL = {
  name: "notebook",
  tables: {
    notes: { columns: { id: { type: "uuid", auto: "id" }, body: { type: "text", max: 80 } } },
  },
};

/**
 * Opens a page, and in it a database as `db`.
 *
 * @param {import("playwright-core").BrowserContext} context
 * @param {string} address
 * @param {object} options For `open`.
 */
export async function openTab(context, address, options) {
  const page = await openHarness(context, address);
  await openDatabase(page, { model: MODEL, ...options });
  await within(page, () => db.init());
  return page;
}

/** Resolves once the page's connection is in a state. */
export function reaches(page, state) {
  return within(
    page,
    (state) =>
      new Promise((reached) => {
        const check = () => db.connection.state === state && reached(null);
        db.connection.onState(check);
        check();
      }),
    state,
  );
}

/** The page's connection. */
export const connection = (page) => within(page, () => Promise.resolve(db.connection.state));

/** Writes a note. */
export const note = (page, body) =>
  within(page, (body) => db.owner().insert("notes", { body }), body);

/** What the notes say, in the order of the alphabet. */
export const bodies = (page) =>
  within(page, async () => {
    const { rows } = await db.owner().sql("SELECT body FROM notes ORDER BY body");
    return rows.map(([body]) => body);
  });

/** Ends the worker of a page, as nobody but the browser can. */
export const killWorker = (page) =>
  within(page, async () => globalThis.workers.at(-1).terminate());

/** Kills the worker of whichever page leads, once one does that was not killed before. */
export async function killLeader(pages) {
  const kill = async () => {
    const worker = globalThis.workers.at(-1);
    if (db.connection.state !== "leading" || worker === globalThis.killed) return false;
    globalThis.killed = worker;
    worker.terminate();
    return true;
  };
  for (;;) for (const page of pages) if (await within(page, kill)) return;
}

/**
 * Starts writing in a page: several notes at a time, one after the other. What becomes of each is
 * kept in `globalThis.outcomes` and, where there is a binding of that name, handed to `report`.
 */
export function startWriting(page, name, width = 4) {
  return within(
    page,
    async ({ name, width }) => {
      const outcomes = (globalThis.outcomes ??= []);
      let count = outcomes.length;
      globalThis.isWriting = true;
      const settle = async (body, outcome) => {
        outcomes.push([body, outcome]);
        // Waiting for the test to have heard of it keeps writes from running away from it.
        await globalThis.report?.(body, outcome);
        for (const waiting of globalThis.whenWritten ?? []) waiting();
      };
      const write = async () => {
        while (globalThis.isWriting) {
          const body = `${name}-${(count += 1)}`;
          await db.owner().insert("notes", { body }).then(
            () => settle(body, "done"),
            (error) => settle(body, error.code),
          );
        }
      };
      globalThis.writers = Array.from({ length: width }, write);
    },
    { name, width },
  );
}

/** Resolves once so many more notes were written in a page. */
export function written(page, count) {
  return within(
    page,
    (count) =>
      new Promise((enough) => {
        const goal = globalThis.outcomes.length + count;
        const waiting = (globalThis.whenWritten ??= new Set());
        const check = () => {
          if (globalThis.outcomes.length < goal) return;
          waiting.delete(check);
          enough(null);
        };
        waiting.add(check);
      }),
    count,
  );
}

/** Ends the writing in a page; what became of each note. */
export function stopWriting(page) {
  return within(page, async () => {
    globalThis.isWriting = false;
    await Promise.all(globalThis.writers);
    return globalThis.outcomes;
  });
}

/**
 * Asserts that what was acknowledged, or is said to be done, is there exactly once, and nothing
 * twice.
 *
 * @param {string[]} found
 * @param {[string, string][]} outcomes
 */
export function assertExactlyOnce(found, outcomes) {
  const counts = new Map();
  for (const body of found) counts.set(body, (counts.get(body) ?? 0) + 1);
  const twice = [...counts].filter(([, count]) => count > 1);
  assert.deepEqual(twice, [], "nothing was written twice");
  const codes = new Set(outcomes.map(([, outcome]) => outcome));
  for (const code of codes) {
    assert.ok(["done", "answer_lost", "worker_failed"].includes(code), `outcome ${code}`);
  }
  const isDone = ([, outcome]) => outcome === "done" || outcome === "answer_lost";
  const lost = outcomes.filter((one) => isDone(one) && !counts.has(one[0]));
  assert.deepEqual(lost, [], "nothing that was acknowledged is lost");
}

/**
 * Lets the browser freeze a page as it freezes one in the background, or wakes it up.
 *
 * Playwright makes every page believe that it has the focus, and such a page is never frozen. There
 * is no public way to take that back.
 */
export async function setFrozen(page, isFrozen) {
  const { delegate } = page._connection.toImpl(page);
  const session = delegate._mainFrameSession._client;
  await session.send("Emulation.setFocusEmulationEnabled", { enabled: !isFrozen });
  const state = isFrozen ? "frozen" : "active";
  await session.send("Page.setWebLifecycleState", { state });
}
