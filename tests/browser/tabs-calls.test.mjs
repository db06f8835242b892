// What becomes of calls and subscriptions when leaders go: the rules alone, without a browser.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

import { Calls } from "../../wasm/js/dist/tabs/calls.js";
import { Queue } from "../../wasm/js/dist/tabs/queue.js";
import { BUILTIN } from "../../wasm/js/dist/models.js";
import { newestMigration } from "../../wasm/js/dist/tabs/version.js";

const call = (method, params = {}) => ({
  kind: "call",
  text: JSON.stringify({ method, params }),
});
const ok = (id) => ({ kind: "answer", id, answer: '{"ok":null}' });

/** Calls, and what was sent of them to which leader. */
function setUp() {
  const sent = [];
  const calls = new Calls();
  const to = (epoch) => (id, ask) => sent.push({ epoch, id, ask });
  const ask = (request) => {
    const added = calls.add(request);
    added.answer.catch(() => {});
    calls.send(added.id, "first", to("first"));
    return added;
  };
  const handOver = (from, next, isSudden = true) => {
    calls.orphan(from, isSudden);
    calls.sendAll(next, to(next));
  };
  return { calls, sent, ask, handOver, to };
}

const requestOf = ({ ask }) => JSON.parse(ask.text);

describe("calls without an answer", () => {
  it("are asked again in their order, writes under their id, reads as they were", async () => {
    const { calls, sent, ask, handOver } = setUp();
    const [read, write] = [ask(call("list")), ask(call("insert", { table: "notes" }))];
    handOver("first", "second");
    assert.deepEqual(sent.map(({ epoch, id }) => [epoch, id]), [
      ["first", read.id],
      ["first", write.id],
      ["second", read.id],
      ["second", write.id],
    ]);
    assert.deepEqual(requestOf(sent[2]), { method: "list", params: {} });
    const [once, again] = [requestOf(sent[1]), requestOf(sent[3])];
    assert.match(once.id, /^[0-9a-f-]{36}$/);
    assert.equal(once.again, undefined);
    assert.equal(again.id, once.id);
    assert.ok(again.again <= Date.now());
    assert.deepEqual({ ...again, again: undefined }, { ...once, again: undefined });
    calls.hear(ok(read.id));
    calls.hear(ok(write.id));
    assert.equal(await read.answer, '{"ok":null}');
    // The answer of whoever answers first counts; another one is nobody's.
    calls.hear({ kind: "answer", id: write.id, answer: '{"error":{"code":"answer_lost"}}' });
    assert.equal(await write.answer, '{"ok":null}');
    assert.equal(calls.waitingSince, undefined);
  });

  it("that were not sent yet are sent for the first time", () => {
    const { calls, sent, to } = setUp();
    calls.add(call("insert")).answer.catch(() => {});
    calls.sendAll("first", to("first"));
    assert.equal(requestOf(sent[0]).again, undefined);
  });

  it("are not asked again where others may have written since", async () => {
    for (const method of ["reset", "migrate_down", "shred"]) {
      const { sent, ask, handOver } = setUp();
      const { answer } = ask(call(method));
      handOver("first", "second");
      await assert.rejects(answer, { code: "worker_failed" }, method);
      assert.equal(sent.length, 1);
    }
  });

  it("that broke two leaders are given up, and the third says whether they were done", async () => {
    for (const [wasDone, code] of [
      [true, "answer_lost"],
      [false, "worker_failed"],
    ]) {
      const { calls, sent, ask, handOver } = setUp();
      const [bad, good] = [ask(call("insert")), ask(call("update"))];
      calls.broke(bad.id);
      handOver("first", "second", false);
      calls.broke(bad.id);
      handOver("second", "third", false);
      assert.equal(requestOf(sent.at(-2)).method, "is_done");
      assert.equal(requestOf(sent.at(-1)).method, "update");
      calls.hear({ kind: "answer", id: bad.id, answer: JSON.stringify({ ok: wasDone }) });
      await assert.rejects(bad.answer, { code });
      calls.hear(ok(good.id));
      assert.equal(await good.answer, '{"ok":null}');
    }
  });

  it("are given up after four leaders that went without a word", () => {
    const { sent, ask, handOver } = setUp();
    ask(call("insert"));
    for (let at = 0; at < 3; at += 1) handOver(at === 0 ? "first" : `${at}`, `${at + 1}`);
    assert.equal(requestOf(sent.at(-1)).method, "insert");
    handOver("3", "4");
    assert.equal(requestOf(sent.at(-1)).method, "is_done");
  });
});

describe("subscriptions", () => {
  it("hear events, and are asked for again by themselves", async () => {
    const { calls, sent, to } = setUp();
    const request = { kind: "subscribe", text: "{}", subscription: "s" };
    const { id, answer } = calls.add(request);
    const [events, renewed] = [[], []];
    const onEvent = (event) => events.push(event);
    const onAgain = (answer) => renewed.push(answer);
    calls.listen(id, { ask: request, onEvent, onAgain });
    calls.send(id, "first", to("first"));
    calls.hear(ok(id));
    calls.hear({ kind: "event", id, event: "one" });
    assert.equal(await answer, '{"ok":null}');
    calls.orphan("first", true);
    calls.renew("second", to("second"));
    assert.deepEqual(sent.at(-1), { epoch: "second", id, ask: request });
    calls.hear({ kind: "answer", id, answer: '{"ok":"anew"}' });
    calls.hear({ kind: "event", id, event: "two" });
    await Promise.resolve();
    assert.deepEqual([events, renewed], [["one", "two"], ['{"ok":"anew"}']]);
    assert.equal(calls.unlisten(id), true);
    calls.hear({ kind: "event", id, event: "three" });
    calls.renew("third", to("third"));
    assert.equal(events.length, 2);
    assert.equal(sent.at(-1).epoch, "second");
  });
});

describe("a queue", () => {
  it("keeps each client's order and lets clients take turns", () => {
    const queue = new Queue();
    for (const job of ["a1", "a2", "a3", "b1", "b2", "c1"]) queue.add(job[0], job);
    queue.drop("c");
    const order = [];
    for (let job = queue.next(); job; job = queue.next()) order.push(job);
    assert.deepEqual(order, ["a1", "b1", "a2", "b2", "a3"]);
  });
});

describe("a version", () => {
  it("is the newest migration's number", () => {
    const files = (...names) => ({ model: "", up: Object.fromEntries(names.map((n) => [n, ""])) });
    assert.equal(newestMigration(files("V2__b.sql", "V10__c.sql", "V1__a.sql")), "10");
    const long = "V9223372036854775807__last.sql";
    assert.equal(newestMigration(files(long, "V9223372036854775806__x.sql")), long.slice(1, 20));
    assert.equal(newestMigration({ model: "" }), "1");
  });

  it("of a built-in model is known before its files are there", () => {
    assert.ok(BUILTIN.length > 0);
    for (const { summary, newest, file } of BUILTIN) {
      const files = JSON.parse(readFileSync(file, "utf8"));
      assert.equal(newest, newestMigration(files), summary.name);
    }
  });
});
