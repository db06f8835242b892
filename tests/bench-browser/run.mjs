#!/usr/bin/env node
/**
 * Freehold in a browser against others, in one run: `node tests/bench-browser/run.mjs`. See the
 * README beside this file.
 */

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { build } from "vite";

import { startBrowser } from "../browser/support.mjs";
import { CONTENDERS } from "./contenders.js";
import { print, summarise } from "./report.mjs";
import { serve } from "./server.mjs";
import { sizes } from "./sizes.mjs";

const here = import.meta.dirname;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    repetitions: { type: "string", default: "5" },
    "readers-repetitions": { type: "string", default: "1" },
    quick: { type: "boolean", default: false },
    row: { type: "string", multiple: true, default: [] },
    json: { type: "string" },
    "no-build": { type: "boolean", default: false },
  },
});

/** Cold starts a repetition: what a browser that starts does besides differs from time to time. */
const STARTS = 5;

/** Visits before the cold starts that are measured, and how long one stays once it has its rows. */
const VISITS = 2;
const VISIT_MS = 2000;

/** The workloads, in the order in which they run, with how much of each. */
const scale = options.quick ? 0.1 : 1;
const WORKLOADS = Object.entries({
  pointReads: { count: 10_000 * scale },
  pages: { count: 1_000 * scale },
  insertAll: { count: 10_000 * scale },
  insertEach: { count: 10_000 * scale },
  commits: { count: 1_000 * scale },
  sql: {},
  live: { count: 20, queries: 100 },
}).filter(([name]) => options.row.length === 0 || options.row.includes(name));

const isWanted = ({ name }) =>
  options.only.length === 0 || name === "freehold" || options.only.includes(name);
const contenders = CONTENDERS.filter(isWanted);

if (!options["no-build"]) await build({ configFile: join(here, "vite.config.js") });
const server = await serve(join(here, "dist"));
const browser = await startBrowser();
try {
  const results = await measure();
  if (options.row.length === 0 || options.row.includes("cold")) await measureCold(results);
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`;
  const version = browser.context.browser()?.version() ?? "";
  const summary = { chromium: version, machine, ...summarise(results, sizes()) };
  print(summary, contenders);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(summary, null, 2)}\n`);
  if (!summary.rows.every(({ holds }) => holds)) process.exitCode = 1;
} finally {
  await browser.close();
  server.close();
}

/** Runs every workload in turns, all contenders' pages being open. */
async function measure() {
  const results = { times: {}, checks: {}, missing: {} };
  const pages = await openAll();
  const repetitions = Number(options.repetitions);
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const isTurnOfReaders = repetition < Number(options["readers-repetitions"]);
    const turns = contenders.filter(({ forReader }) => !forReader || isTurnOfReaders);
    for (const [workload, argument] of WORKLOADS) {
      // Whoever begins has an advantage or a disadvantage, so they take turns at it.
      const order = repetition % 2 === 0 ? turns : turns.toReversed();
      for (const { name, share = 1 } of order) {
        note(`repetition ${repetition + 1} of ${repetitions}: ${workload}, ${name}`);
        const answer = await ask(pages.get(name), workload, { ...argument, share });
        record(results, workload, name, answer);
      }
    }
  }
  for (const page of pages.values()) await page.close();
  return results;
}

/** Opens a page for each contender. Freehold fills its database, the others take it from there. */
async function openAll() {
  const pages = new Map();
  for (const { name } of contenders) {
    note(`opening ${name}`);
    const page = await browser.context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") console.error(`${name}: ${message.text()}`);
    });
    page.on("pageerror", (error) => console.error(`${name}: ${error}`));
    await page.goto(`${server.address}/pages/${name}.html`);
    await page.waitForFunction(() => globalThis.contender !== undefined);
    const source = name === "freehold" ? undefined : { file: "/source.db", rows: "/source.json" };
    await page.evaluate((options) => globalThis.contender.open(options), { source });
    if (name === "freehold") await page.evaluate(putSource);
    pages.set(name, page);
  }
  return pages;
}

/** Hands the filled database to the web server: as a file, and the files' rows as JSON. */
async function putSource() {
  await fetch("/source.db", { method: "PUT", body: await globalThis.contender.export() });
  await fetch("/source.json", { method: "PUT", body: await globalThis.contender.exportRows() });
}

function ask(page, workload, argument) {
  return page.evaluate(([workload, argument]) => globalThis.workloads[workload](argument), [
    workload,
    argument,
  ]);
}

function record(results, workload, name, answer) {
  if (answer.missing) {
    (results.missing[workload] ??= {})[name] = true;
    return;
  }
  const { ms, parts = { [workload]: ms }, checks } = answer;
  for (const [part, took] of Object.entries(parts)) {
    const key = part === workload ? workload : `${workload}.${part}`;
    ((results.times[key] ??= {})[name] ??= []).push(took);
  }
  for (const [what, value] of Object.entries(checks)) {
    const key = `${workload}, ${what}`;
    ((results.checks[key] ??= {})[name] ??= new Set()).add(JSON.stringify(value));
  }
}

/**
 * From the page's load to the first page of 50: each time in a browser that was just started, which
 * has been on the page before. What it keeps of a visit (the files, compiled code, and what a
 * contender keeps itself) it keeps of every contender's.
 */
async function measureCold(results) {
  const names = ["freehold", "official"].filter((name) =>
    contenders.some((contender) => contender.name === name),
  );
  for (const name of names) {
    note(`filling the database for cold starts, ${name}`);
    const page = await browser.context.newPage();
    await page.goto(`${server.address}/pages/${name}.html`);
    await page.waitForFunction(() => globalThis.contender !== undefined);
    const source = { file: "/source.db" };
    await page.evaluate((options) => globalThis.contender.open(options), { name: "cold", source });
    await page.close();
  }
  const starts = Number(options.repetitions) * STARTS;
  for (let start = -VISITS; start < starts; start += 1) {
    for (const name of start % 2 === 0 ? names : names.toReversed()) {
      note(`cold start ${start + 1} of ${starts}, ${name}`);
      await browser.restart();
      const page = await browser.context.newPage();
      // A function that is waited for would run in the page, beside what is measured.
      const started = page.waitForEvent("console", (message) => message.text() === "cold");
      await Promise.all([started, page.goto(`${server.address}/pages/${name}-cold.html`)]);
      const answer = await page.evaluate(() => globalThis.cold);
      if (start >= 0) record(results, "cold", name, answer);
      else await page.waitForTimeout(VISIT_MS);
    }
  }
}

function note(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
