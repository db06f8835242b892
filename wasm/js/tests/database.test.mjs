// The package in Node: SQL as templates, transactions, pages, bulk, calls that are given up, what a
// developer is shown, backups.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { FreeholdError, defineModel, newId, open, sql } from "../dist/index.js";
import { testDatabases } from "../dist/testing.js";

const MASTER_KEY = Uint8Array.from({ length: 32 }, (_, at) => at);

const model = defineModel({
  name: "shop",
  enums: { state: ["OPEN", "PAID"] },
  tables: {
    goods: {
      columns: {
        code: { type: "text", max: 20 },
        stock: { type: "bigint", optional: true },
        price: { type: "real", optional: true },
        sold_at: { type: "timestamp", optional: true },
        day: { type: "date", optional: true },
        photo: { type: "blob", optional: true },
        state: { type: "enum", of: "state", default: "OPEN" },
        extra: { type: "json", optional: true },
        note: { type: "text", encrypted: true, optional: true },
        hash: { type: "text", secret: true, optional: true },
      },
      unique: [["code"]],
    },
  },
});

const databases = testDatabases({ model, masterKey: MASTER_KEY });

const refused = (code, check = () => true) => (error) => {
  assert.ok(error instanceof FreeholdError, String(error));
  assert.equal(error.code, code, error.message);
  return check(error);
};

describe("a database in Node", () => {
  let db, owner;

  before(async () => {
    db = await databases.fresh();
    owner = db.owner();
  });

  after(() => db.close());

  it("takes what JavaScript has, and reads it as the types say", async () => {
    const given = {
      code: "values",
      stock: 2n ** 63n - 1n,
      price: -0,
      sold_at: new Date(86_400_000),
      photo: new Uint8Array([1, 2]),
      extra: { big: 2n ** 60n, when: new Date(0), none: undefined },
      note: "sealed",
      hash: undefined,
    };
    const row = await owner.insert("goods", given);
    assert.equal(row.stock, "9223372036854775807");
    assert.equal(row.price, 0);
    assert.equal(row.sold_at, "1970-01-02T00:00:00.000Z");
    assert.equal(row.photo, "AQI=");
    assert.equal(row.note, "sealed");
    assert.equal("hash" in row, false);
    const { rows } = await owner.sql`SELECT stock, photo, extra FROM goods WHERE id = ${row.id}`;
    const extra = '{"big":1152921504606846976,"when":"1970-01-01T00:00:00.000Z"}';
    assert.deepEqual(rows, [[2n ** 63n - 1n, new Uint8Array([1, 2]), extra]]);
    assert.equal(await owner.count("goods", { stock: { gte: 2n ** 62n } }), 1);
    assert.equal(await owner.count("goods", { sold_at: new Date(86_400_000) }), 1);
    assert.equal(await owner.count("goods", { photo: new Uint8Array([1, 2]) }), 1);
  });

  it("refuses what it can't tell the core, and sends nothing", async () => {
    const count = await owner.count("goods");
    const at = (place) => refused("invalid_argument", (e) => e.details.argument === place);
    await assert.rejects(owner.insert("goods", { code: "x", price: NaN }), at("row.price"));
    const rows = [{ code: "fine" }, { code: "x\uD800" }];
    await assert.rejects(owner.insertMany("goods", rows), at("rows[1].code"));
    await assert.rejects(owner.count("goods", { code: undefined }), at("filter.code"));
    await assert.rejects(owner.get("goods", { id: undefined }), at("key.id"));
    await assert.rejects(owner.sql("SELECT ?1", [undefined]), at("params[0]"));
    assert.equal(await owner.count("goods"), count);
  });

  it("leaves a number that is no exact integer to the core, which refuses it with its place", async () => {
    const inexact = owner.insert("goods", { code: "x", stock: 2 ** 60 });
    await assert.rejects(inexact, refused("invalid", ({ issues }) => issues[0].path === "stock"));
    const instant = owner.insert("goods", { code: "x", day: new Date(0) });
    await assert.rejects(instant, refused("invalid", (error) => {
      assert.deepEqual(owner.issues("goods", error).map(({ path }) => path), ["day"]);
      assert.deepEqual(owner.issues("other", error), []);
      return true;
    }));
  });

  it("binds every value of a template", async () => {
    const evil = "'); DROP TABLE goods; --";
    assert.deepEqual((await owner.sql`SELECT ${evil} AS a, ${null} AS b`).rows, [[evil, null]]);
    const { columns, rows } = await owner.sql(sql`SELECT 1 AS one WHERE 2 IN ${[1, 2]}`);
    assert.deepEqual([columns, rows], [["one"], [[1]]]);
    assert.deepEqual((await owner.sql`SELECT 1 WHERE 2 IN ${[]}`).rows, []);
    assert.deepEqual((await owner.sql("SELECT ?2, ?1", [1, 2])).rows, [[2, 1]]);
    assert.deepEqual(await owner.sql`SELECT ${1} AS a, ${"x"} AS b`.objects(), [{ a: 1, b: "x" }]);
    const twice = owner.sql`SELECT 1 AS a, 2 AS a`.objects();
    await assert.rejects(twice, refused("invalid_argument"));
    await assert.rejects(owner.sql`SELECT`.objects(), refused("sql"));
    await assert.rejects(owner.sql`SELECT`, refused("sql"));
  });

  it("sends a transaction as one message, all or nothing", async () => {
    const id = newId();
    const [row, count, rows] = await owner.transaction((tx) => [
      tx.insert("goods", { id, code: "first" }),
      tx.count("goods", { code: "first" }),
      tx.sql`SELECT photo FROM goods WHERE photo IS NOT NULL LIMIT 1`,
    ]);
    assert.equal(row.code, "first");
    assert.equal(count, 1);
    assert.ok(rows.rows[0][0] instanceof Uint8Array);

    const all = await owner.transaction((tx) => {
      tx.update("goods", id, { code: "second" });
      tx.delete("goods", id);
    });
    assert.deepEqual([all[0].code, all[1]], ["second", true]);
    assert.equal(await owner.transaction((tx) => tx.count("goods", { code: "second" })), 0);

    const failing = owner.transaction((tx) => {
      tx.insert("goods", { code: "half" });
      tx.insert("goods", { code: "half" });
    });
    await assert.rejects(failing, refused("invalid"));
    assert.equal(await owner.count("goods", { code: "half" }), 0);
  });

  it("refuses transactions that wait, and requests that come too late", async () => {
    let kept;
    await owner.transaction((tx) => void (kept = tx));
    assert.throws(() => kept.count("goods"), refused("invalid_argument"));
    const waiting = owner.transaction(async (tx) => tx.count("goods"));
    await assert.rejects(waiting, refused("invalid_argument"));
    const strange = owner.transaction(() => ({ method: "count", params: { table: "goods" } }));
    await assert.rejects(strange, refused("invalid_argument"));
    const thrown = owner.transaction(() => {
      throw new RangeError("mine");
    });
    await assert.rejects(thrown, RangeError);
  });

  it("inserts many rows in one call, and goes through them page by page", async () => {
    const rows = Array.from({ length: 2_500 }, (_, at) => ({ code: `m${at}`, stock: at }));
    const keys = await owner.insertMany("goods", rows);
    assert.equal(keys.length, rows.length);
    assert.deepEqual(Object.keys(keys[0]), ["id"]);
    const filter = { code: { starts_with: "m" } };
    const sizes = [];
    for await (const page of owner.pages("goods", { filter, limit: 1000 })) {
      sizes.push(page.rows.length);
    }
    assert.deepEqual(sizes, [1000, 1000, 500]);
    let expected = 0;
    const options = { filter, order: ["stock"], columns: ["stock"], limit: 700 };
    for await (const row of owner.rows("goods", options)) {
      assert.deepEqual(row, { stock: String(expected) });
      expected += 1;
    }
    assert.equal(expected, 2_500);
    const none = [];
    for await (const page of owner.pages("goods", { filter: { code: "none" } })) none.push(page);
    assert.deepEqual(none, [{ rows: [], next: null }]);
  });

  it("drops calls that wait and are given up, and says of the others what is known", async () => {
    const signal = AbortSignal.abort("because");
    const before = await owner.count("goods");
    await assert.rejects(
      owner.insert("goods", { code: "never" }, { signal }),
      refused("aborted", ({ details, cause }) => details.applied === "no" && cause === "because"),
    );
    const controller = new AbortController();
    const outcome = (call) => call.then(() => "done", ({ details }) => details.applied);
    const calls = Array.from({ length: 20 }, (_, at) =>
      outcome(owner.insert("goods", { code: `given up ${at}` }, { signal: controller.signal })),
    );
    const reads = outcome(owner.list("goods", { signal: controller.signal }));
    const untouched = owner.insert("goods", { code: "untouched" });
    controller.abort();
    const outcomes = await Promise.all(calls);
    assert.equal(await reads, "no");
    assert.equal((await untouched).code, "untouched");
    // What had been sent was done, what had not been never is.
    const unknown = outcomes.filter((known) => known === "unknown").length;
    assert.ok(unknown > 0 && unknown < 20, `${unknown}`);
    assert.deepEqual(outcomes.slice(unknown), Array(20 - unknown).fill("no"));
    assert.equal(await owner.count("goods"), before + unknown + 1);
  });

  it("discards the answer of a read that is given up", async () => {
    const controller = new AbortController();
    const read = owner.sql("SELECT count(*) FROM goods", [], { signal: controller.signal });
    controller.abort();
    await assert.rejects(read, refused("aborted", ({ details }) => details.applied === "no"));
    const write = new AbortController();
    const written = owner.sql("DELETE FROM goods WHERE 0", [], { signal: write.signal });
    write.abort();
    await assert.rejects(written, refused("aborted", ({ details }) => details.applied === "unknown"));
  });

  it("answers calls in their order, also those that wait for the ones before", async () => {
    const answered = [];
    await Promise.all(
      Array.from({ length: 40 }, (_, at) => owner.count("goods").then(() => answered.push(at))),
    );
    assert.deepEqual(answered, [...answered].sort((one, other) => one - other));
  });

  it("makes ids as the core does", async () => {
    const [one, other] = [newId(), newId()];
    assert.match(one, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(one, other);
    const at = Number.parseInt(one.replace("-", "").slice(0, 12), 16);
    assert.ok(Math.abs(at - Date.now()) < 60_000);
    assert.equal((await owner.insert("goods", { id: one, code: "own id" })).id, one);
  });

  it("hears of migrations, for one call or for the database", async () => {
    const heard = [];
    const options = { name: "x", model: "workflow", storage: "memory" };
    const own = await open({ ...options, onProgress: ({ done }) => heard.push(`db ${done}`) });
    await own.init({ onProgress: ({ migration }) => heard.push(migration) });
    await own.migrate.down({ to: "0" });
    await own.close();
    assert.match(heard[0], /^V\d+__/);
    assert.match(heard.at(-1), /^db \d+$/);
  });

  it("is a copy of its own in each test", async () => {
    const [one, other] = await Promise.all([databases.fresh(), databases.fresh()]);
    await one.owner().insert("goods", { code: "only here" });
    assert.equal(await other.owner().count("goods"), 0);
    await one.close();
    await other.close();
  });

  it("repeats ids and times where a test asks for it", async () => {
    const insert = async () => {
      const repeatable = testDatabases({
        model,
        nowMs: 1_750_000_000_000,
        prepare: async (prepared) => {
          await prepared.owner().insert("goods", { code: "prepared" });
        },
      });
      const fresh = await repeatable.fresh();
      const { id } = await fresh.owner().insert("goods", { code: "new" });
      assert.equal(await fresh.owner().count("goods"), 2);
      await fresh.close();
      return id;
    };
    assert.equal(await insert(), await insert());
  });
});

describe("what a developer is shown", () => {
  const SECRETS = ["secret-password", "secret-token", "secret-text", "secret-filter", "secret-id"];

  it("is every call with who, what and how long, and no value", async () => {
    const events = [];
    const debug = (event) => events.push(event);
    const db = await open({ name: "d", model: "workflow", storage: "memory", debug });
    await db.init({ seed: "development" });
    const credentials = { email: "admin@example.com", password: "admin123" };
    const actor = await db.authenticate(credentials);
    const bad = { email: "admin@example.com", password: SECRETS[0] };
    await assert.rejects(db.authenticate(bad), refused("bad_credentials"));
    await assert.rejects(db.authenticateKey(SECRETS[1]), refused("invalid_argument"));
    const session = db.session(actor);
    const change = { old: SECRETS[0], new: SECRETS[0] };
    await assert.rejects(session.changePassword(change), refused("bad_credentials"));
    await session.list("users", { filter: { email: SECRETS[3] } });
    await session.sql`SELECT ${SECRETS[2]} AS text`;
    await session.sql(`SELECT 'it''s ${SECRETS[2]}' AS text`);
    await assert.rejects(db.owner().get("users", { id: SECRETS[4] }), refused("invalid_argument"));
    await db.close();

    const shown = JSON.stringify(events);
    for (const secret of [...SECRETS, "admin123", "admin@example.com"]) {
      assert.ok(!shown.includes(secret), `${secret} in ${shown}`);
    }
    const methods = events.map(({ method }) => method);
    assert.deepEqual(methods.slice(0, 2), ["init", "authenticate"]);
    const list = events.find(({ method }) => method === "list");
    const { user } = actor.principal;
    assert.deepEqual(
      { ...list, durationMs: typeof list.durationMs },
      {
        database: "d",
        method: "list",
        durationMs: "number",
        actor: `user ${user} in ${actor.tenant}`,
        table: "users",
        columns: ["email"],
      },
    );
    assert.equal(events.find(({ sql: text }) => text?.includes("…")).sql, "SELECT '…' AS text");
    assert.equal(events[2].error, "bad_credentials");
  });

  it("stands in the console where the page's address asks for it", async (t) => {
    const lines = [];
    t.mock.method(console, "debug", (line) => lines.push(line));
    globalThis.location = { search: "?a=1&freehold-debug" };
    const db = await open({ name: "d", model, storage: "memory" });
    globalThis.location = { search: "" };
    const quiet = await open({ name: "quiet", model, storage: "memory" });
    delete globalThis.location;
    await db.init();
    await quiet.init();
    await db.close();
    await quiet.close();
    assert.equal(lines.length, 1);
    assert.match(lines[0], /^\[freehold d\] [\d.]+ ms, owner: init/);
  });
});

describe("backups in Node", () => {
  it("are files with a name and a time, and take the place of everything", async () => {
    const db = await databases.fresh();
    const owner = db.owner();
    await owner.insert("goods", { code: "kept", note: "sealed" });
    const file = await db.backup();
    assert.ok(file instanceof File);
    assert.match(file.name, /^test-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.db$/);
    await owner.insert("goods", { code: "later" });
    await db.restore(file);
    const { rows } = await owner.list("goods");
    assert.deepEqual(rows.map(({ code, note }) => [code, note]), [["kept", "sealed"]]);
    await owner.insert("goods", { code: "after" });
    assert.deepEqual(await db.verifyAudit(), []);

    const locked = await open({ name: "other", model, storage: "memory" });
    await locked.restore(await file.arrayBuffer());
    assert.deepEqual((await locked.owner().list("goods")).rows[0].note, { $locked: true });
    await locked.close();
    const otherKey = new Uint8Array(32);
    const wrong = await open({ name: "w", model, storage: "memory", masterKey: otherKey });
    await assert.rejects(wrong.restore(file), refused("wrong_key"));
    await wrong.close();
    await db.close();
  });

  it("are told to live queries", async () => {
    const db = await databases.fresh();
    await db.owner().insert("goods", { code: "kept" });
    const file = await db.backup();
    await db.owner().insert("goods", { code: "later" });
    let called = () => {};
    const seen = [];
    const live = db.owner().live({ table: "goods", order: ["code"] }, ({ rows }) => {
      seen.push(rows.map(({ code }) => code).join());
      called();
    });
    const next = () => new Promise((resolve) => (called = resolve));
    await next();
    const changed = next();
    await db.restore(file);
    await changed;
    assert.deepEqual(seen, ["kept,later", "kept"]);
    live.close();
    await db.close();
  });

  it("are refused where they are damaged or another's, and nothing changes", async () => {
    const db = await databases.fresh();
    await db.owner().insert("goods", { code: "kept" });
    const bytes = await db.export();
    const other = await open({ name: "o", model: "workflow", storage: "memory" });
    await other.init();
    for (const [file, code] of [
      [new Blob([]), "not_a_database"],
      [new Blob(["hello"]), "not_a_database"],
      [bytes.slice(0, bytes.length / 2), "corrupt"],
      [await other.backup(), "other_model"],
    ]) {
      await assert.rejects(db.restore(file), refused(code));
      assert.equal(await db.owner().count("goods"), 1);
    }
    await other.close();
    await db.close();
    await assert.rejects(db.restore(bytes), refused("closed"));
    await assert.rejects(db.backup(), refused("closed"));
  });
});
