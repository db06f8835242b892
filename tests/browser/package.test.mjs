// The package itself: its types say what the format's schema says, its examples compile and run.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";

import { ERROR_CODES, generate, models, open } from "@freehold/web";

import { root } from "./support.mjs";

const node = (...args) => promisify(execFile)(process.execPath, args, { cwd: root });
const read = (file) => readFileSync(join(root, file), "utf8");

const schema = JSON.parse(read("docs/model.schema.json"));

describe("the package", () => {
  /** Inside of the project, so that the package is found by its name. */
  let folder;

  before(() => {
    mkdirSync(join(root, "target"), { recursive: true });
    folder = mkdtempSync(join(root, "target/package-test-"));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Compiles modules as strictly as the project itself; rejects with what the compiler says. */
  async function compile(texts) {
    const names = Object.keys(texts);
    for (const name of names) writeFileSync(join(folder, `${name}.ts`), texts[name]);
    const tsconfig = {
      extends: join(root, "tsconfig.base.json"),
      compilerOptions: { outDir: join(folder, "out"), rootDir: folder },
      files: names.map((name) => `${name}.ts`),
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    await node(compiler, "--project", join(folder, "tsconfig.json")).catch(({ stdout }) => {
      assert.fail(stdout);
    });
    return names.map((name) => join(folder, "out", `${name}.js`));
  }

  it("lists every error code that the documents list", () => {
    const sections = read("docs/errors.md").split(/^## /m);
    const errors = sections.filter((section) => section.startsWith("Errors")).join("");
    const documented = [...errors.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code]) => code);
    assert.deepEqual([...ERROR_CODES].sort(), documented.sort());
  });

  it("types models as their JSON Schema does", async () => {
    const { table, column, policy } = schema.$defs;
    const { tenancy } = schema.properties;
    const { unique, indexes, references } = table.properties;
    const wide = (list) => list.items.anyOf.find(({ type }) => type === "object");
    const keys = {
      Model: schema,
      Tenancy: tenancy,
      Table: table,
      Column: column,
      Policy: policy,
      WideReference: references.items,
      "Exclude<Unique, readonly string[]>": wide(unique),
      "Exclude<Index, readonly string[]>": wide(indexes),
    };
    const values = {
      Scope: table.properties.scope,
      Template: table.properties.template,
      OnDelete: column.properties.on_delete,
      Format: column.properties.format,
      'Column["type"]': column.properties.type,
      'Column["write"]': column.properties.write,
      'PlainColumn["auto"] | ReferenceColumn["auto"]': column.properties.auto,
      'JsonColumn["shape"]': column.properties.shape,
      'Exclude<Unique, readonly string[]>["nulls"]': wide(unique).properties.nulls,
    };
    const union = (words) => words.map((word) => JSON.stringify(word)).join(" | ");
    const lines = [
      ...Object.entries(keys).map(([type, { properties }]) => [
        `Keys<${type}>`,
        union(Object.keys(properties)),
      ]),
      ...Object.entries(values).map(([type, { enum: words }]) => [
        `Exclude<${type}, undefined>`,
        union(words),
      ]),
    ].map(([type, words], at) => `export const same${at}: Same<${type}, ${words}> = true;`);
    const text = `
      import type * as freehold from "@freehold/web";
      type Model = freehold.Model; type Tenancy = freehold.Tenancy; type Table = freehold.Table;
      type Column = freehold.Column; type Policy = freehold.Policy; type Index = freehold.Index;
      type WideReference = freehold.WideReference; type Unique = freehold.Unique;
      type Scope = freehold.Scope; type Template = freehold.Template; type Format = freehold.Format;
      type OnDelete = freehold.OnDelete; type PlainColumn = freehold.PlainColumn;
      type JsonColumn = freehold.JsonColumn; type ReferenceColumn = freehold.ReferenceColumn;
      type Keys<T> = T extends unknown ? keyof T : never;
      type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
      ${lines.join("\n")}
    `;
    await compile({ schema: text });
  });

  /** What a model's tables are as types, in both ways to come by them. */
  const bothWays = (name, literal) => `
    import { defineModel, open } from "@freehold/web";
    import type { TablesOfModel } from "@freehold/web";
    import type { Tables } from "./${name}_types.js";
    const model = defineModel(${literal});
    type Inferred = TablesOfModel<typeof model>;
    type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
    export const names: Same<keyof Inferred, keyof Tables> = true;
    export const tables: { [N in keyof Tables]: {
      [P in keyof Tables[N]]: Same<Inferred[N][P & keyof Inferred[N]], Tables[N][P]>;
    } & {
      required: Same<Required<Inferred[N]["insert"]>, Required<Tables[N]["insert"]>>;
      said: Same<Required<Inferred[N]["given"]>, Required<Tables[N]["given"]>>;
      columns: Same<keyof Inferred[N]["row"], keyof Tables[N]["row"]>;
    } } = {} as { [N in keyof Tables]: any };
    const verdict = <T extends true>(): T => true as T;
    verdict<(typeof tables)[keyof Tables][keyof (typeof tables)[keyof Tables]]>();
    export const db = await open<Tables>({ name: "x", model, storage: "memory" });
    export const inferred = await open({ name: "x", model, storage: "memory" });
  `;

  it("infers from the built-in models as literals what it generates of them", async () => {
    const texts = {};
    for (const { name } of await models()) {
      const db = await open({ name, model: name, storage: "memory" });
      const model = JSON.stringify(await db.model());
      texts[`${name}_types`] = await db.generate("ts");
      texts[name] = bothWays(name, model);
      assert.equal(await generate(model, "ts"), texts[`${name}_types`]);
      assert.equal(read(`wasm/js/dist/models/${name}.d.ts`), texts[`${name}_types`]);
      await db.close();
    }
    await compile(texts);
  });

  it("infers what the core adds: templates, links, the tenant key and other columns", async () => {
    const templates = schema.$defs.table.properties.template.enum;
    const tables = templates.filter((name) => name !== "tenant" && name !== "user");
    const model = {
      name: "every",
      tenancy: { tenant: "shops", key: "shop_id", user: "people", member: "memberships" },
      enums: { mood: ["GOOD", "BAD"] },
      tables: {
        shops: {
          template: "tenant",
          soft_delete: true,
          columns: {
            owner_id: { type: "ref", to: "people" },
            deputy_email: { type: "ref", to: "people.email", optional: true },
            rank: { type: "integer", default: 1, write: "never" },
            role: { type: "text", max: 9, optional: true },
          },
        },
        people: { template: "user", without: ["name"], scope: "user", owner: "id" },
        ...Object.fromEntries(tables.map((name) => [`${name}s`, { template: name }])),
        memberships: { template: "membership", columns: { role: { type: "enum", of: "mood" } } },
        renamed: {
          template: "team",
          columns: { name: { type: "integer" }, extra: { type: "json" } },
        },
        sizes: {
          scope: "public",
          columns: { name: { type: "text", max: 9 } },
          unique: [["name"]],
        },
        codes: { scope: "public", primary_key: ["code"], columns: { code: { type: "bigint" } } },
        goods: {
          soft_delete: { cascade: true },
          columns: {
            code: { type: "ref", to: "codes" },
            size: { type: "ref", to: "sizes.name" },
            moods: { type: "enum[]", of: "mood", default: [] },
            days: { type: "timestamp[]", optional: true },
            sealed: { type: "json", encrypted: true, optional: true },
            found: { type: "blob", encrypted: true, blind_index: true, optional: true },
            hash: { type: "text", secret: true, optional: true },
            parent_id: { type: "ref", to: "goods", optional: true },
          },
        },
        notes: { scope: "public", primary_key: ["a", "b"], columns: {
          a: { type: "date" }, b: { type: "decimal", precision: 9, scale: 2 },
        } },
      },
      links: { likes: { good_id: "goods", other_id: "goods", policy: {} } },
    };
    for (const table of Object.values(model.tables)) table.policy = {};
    const literal = JSON.stringify(model);
    const types = await generate(literal, "ts");
    await compile({ every_types: types, every: bothWays("every", literal) });
  });

  it("has examples that compile and run", async () => {
    const files = readdirSync(join(root, "wasm/js/src"), { recursive: true });
    const sources = files.filter((f) => f.endsWith(".ts")).map((f) => `wasm/js/src/${f}`);
    const texts = {};
    for (const file of sources) {
      for (const [at, example] of examplesIn(read(file)).entries()) {
        texts[`${file.replace(/\W/g, "_")}_${at}`] = example;
      }
    }
    assert.ok(Object.keys(texts).length >= 5);
    for (const file of await compile(texts)) await node(file);
  });

  for (const readme of ["README.md", "wasm/js/README.md"]) {
    it(`is used in ${readme} as it can be used`, async () => {
      const examples = read(readme).match(/(?<=^```ts\n)[^]*?(?=^```)/gm) ?? [];
      assert.ok(examples.length > 0);
      const texts = examples.map((example, at) => [`readme_${at}`, example]);
      for (const file of await compile(Object.fromEntries(texts))) {
        // Node keeps nothing: there the same lines work in memory.
        writeFileSync(file, readFileSync(file, "utf8").replace('"opfs"', '"memory"'));
        await node(file);
      }
    });
  }
});

/** The code of every `@example` of a module. */
function examplesIn(text) {
  const blocks = text.matchAll(/ \* ```ts\n([^]*?) \* ```/g);
  return [...blocks].map(([, block]) => block.replace(/^ +\* ?/gm, ""));
}
