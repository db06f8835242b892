// The page after a page, read before it is asked for: the same as if it had been read then.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

import { Ahead } from "../dist/ahead.js";
import { Engine } from "../dist/engine.js";
import { GIVEN_MS, Received } from "../dist/received.js";
import { decode, lengthOf, nthOf } from "../dist/text.js";

const request = (after, { as, ...more } = {}) =>
  JSON.stringify({ method: "list", ...as, params: { table: "tenants", limit: 2, ...more, after } });
const answer = (next) => JSON.stringify({ ok: { rows: [{ id: 1 }], next } });
const bytes = (text) => ({ utf8: new TextEncoder().encode(text) });
const READ = bytes(answer("and_so-on"));

/** Answers behind each other, as the core reads pages. */
function joined(answers) {
  let end = 0;
  const ends = answers.map((text) => (end += Buffer.byteLength(text)));
  return { ...bytes(answers.join("")), ends };
}
const textsOf = (pages) =>
  Array.from({ length: lengthOf(pages) }, (_, nth) => decode(nthOf(pages, nth)));

/** What is asked of the core when a request was answered, and what is kept of that. */
function ahead(asked, { said = answer("next"), tookMs = 0, core = () => READ } = {}) {
  const [ahead, calls] = [new Ahead(), []];
  ahead.answered({ request: asked, answer: said, tookMs });
  ahead.read((request, count) => {
    calls.push([request, count]);
    return core(request, count);
  });
  return { ahead, calls };
}

describe("what is likely to be asked for", () => {
  it("is the page after one that came after another", () => {
    const { ahead: kept, calls } = ahead(request("before"));
    assert.deepEqual(calls, [[request("next"), 1]]);
    assert.deepEqual(textsOf(kept.take(request("next"), false)), textsOf(READ));
    assert.equal(kept.take(request("next"), false), undefined, "once");
  });

  it("is nothing after a first page, a last one, an error or another method", () => {
    for (const asked of [request(undefined), request("a").replace("list", "count")]) {
      assert.deepEqual(ahead(asked).calls, []);
    }
    for (const said of [answer(null), '{"error":{"code":"io"}}']) {
      assert.deepEqual(ahead(request("a"), { said }).calls, []);
    }
  });

  it("is nothing where that can't be told, or may not be used without being asked for", () => {
    const elsewhere = '{"method":"list","params":{"limit":2,"after":"a","table":"tenants"}}';
    assert.deepEqual(ahead(elsewhere).calls, []);
    const asKey = { as: { principal: { api_key: "k" } } };
    assert.deepEqual(ahead(request("a", asKey)).calls, []);
    for (const written of ['"api_key" :', '"api\\u005fkey":']) {
      const asked = request("a", asKey).replace('"api_key":', written);
      assert.deepEqual(ahead(asked).calls, []);
    }
  });

  it("is nothing any more where it is refused", () => {
    const { ahead: refused, calls } = ahead(request("before"), { core: () => undefined });
    refused.read(() => assert.fail("it was asked for again"));
    assert.equal(calls.length, 1);
  });

  it("is the next page too where columns are called like the cursor", () => {
    const more = { filter: { before: "noon", after: "noon" }, include_deleted: false };
    assert.deepEqual(ahead(request("a", more)).calls, [[request("next", more), 1]]);
    assert.deepEqual(ahead(request(undefined, more)).calls, []);
  });

  it("is nothing after a page that took long", () => {
    assert.deepEqual(ahead(request("a"), { tookMs: 3 }).calls, []);
  });

  it("is more and more as long as it is asked for as fast as it comes", async () => {
    const [ahead, counts] = [new Ahead(), []];
    const core = (asked, count) => {
      counts.push(count);
      const { after } = JSON.parse(asked).params;
      const next = Array.from({ length: count }, (_, nth) => `${Number(after) + nth + 1}`);
      return joined(next.map(answer));
    };
    let at = 1;
    const take = (mayGive) => {
      const pages = textsOf(ahead.take(request(`${at}`), mayGive));
      for (const page of pages) assert.equal(page, answer(`${++at}`));
      ahead.read(core);
      return pages.length - 1;
    };
    ahead.answered({ request: request("0"), answer: answer("1"), tookMs: 0.01 });
    ahead.read(core);
    assert.deepEqual([take(true), take(true), take(true), take(true)], [0, 3, 7, 7]);
    assert.deepEqual(counts, [1, 4, 8, 8, 8]);
    // Where none may be given it is one again, and after a pause.
    assert.deepEqual([take(false), take(true)], [0, 0]);
    assert.deepEqual(counts.slice(5), [1, 4]);
    await new Promise((done) => setTimeout(done, 50));
    assert.equal(take(true), 0);
    assert.deepEqual(counts.slice(7), [1]);
  });

  it("is the pages after a first one too, where a list begins as fast as another one ended", async () => {
    const other = { filter: { name: "other" } };
    const readTo = (end, { pauseMs = 0, tookMs = 0.01, mayGive = true, between } = {}) => {
      const [ahead, counts] = [new Ahead(), []];
      const core = (asked, count) => {
        const { after } = JSON.parse(asked).params;
        counts.push([after, count]);
        const last = after.startsWith("x") ? count : end - Number(after);
        const next = Array.from({ length: Math.min(last, count) }, (_, nth) => nth + 1);
        return joined(next.map((nth) => answer(nth === last ? null : `${Number(after) + nth}`)));
      };
      ahead.answered({ request: request("0"), answer: answer("1"), tookMs: 0.01 });
      ahead.read(core);
      for (let at = 1; at < 13; ) {
        at += lengthOf(ahead.take(request(`${at}`), true));
        ahead.read(core);
      }
      assert.deepEqual(counts, [["1", 1], ["2", 4], ["6", 8]].concat(end > 14 ? [["14", 8]] : []));
      const begin = () => {
        if (between) ahead.take(between, true);
        assert.equal(ahead.take(request(undefined, other), mayGive), undefined);
        ahead.answered({ request: request(undefined, other), answer: answer("x"), tookMs });
        counts.length = 0;
        ahead.read(core);
        return counts;
      };
      return pauseMs ? new Promise((done) => setTimeout(() => done(begin()), pauseMs)) : begin();
    };
    assert.deepEqual(readTo(14), [["x", 8]]);
    // Not where another page was read for nothing, after a pause, beside others, or a slow page;
    // nor where something else was asked for in between.
    assert.deepEqual(readTo(99), []);
    assert.deepEqual(await readTo(14, { pauseMs: 50 }), []);
    assert.deepEqual(readTo(14, { mayGive: false }), []);
    assert.deepEqual(readTo(14, { tookMs: 3 }), []);
    assert.deepEqual(readTo(14, { between: '{"method":"count","params":{}}' }), []);
  });
});

describe("what was read ahead", () => {
  it("is gone after any other request", () => {
    const { ahead: kept } = ahead(request("before"));
    assert.equal(kept.take(request("other"), false), undefined);
    assert.equal(kept.take(request("next"), false), undefined);
    const { ahead: dropped } = ahead(request("before"));
    dropped.drop();
    assert.equal(dropped.take(request("next"), false), undefined);
  });

  it("is not kept where it is refused", () => {
    const { ahead: kept } = ahead(request("before"), { core: () => undefined });
    assert.equal(kept.take(request("next"), false), undefined);
  });

  it("is not kept for long", async () => {
    const { ahead: kept } = ahead(request("before"));
    await new Promise((done) => setTimeout(done, 1050));
    assert.equal(kept.take(request("next"), false), undefined);
  });
});

describe("what came along with an answer", () => {
  const pages = (...names) => joined(names.map(answer));
  const got = (...names) => {
    const received = new Received();
    assert.equal(received.asked(1, request("0")), undefined);
    assert.equal(received.answered(1, pages("a", ...names)), answer("a"));
    return received;
  };

  it("answers the requests for it, in order", () => {
    const received = got("b", "c");
    assert.equal(received.take(request("a")), answer("b"));
    assert.equal(received.take(request("b")), answer("c"));
    assert.equal(received.take(request("c")), undefined);
  });

  it("is gone once something else is asked for, and where something was meanwhile", () => {
    const received = got("b");
    received.asked(2, request("0"));
    assert.equal(received.take(request("a")), undefined);
    assert.equal(got("b", "c").take(request("b")), undefined);
    const busy = new Received();
    busy.asked(1, request("0"));
    busy.asked(2, request("0"));
    assert.equal(busy.answered(1, pages("a", "b")), answer("a"));
    assert.equal(busy.take(request("a")), undefined);
    assert.equal(busy.answered(2, pages("a", "b")), answer("a"));
    assert.equal(busy.take(request("a")), answer("b"));
  });

  it("is not used for long", async () => {
    const received = got("b");
    await new Promise((done) => setTimeout(done, GIVEN_MS + 1));
    assert.equal(received.take(request("a")), undefined);
  });
});

describe("pages of a core that reads ahead", () => {
  it("are those of one that does not, whatever is written in between", async () => {
    const path = new URL("../dist/models/workflow.json", import.meta.url);
    const bundle = JSON.parse(readFileSync(path, "utf8"));
    const open = async () => {
      const engine = await Engine.start();
      const testing = { now_ms: 1_790_000_000_000, seed: 7 };
      const options = { name: "a", storage: "memory", bundle, source: "builtin", testing };
      // As a page and its worker do.
      const received = new Received();
      let given = 0;
      const ask = async (kind, asked) => {
        const text = JSON.stringify(asked);
        let answer = received.take(text);
        if (answer === undefined) {
          received.asked(1, text);
          answer = received.answered(1, await engine.handle({ kind, text }, () => {}, true));
        } else {
          given += 1;
        }
        const { ok, error } = JSON.parse(answer);
        assert.equal(error, undefined);
        return ok;
      };
      await ask("open", options);
      const call = (method, params) => ask("call", { method, params });
      await call("init", {});
      return { engine, call, given: () => given };
    };
    const [one, other] = [await open(), await open()];
    let seed = 1;
    const random = (below) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    const both = async (method, params) => {
      const answers = [await one.call(method, params), await other.call(method, params)];
      assert.deepEqual(answers[0], answers[1]);
      // The one reads ahead now, the other doesn't.
      one.engine.idle();
      return answers[0];
    };
    const name = (number) => ({ name: `Tenant ${number}`, slug: `tenant-${number}` });
    let made = 0;
    const insert = () => both("insert", { table: "tenants", row: name(made++) });
    for (let at = 0; at < 60; at += 1) await insert();
    let after;
    let pages = 0;
    for (let step = 0; step < 1200; step += 1) {
      const row = random(24);
      if (row === 0) await insert();
      const key = { table: "tenants", filter: { name: { gte: `Tenant ${random(60)}` } }, limit: 1 };
      const [found] = row < 3 ? (await both("list", key)).rows : [];
      if (found && row === 1) await both("delete", { table: "tenants", key: found.id });
      if (found && row === 2) {
        const changes = { name: `Tenant ${random(90)}` };
        await both("update", { table: "tenants", key: found.id, changes });
      }
      const params = { table: "tenants", order: ["name"], limit: 3, after };
      const page = await both("list", params);
      after = page.next ?? undefined;
      pages += page.rows.length;
    }
    assert.ok(pages > 1000, `${pages} rows`);
    assert.ok(one.given() > 200, `${one.given()} pages were given ahead`);
    assert.equal(other.given(), 0);
  });
});
