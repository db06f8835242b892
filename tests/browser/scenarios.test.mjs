// The scenario files, replayed in a browser: every answer must be the native one, byte for byte.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { HARNESS, openHarness, within } from "./harness.mjs";
import { root, useBrowser } from "./support.mjs";

const FOLDER = join(root, "tests/scenarios");

const scenarios = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".json"))
  .map((file) => JSON.parse(readFileSync(join(FOLDER, file), "utf8")));

/**
 * Replays a scenario inside of the page.
 *
 * @returns {Promise<{ step: number, request: string, answer: string }[]>}
 */
async function replay({ scenario, storage }) {
  const { name, bundle, now_ms: nowMs, seed, steps } = scenario;
  const testing = { nowMs, seed };
  // Backups would show in the answers of runs, and a database in memory has none.
  const options = { name: `scenario-${name}`, model: bundle, storage, testing, backups: 0 };
  const db = await globalThis.freehold.open(options);
  const saved = new Map();
  const answers = [];
  for (const [at, step] of steps.entries()) {
    // Without an actor `as` is undefined, which JSON leaves out.
    const [actor, params] = [substitute(step.as), substitute(step.params ?? {})];
    const request = JSON.stringify({ method: step.call, as: actor, params });
    const answer = await db.callText(request);
    answers.push({ step: at, request, answer });
    for (const [key, pointer] of Object.entries(step.save ?? {})) {
      const place = pointer.split("/").slice(1);
      const value = place.reduce((part, word) => part?.[word], JSON.parse(answer).ok);
      if (value === undefined) throw new Error(`step ${at}: ${pointer} is nowhere in ${answer}`);
      saved.set(key, value);
    }
  }
  await db.close();
  return answers;

  function substitute(value) {
    if (typeof value === "string" && value.startsWith("$") && saved.has(value.slice(1))) {
      return saved.get(value.slice(1));
    }
    if (Array.isArray(value)) return value.map(substitute);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, substitute(part)]));
  }
}

/** The native answers, each as compact text. Parsing would round numbers and reorder keys. */
function nativeAnswers(name) {
  const trace = readFileSync(join(FOLDER, "traces", `${name}.json`), "utf8");
  const answers = [];
  let depth = 0;
  let current = "";
  for (const [token] of trace.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]|[^\s"[\]{}]+/g)) {
    if (depth === 1 && (token === "," || token === "]")) {
      answers.push(current);
      current = "";
    } else if (depth > 0) {
      current += token;
    }
    if (token === "[" || token === "{") depth += 1;
    if (token === "]" || token === "}") depth -= 1;
  }
  return answers;
}

describe("a scenario gives in a browser what it gives natively", () => {
  const { browser, site } = useBrowser(HARNESS);

  it("and there are scenarios", () => assert.ok(scenarios.length >= 7));

  for (const scenario of scenarios) {
    for (const storage of ["opfs", "memory"]) {
      it(`${scenario.name}, ${storage}`, async () => {
        const page = await openHarness(browser.context, site.address);
        const found = await within(page, replay, { scenario, storage });
        const expected = nativeAnswers(scenario.name);
        assert.equal(found.length, expected.length, "as many answers as natively");
        for (const { step, request, answer } of found) {
          assert.equal(answer, expected[step], `step ${step}: ${request}`);
        }
        await page.close();
      });
    }
  }
});
