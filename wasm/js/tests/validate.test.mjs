// Validation without a database: what it says is what the core says natively and in its worker, and
// it is what consumers of Standard Schema expect.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { before, describe, it } from "node:test";

import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";

import { Rules, initSync } from "../dist/freehold_validate.js";
import { FreeholdError, checkModel, defineModel, models, open } from "../dist/index.js";
import { validator } from "../dist/validate.js";

const FOLDER = new URL("../../../tests/validation/", import.meta.url);
const NOW_MS = 1_760_000_000_000;

/** What only a database can say stands behind everything else. */
const FOUND_IN_DATABASES = ["encryption_unavailable", "not_unique", "unknown_reference"];

const files = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".tsv"))
  .map((file) => readCases(readFileSync(new URL(file, FOLDER), "utf8")));

/** The cases of a file, each value as the text that stands there. */
function readCases(text) {
  const [model, ...lines] = text.trimEnd().split("\n");
  const cases = lines.map((line) => {
    const [mode, table, row, current, actor, issues] = line.split("\t");
    return { mode, table, row, current, actor, issues };
  });
  return { model, name: JSON.parse(model).name, cases };
}

/** Numbers that look random and are the same in every run (xorshift). */
function dice(seed) {
  let state = seed || 1;
  return (count) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}

/** Rows whose values come from a file's rows of the same table. */
function mixedRows(cases, table, roll, count) {
  const rows = cases.filter((known) => known.table === table).map(({ row }) => JSON.parse(row));
  if (rows.length === 0) return [];
  const columns = [...new Set(rows.flatMap(Object.keys))];
  return Array.from({ length: count }, () => {
    const picked = columns.filter(() => roll(10) < 7);
    const values = picked.map((column) => [column, rows[roll(rows.length)][column]]);
    return Object.fromEntries(values.filter(([, value]) => value !== undefined));
  });
}

const withoutDatabases = (issues) =>
  JSON.stringify(issues.filter(({ code }) => !FOUND_IN_DATABASES.includes(code)));

describe("the issues are the native ones, byte for byte", () => {
  before(() => {
    const file = new URL("../dist/freehold_validate_bg.wasm", import.meta.url);
    initSync({ module: readFileSync(file) });
  });

  it("and there are models with cases", () => {
    assert.ok(files.length >= 7);
    assert.ok(files.every(({ cases }) => cases.length >= 80));
  });

  for (const { name, model, cases } of files) {
    it(`${name}, alone`, () => {
      const rules = Rules.compile(model);
      for (const { mode, table, row, current, actor, issues } of cases) {
        const found =
          mode === "insert"
            ? rules.insert(table, row, actor, NOW_MS)
            : rules.update(table, row, current, actor, NOW_MS);
        assert.equal(found, issues, `${mode} ${table} ${row}`);
      }
    });

    it(`${name}, in the worker's core`, async () => {
      const testing = { nowMs: NOW_MS, seed: 1 };
      const db = await open({ name, model: { model }, storage: "memory", testing });
      await db.init();
      // The others need rows and people that are there.
      const plain = cases.filter(({ mode, actor }) => mode === "insert" && actor === "");
      assert.ok(plain.length > 20);
      for (const { table, row, issues } of plain) {
        const params = `{"table":${JSON.stringify(table)},"row":${row},"mode":"insert"}`;
        const answer = await db.callText(`{"method":"validate","params":${params}}`);
        const shared = `{"ok":${issues.slice(0, -1)}`;
        assert.equal(answer.slice(0, shared.length), shared, `${table} ${row}`);
        const rest = JSON.parse(`[${answer.slice(shared.length, -2).replace(/^,/, "")}]`);
        assert.equal(withoutDatabases(rest), "[]");
      }
      await db.close();
    });
  }
});

describe("random rows have the same issues alone and in the worker", () => {
  for (const { name, model, cases } of files) {
    it(name, async () => {
      const isBuiltIn = (await models()).some((known) => known.name === name);
      const db = await open({ name, model: isBuiltIn ? name : { model }, storage: "memory" });
      await db.init(isBuiltIn ? { seed: "development" } : {});
      const [owner, alone] = [db.owner(), await validator(JSON.parse(model))];
      const roll = dice(name.length);
      let count = 0;
      for (const table of alone.tables) {
        const { insert, updateOf } = alone.table(table);
        for (const row of mixedRows(cases, table, roll, 40)) {
          const expected = withoutDatabases(await owner.validate(table, row));
          assert.equal(JSON.stringify(insert.validate(row)), expected, JSON.stringify(row));
          count += 1;
        }
        const { primary_key: key, columns } = JSON.parse(model).tables[table];
        const { rows } = await owner.list(table, { limit: 5 });
        for (const current of rows) {
          const keys = [...key, ...Object.keys(columns).filter((column) => column in current)];
          const whole = Object.fromEntries(keys.map((column) => [column, current[column]]));
          const wanted = keyOf(JSON.parse(model), table, whole);
          for (const changes of mixedRows(cases, table, roll, 5)) {
            const expected = withoutDatabases(await owner.validate(table, changes, wanted));
            const found = JSON.stringify(updateOf(current).validate(changes));
            assert.equal(found, expected, `${JSON.stringify(current)} ${JSON.stringify(changes)}`);
            count += 1;
          }
        }
      }
      assert.ok(count > 60, `${count} rows`);
      await db.close();
    });
  }

  /** A row's key with the tenant's, which a model's JSON leaves out. */
  function keyOf({ tenancy, tables }, table, row) {
    const { primary_key: key, scope } = tables[table];
    const isShared = tenancy && scope === "tenant" && table !== tenancy.tenant;
    const columns = isShared ? [...new Set([tenancy.key, ...key])] : key;
    return Object.fromEntries(columns.map((column) => [column, row[column]]));
  }

  it("also for a session, which fills in its tenant and its person", async () => {
    const { cases } = files.find(({ name }) => name === "carcosa");
    const db = await open({ name: "session", model: "carcosa", storage: "memory" });
    await db.init({ seed: "development" });
    const [user] = (await db.owner().list("users", { filter: { email: "mark@acme.example.com" } })).rows;
    const [tenant] = (await db.owner().list("organizations", { filter: { slug: "acme" } })).rows;
    const actor = { principal: { user: user.id }, tenant: tenant.id };
    const [session, alone] = [db.session(actor), await validator("carcosa", { actor })];
    const roll = dice(7);
    for (const table of alone.tables) {
      for (const row of mixedRows(cases, table, roll, 20)) {
        delete row["organization_id"];
        const expected = withoutDatabases(await session.validate(table, row));
        assert.equal(JSON.stringify(alone.table(table).insert.validate(row)), expected);
      }
    }
    const team = { name: "Core", slug: "core" };
    assert.deepEqual(alone.table("teams").insert.validate(team), []);
    const byOwner = (await validator("carcosa")).table("teams").insert.validate(team);
    assert.deepEqual(byOwner.map(({ path, code }) => [path, code]), [
      ["organization_id", "required"],
    ]);
    await db.close();
  });
});

const shop = defineModel({
  name: "shop",
  tenancy: { tenant: "shops", key: "shop_id", user: "users" },
  tables: {
    shops: { template: "tenant", policy: {} },
    users: { template: "user", scope: "user", owner: "id", policy: {} },
    goods: {
      columns: {
        code: { type: "text", min: 2, max: 9 },
        stock: { type: "bigint", optional: true },
        sold_at: { type: "timestamp", optional: true },
        photo: { type: "blob", optional: true, max: 3 },
        tags: { type: "text[]", default: [] },
        first: { type: "integer", optional: true },
        last: { type: "integer", optional: true },
        extra: { type: "json", optional: true },
      },
      unique: [["code"]],
      checks: { in_order: "first <= last" },
      policy: {},
    },
  },
});

const SHOP = "01941f29-7c00-7000-8000-00000000000a";
const good = { shop_id: SHOP, code: "ab" };

describe("a validator", () => {
  let goods;

  before(async () => {
    goods = (await validator(shop)).table("goods");
  });

  const codes = (issues) => issues.map(({ path, code }) => `${path}: ${code}`);

  it("takes a literal with templates, and what the core makes of it, and both are one", async () => {
    const { model } = await checkModel(shop);
    const kept = await validator(JSON.parse(JSON.stringify(model)));
    assert.deepEqual(kept.tables, ["shops", "users", "goods"]);
    const tenant = { name: "" };
    assert.deepEqual(
      kept.table("shops").insert.validate(tenant),
      (await validator(shop)).table("shops").insert.validate(tenant),
    );
    assert.deepEqual(codes(kept.table("shops").insert.validate(tenant)), [
      "name: too_short",
      "slug: required",
    ]);
  });

  it("refuses models and tables that are none", async () => {
    const refused = (code) => (error) => error instanceof FreeholdError && error.code === code;
    const wrong = { name: "wrong", tables: { notes: { columns: { a: { type: "string" } } } } };
    await assert.rejects(validator(wrong), (error) => {
      assert.equal(error.code, "invalid_model");
      return error.problems[0].path === "tables.notes.columns.a.type";
    });
    await assert.rejects(validator("no_such_model"), refused("unknown_model"));
    const all = await validator(shop);
    assert.throws(() => all.table("nothing"), refused("unknown_table"));
  });

  it("takes the values of JavaScript that writes take", () => {
    const row = {
      ...good,
      stock: 2n ** 63n - 1n,
      sold_at: new Date(0),
      photo: new Uint8Array([1, 2, 3]),
      extra: { when: new Date(0), none: undefined },
    };
    assert.deepEqual(goods.insert.validate(row), []);
    assert.deepEqual(codes(goods.insert.validate({ ...row, photo: new Uint8Array(4) })), [
      "photo: too_long",
    ]);
  });

  it("reports what writes refuse before they are sent", () => {
    const holdsItself = {};
    holdsItself.self = holdsItself;
    for (const [value, path] of [
      [NaN, "extra"],
      [{ a: [1, Infinity] }, "extra.a[1]"],
      [holdsItself, "extra.self"],
      ["\uD800", "extra"],
      [() => 1, "extra"],
    ]) {
      const [issue, ...others] = goods.insert.validate({ ...good, extra: value });
      assert.deepEqual([issue.path, issue.code, others], [path, "invalid_argument", []]);
    }
    for (const value of [undefined, null, 5, "row", [], () => 1]) {
      assert.deepEqual(codes(goods.insert.validate(value)), [": wrong_type"]);
    }
  });

  it("judges changes by themselves, or on the row that they change", () => {
    assert.deepEqual(goods.update.validate({ first: 5 }), []);
    assert.deepEqual(codes(goods.update.validate({ first: 5, last: 4 })), [": rule_violated"]);
    const current = { ...good, last: 4, stock: "7", photo: "AQID" };
    assert.deepEqual(codes(goods.updateOf(current).validate({ first: 5 })), [": rule_violated"]);
    assert.deepEqual(goods.updateOf(current).validate({ first: 4 }), []);
    assert.deepEqual(codes(goods.updateOf(current).validate({ code: null })), ["code: required"]);
  });

  it("is a Standard Schema", () => {
    const { version, vendor, validate } = goods.insert["~standard"];
    assert.deepEqual([version, vendor], [1, "freehold"]);
    assert.equal(validate(good).value, good);
    const { issues } = validate({ ...good, code: "a", tags: ["a", 5], "odd[0]": 1 });
    assert.deepEqual(
      issues.map(({ path, code }) => [path, code]),
      [
        [["odd[0]"], "unknown_field"],
        [["code"], "too_short"],
        [["tags", 1], "wrong_type"],
      ],
    );
    assert.deepEqual(issues[1].params, { min: 2 });
    assert.match(issues[1].message, /at least 2/);
    assert.deepEqual(validate({ ...good, extra: { a: [NaN] } }).issues[0].path, ["extra", "a", 0]);
    assert.deepEqual(validate(null).issues[0].path, []);
  });

  it("works in a form library that takes any Standard Schema", async () => {
    const resolve = standardSchemaResolver(goods.insert);
    const options = { fields: {}, shouldUseNativeValidation: false };
    const right = await resolve(good, undefined, options);
    assert.deepEqual(right, { values: good, errors: {} });
    const wrong = await resolve({ ...good, code: "a", tags: [5] }, undefined, options);
    assert.match(wrong.errors.code.message, /at least 2/);
    assert.equal(wrong.errors.tags[0].message, "must be text");
  });
});

describe("a handle's schema", () => {
  it("asks the database too", async () => {
    const db = await open({ name: "schema", model: shop, storage: "memory" });
    await db.init();
    const owner = db.owner();
    await owner.insert("shops", { id: SHOP, name: "Shop", slug: "shop" });
    const { id } = await owner.insert("goods", good);
    await owner.insert("goods", { shop_id: SHOP, code: "cd" });

    const { validate } = owner.schema("goods")["~standard"];
    const next = { ...good, code: "ef" };
    assert.equal((await validate(next)).value, next);
    const { issues } = await validate(good);
    assert.deepEqual(issues[0].path, ["code"]);
    assert.equal(issues[0].code, "not_unique");
    assert.deepEqual((await validate([])).issues[0].code, "wrong_type");
    const { issues: odd } = await validate({ ...next, extra: [NaN] });
    assert.deepEqual([odd[0].path, odd[0].code], [["extra", 0], "invalid_argument"]);

    const changes = owner.schema("goods", { shop_id: SHOP, id })["~standard"];
    assert.equal((await changes.validate({ code: "ab" })).issues, undefined);
    assert.equal((await changes.validate({ code: "cd" })).issues[0].code, "not_unique");
    const nowhere = owner.schema("goods", { shop_id: SHOP, id: SHOP })["~standard"];
    await assert.rejects(nowhere.validate({ code: "gh" }), { code: "not_found" });

    const resolve = standardSchemaResolver(owner.schema("goods"));
    const options = { fields: {}, shouldUseNativeValidation: false };
    const { errors } = await resolve(good, undefined, options);
    assert.match(errors.code.message, /./);
    await db.close();
  });
});
