// The way to a core whose worker died: it is opened again once for all calls that wait.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Channel } from "../dist/channel.js";
import { Connection } from "../dist/tabs/connection.js";

/** A channel over links that are made by `reopen`; the first of them is dead. */
function channelOver(reopen) {
  const dead = { ended: true, ask: () => Promise.reject(new Error("dead")), end: () => {} };
  const opened = { name: "x", storage: "opfs", link: dead, connection: Connection.make() };
  return new Channel({ ...opened, reopen, release: () => {} });
}

const alive = () => ({ ended: false, ask: async () => '{"ok":1}', end: () => {} });
const turn = () => new Promise((next) => setTimeout(next, 5));

describe("a channel whose worker is dead", () => {
  it("is opened again once for all calls", async () => {
    let opened = 0;
    const channel = channelOver(async () => {
      opened += 1;
      await turn();
      return alive();
    });
    const calls = Array.from({ length: 20 }, () => channel.call("count", {}));
    assert.deepEqual(await Promise.all(calls), Array(20).fill(1));
    assert.equal(opened, 1);
  });

  it("tries once where that fails, for all calls that waited, and again for later ones", async () => {
    let tried = 0;
    const channel = channelOver(async () => {
      tried += 1;
      await turn();
      if (tried < 3) throw new Error(`no ${tried}`);
      return alive();
    });
    for (const message of ["no 1", "no 2"]) {
      const calls = Array.from({ length: 20 }, () => channel.call("count", {}));
      const said = await Promise.allSettled(calls);
      assert.deepEqual(new Set(said.map(({ reason }) => reason.message)), new Set([message]));
    }
    assert.equal(tried, 2);
    assert.equal(await channel.call("count", {}), 1);
    assert.equal(tried, 3);
  });

  it("is closed when that has failed, and is not opened again", async () => {
    let tried = 0;
    const channel = channelOver(async () => {
      tried += 1;
      await turn();
      throw new Error("no");
    });
    const calls = Array.from({ length: 20 }, () => channel.call("count", {}));
    const closing = channel.close();
    const said = await Promise.allSettled(calls);
    assert.ok(said.every(({ reason }) => reason.message === "no"));
    await closing;
    assert.equal(tried, 1);
    await assert.rejects(channel.call("count", {}), { code: "closed" });
  });

  it("closes what a live query has opened again", async () => {
    const asked = [];
    const channel = channelOver(async () => {
      await turn();
      const ask = async ({ kind }) => {
        asked.push(kind);
        return '{"ok":null}';
      };
      const subscribe = () => ({ first: Promise.resolve('{"ok":1}'), end: () => {} });
      return { ...alive(), ask, subscribe };
    });
    channel.subscribe({ method: "count", params: {} }, undefined, () => {});
    await channel.close();
    assert.deepEqual(asked, ["close"]);
  });
});
