// Pages of rows that a tab gets ahead of asking for them, and the buffers that they come in: while
// it is alone, and until another tab is served.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { HARNESS, within } from "./harness.mjs";
import { useBrowser } from "./support.mjs";
import { openTab } from "./tabs.mjs";

describe("long answers", () => {
  const { browser, site } = useBrowser(HARNESS);

  const open = (name) => openTab(browser.context, site.address, { name });

  it("are never older than what another tab has said", async () => {
    const reader = await open("told");
    await within(reader, async () => {
      await db.owner().insertMany("notes", Array.from({ length: 300 }, () => ({ body: "0" })));
      const seen = { isOver: false, told: 0, old: 0, pages: 0, messages: 0 };
      const { postMessage } = Worker.prototype;
      Worker.prototype.postMessage = function (...given) {
        seen.messages += 1;
        return postMessage.apply(this, given);
      };
      const { port1, port2 } = new MessageChannel();
      const breath = () =>
        new Promise((done) => {
          port1.onmessage = done;
          port2.postMessage(null);
        });
      const read = async () => {
        for (let after; !seen.isOver; ) {
          const { told } = seen;
          const page = await db.owner().list("notes", { limit: 10, after });
          seen.pages += 1;
          seen.old += page.rows.filter(({ body }) => Number(body) < told).length;
          after = page.next ?? undefined;
          await breath();
        }
      };
      new BroadcastChannel("told").onmessage = ({ data }) => (seen.told = data);
      Object.assign(globalThis, { seen, reading: read() });
    });
    for (let turn = 1; turn <= 8; turn += 1) {
      const writer = await open("told");
      await within(
        writer,
        async (turn) => {
          const channel = new BroadcastChannel("told");
          for (let at = 0; at < 5; at += 1) {
            await db.owner().sql("UPDATE notes SET body = ?", [`${turn * 5 + at}`]);
            channel.postMessage(turn * 5 + at);
          }
          await db.close();
        },
        turn,
      );
      await writer.close();
    }
    const seen = await within(reader, async () => {
      seen.isOver = true;
      await reading;
      return seen;
    });
    assert.deepEqual([seen.told, seen.old], [44, 0]);
    // Alone, it is given most pages along with others.
    assert.ok(seen.pages > seen.messages * 1.5, `${seen.pages} pages, ${seen.messages} messages`);
    await reader.close();
  });

  it("that were given ahead are used no more when another tab is served", async () => {
    const page = await open("given");
    const seen = await within(page, async () => {
      const notes = Array.from({ length: 300 }, () => ({ body: "before" }));
      await db.owner().insertMany("notes", notes);
      const { postMessage } = Worker.prototype;
      let messages = 0;
      Worker.prototype.postMessage = function (...given) {
        messages += 1;
        return postMessage.apply(this, given);
      };
      let after;
      const read = async () => {
        const page = await db.owner().list("notes", { limit: 10, after });
        after = page.next;
        return page.rows[0].body;
      };
      const isGiven = async () => {
        const before = messages;
        await read();
        return messages === before;
      };
      while (!(await isGiven()));
      // Another tab, as quick as can be, while there are more pages at hand.
      const all = new BroadcastChannel("freehold-tabs-given");
      const own = new BroadcastChannel("freehold-client-c");
      navigator.locks.request("p", () => new Promise(() => {}));
      await new Promise((written) => {
        own.onmessage = ({ data }) => {
          if (data.kind !== "welcome") return written();
          const sql = { sql: "UPDATE notes SET body = 'after'", params: [] };
          const text = JSON.stringify({ method: "sql", params: sql });
          own.postMessage({ kind: "ask", id: 1, ask: { kind: "call", text } });
        };
        const hello = { client: "c", presence: "p", openedAt: 0, fingerprint: 0, hasKey: false };
        all.postMessage({ kind: "hello", ...hello });
      });
      return read();
    });
    assert.equal(seen, "after");
    await page.close();
  });

  it("and what else was asked are answered where the tab closes in the same moment", async () => {
    for (const storage of ["opfs", "memory"]) {
      const page = await openTab(browser.context, site.address, { name: "closing", storage });
      const seen = await within(page, async () => {
        const bodies = Array.from({ length: 2_000 }, (_, at) => String(at).padStart(4, "0"));
        const notes = bodies.map((body) => ({ body }));
        await db.owner().insertMany("notes", notes);
        const { postMessage } = Worker.prototype;
        let asked = 0;
        Worker.prototype.postMessage = function (message, ...rest) {
          if (message.ask?.text?.includes('"method":"list"')) asked += 1;
          return postMessage.call(this, message, ...rest);
        };
        let after;
        const read = async () => {
          const page = { order: ["body"], limit: 10, after };
          const { rows, next } = await db.owner().list("notes", page);
          const expected = bodies.splice(0, 10).join();
          after = next;
          return rows.map(({ body }) => body).join() === expected;
        };
        const isGiven = async () => {
          const before = asked;
          await read();
          return asked === before;
        };
        // Several come along with one answer; then the first of those that came with the next one.
        for (let given = 0; given < 3; ) given = (await isGiven()) ? given + 1 : 0;
        while (await isGiven());
        const before = asked;
        const reading = read();
        const writing = db.owner().insert("notes", { body: "last" });
        const closing = db.close();
        const late = db.owner().count("notes").then(String, ({ code }) => code);
        const written = writing.then(({ body }) => body);
        const ended = Promise.all([reading, written, closing.then(() => "closed"), late]);
        const patience = new Promise((over) => setTimeout(over, 5_000, "nobody answers"));
        return [asked - before, await Promise.race([ended, patience])];
      });
      assert.deepEqual(seen, [0, [true, "last", "closed", "closed"]], storage);
      await page.close();
    }
    const again = await open("closing");
    const last = () => db.owner().list("notes", { filter: { body: "last" } });
    assert.equal((await within(again, last)).rows.length, 1);
    await again.close();
  });

  it("come in buffers that are used again, huge ones excepted", async () => {
    const page = await open("buffers");
    const spares = await within(page, async () => {
      const { postMessage } = Worker.prototype;
      const spares = [];
      Worker.prototype.postMessage = function (message, ...rest) {
        spares.push(message.spare?.byteLength);
        return postMessage.call(this, message, ...rest);
      };
      const answer = (bytes) => db.owner().sql("SELECT hex(zeroblob(?1))", [bytes / 2]);
      for (const bytes of [10_000, 5_000, 4_000_000, 5_000, 5_000]) await answer(bytes);
      return spares;
    });
    // The one that was too small for the huge answer serves again.
    assert.deepEqual(spares, [undefined, 16_384, 16_384, undefined, 16_384]);
    await page.close();
  });

  it("go on as before after a request that can't be sent", async () => {
    for (const storage of ["opfs", "memory"]) {
      const page = await openTab(browser.context, site.address, { name: "unsent", storage });
      const refused = within(page, async () => {
        const bytes = new Uint8Array(100);
        structuredClone(bytes, { transfer: [bytes.buffer] });
        await db.restore(bytes);
      });
      await assert.rejects(refused, { code: "invalid_argument" });
      const [pages, messages] = await within(page, async () => {
        await db.owner().insertMany("notes", Array.from({ length: 300 }, () => ({ body: "b" })));
        const { postMessage } = Worker.prototype;
        let [pages, messages] = [0, 0];
        Worker.prototype.postMessage = function (...given) {
          messages += 1;
          return postMessage.apply(this, given);
        };
        for (let after; after !== null; pages += 1) {
          after = (await db.owner().list("notes", { limit: 10, after })).next;
        }
        Worker.prototype.postMessage = postMessage;
        await db.close();
        return [pages, messages];
      });
      assert.equal(pages, 30);
      assert.ok(messages < 20, `${messages} messages`);
      await page.close();
    }
  });
});
