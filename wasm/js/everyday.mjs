// Does everyday work with a traced copy of the core, and writes down which of its functions that
// executed: `node everyday.mjs <copy> <trace>`. What it never executes moves to the file that is
// loaded later. Writes the names of everyday methods into `dist/everyday.js` too: the engine
// answers these before that file is there.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";

import { initSync, open, prepare, ready, resume, scrub, stackEnd } from "./dist/freehold_wasm.js";
import { modelFolders } from "./model-files.mjs";

const SCENARIOS = new URL("../../tests/scenarios/", import.meta.url);
const DIST = new URL("./dist/", import.meta.url);

/** What apps ask for all day long, once a database is there. */
const EVERYDAY = [
  "authenticate",
  "count",
  "delete",
  "get",
  "insert",
  "insert_many",
  "list",
  "restore",
  "role",
  "sql",
  "transaction",
  "update",
  "upsert",
  "validate",
];

/** A model as people write one, who leave out what goes without saying. */
const OWN = {
  name: "own",
  tables: {
    people: { columns: { name: { type: "text" } }, soft_delete: true },
    notes: { columns: { title: { type: "text" }, author: { type: "ref", to: "people" } } },
  },
  links: { readers: { note: "notes", person: "people" } },
};

/** Values that most columns refuse. */
const UNLIKELY = [null, "", "x", "x".repeat(100_000), -1.5, 1e300, true, {}, ["x"]];

/** Where long answers are put. */
const SPARE = new Uint8Array(64 * 1024);

const TYPES = "export declare const EVERYDAY: readonly string[];\n";

const executed = new Set();
let isTracing = true;
let asked = 0;
const { Instance } = WebAssembly;
const enter = (number) => isTracing && executed.add(number);
WebAssembly.Instance = function (module, imports) {
  return new Instance(module, { ...imports, trace: { enter } });
};

const [, , copy, trace] = process.argv;
const own = { model: JSON.stringify(OWN) };
const image = await madeElsewhere(own);
initSync({ module: readFileSync(copy) });
// What is done once in a process is traced with the first that is opened, which is there already.
const first = await openMemory("own", own, undefined, image);
work(first, undefined, "people", OWN.tables.people);
first.close();
for (const name of modelFolders()) await browse(name);
for (const file of readdirSync(SCENARIOS).filter((name) => name.endsWith(".json"))) {
  await replay(JSON.parse(readFileSync(new URL(file, SCENARIOS), "utf8")));
}
if (executed.size < 1000) throw new Error(`only ${executed.size} functions were executed`);

writeFileSync(trace, [...executed].sort((a, b) => a - b).join("\n"));
const methods = JSON.stringify(EVERYDAY);
writeFileSync(new URL("everyday.js", DIST), `export const EVERYDAY = ${methods};\n`);
writeFileSync(new URL("everyday.d.ts", DIST), TYPES);

/** The bytes of a new database, made by an instance that is not traced. */
async function madeElsewhere(bundle) {
  isTracing = false;
  const core = await import("./dist/freehold_wasm.js?elsewhere");
  core.initSync({ module: readFileSync(copy) });
  const handle = await core.open(JSON.stringify({ name: "own", storage: "memory", bundle }));
  const requests = [
    { method: "init", params: {} },
    { method: "insert", params: { table: "people", row: { name: "Ada" } } },
  ];
  for (const request of requests) {
    const answer = textOf(handle.call(JSON.stringify(request), () => {}, SPARE));
    if (JSON.parse(answer).error) throw new Error(answer);
  }
  const bytes = handle.export();
  handle.close();
  isTracing = true;
  return bytes;
}

/** A scenario: all of its steps are done, and the everyday ones traced. */
async function replay({ name, bundle, now_ms, seed, steps }) {
  const files = typeof bundle === "string" ? builtinFiles(bundle) : bundle;
  // A model that is TOML takes a reader that the page loads along.
  isTracing = isJson(files);
  const handle = await openMemory(name, files, { now_ms, seed });
  const saved = new Map();
  for (const { call, as, params = {}, save = {} } of steps) {
    const request = { method: call, as: substitute(as), params: substitute(params) };
    const answer = ask(handle, request);
    for (const [key, pointer] of Object.entries(save)) {
      const place = pointer.split("/").slice(1);
      saved.set(key, place.reduce((part, word) => part?.[word], answer.ok));
    }
  }
  handle.close();

  function substitute(value) {
    if (typeof value === "string" && value.startsWith("$") && saved.has(value.slice(1))) {
      return saved.get(value.slice(1));
    }
    if (Array.isArray(value)) return value.map(substitute);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, substitute(part)]));
  }
}

/** Reads and writes each table of a built-in model, as its owner and as each of its people. */
async function browse(name) {
  const testing = { now_ms: 1_750_000_000_000, seed: 1 };
  const made = await openMemory(`browse-${name}`, builtinFiles(name), testing);
  ask(made, { method: "init", params: { seed: "development" } });
  // An existing database is opened, which reads what is in it.
  isTracing = false;
  const image = made.export();
  isTracing = true;
  made.close();
  const handle = await openMemory(`browse-${name}`, builtinFiles(name), testing, image);
  const { ok: model } = ask(handle, { method: "model", params: {} });
  const { tenancy } = model;
  const people = rowsOf(handle, undefined, tenancy.user);
  const tenants = rowsOf(handle, undefined, tenancy.tenant);
  const actors = people.flatMap(({ id: user }) => [
    { principal: { user } },
    ...tenants.map(({ id: tenant }) => ({ principal: { user }, tenant })),
  ]);
  for (const as of [undefined, ...actors]) {
    for (const table of Object.keys(model.tables)) work(handle, as, table, model.tables[table]);
  }
  handle.close();
}

function work(handle, as, table, { columns }) {
  const names = Object.keys(columns);
  const [first] = rowsOf(handle, as, table);
  ask(handle, { method: "count", as, params: { table } });
  for (const column of names) {
    const order = [`${column} desc`];
    const filter = { [column]: first?.[column] ?? null };
    const options = { table, limit: 2, include_deleted: false };
    const list = (after) =>
      ask(handle, { method: "list", as, params: { ...options, filter, order, ...after } });
    const after = list().ok?.next;
    if (after) list({ after });
    const sql = `SELECT ${column}, count(*) FROM ${table} GROUP BY 1 ORDER BY 1`;
    ask(handle, { method: "sql", as, params: { sql, params: [] } });
  }
  const standing = { method: "list", as, params: { table, order: [names[0]] } };
  handle.watch("all", JSON.stringify(standing));
  if (first) {
    const filter = { [names[0]]: first[names[0]] };
    handle.watch("some", JSON.stringify({ method: "count", as, params: { table, filter } }));
  }
  const counting = { sql: `SELECT count(*) FROM ${table}`, params: [] };
  handle.watch("sql", JSON.stringify({ method: "sql", as, params: counting }));
  handle.changes(() => {});
  if (!first) return;
  const key = "id" in first ? first.id : first;
  ask(handle, { method: "get", as, params: { table, key } });
  for (const column of names) {
    const changes = { [column]: first[column] };
    ask(handle, { method: "update", as, params: { table, key, changes } });
    handle.changes(() => {});
    handle.watch("all", JSON.stringify(standing));
  }
  const { id: _, ...copy } = first;
  for (const column of names) {
    for (const value of UNLIKELY) {
      ask(handle, { method: "insert", as, params: { table, row: { ...copy, [column]: value } } });
    }
  }
  handle.changes(() => {});
  handle.watch("all", JSON.stringify(standing));
  ask(handle, { method: "insert", as, params: { table, row: { no_such_column: 1 } } });
  ask(handle, { method: "validate", as, params: { table, row: copy, mode: "insert" } });
  ask(handle, { method: "validate", as, params: { table, row: copy, mode: "update", key } });
  ask(handle, { method: "insert", as, params: { table, row: copy } });
  ask(handle, { method: "upsert", as, params: { table, row: first } });
  ask(handle, { method: "delete", as, params: { table, key } });
  ask(handle, { method: "restore", as, params: { table, key } });
  handle.changes(() => {});
  for (const name of ["all", "some", "sql"]) handle.unwatch(name);
}

function isJson({ model }) {
  return model.startsWith("{");
}

/** A built-in model as apps get it. */
function builtinFiles(name) {
  return JSON.parse(readFileSync(new URL(`models/${name}.json`, DIST), "utf8"));
}

function rowsOf(handle, as, table) {
  return ask(handle, { method: "list", as, params: { table, limit: 50 } }).ok?.rows ?? [];
}

/** What a start with a snapshot does around it; one in memory is not set aside. */
async function setAside(handle) {
  await ready();
  scrub(stackEnd() === 0);
  const kept = handle.suspend(handle.prepared());
  if (!kept || resume()) throw new Error("a database in memory was set aside");
  return kept;
}

async function openMemory(name, bundle, testing, image) {
  const key = `base64:${Buffer.alloc(32, 7).toString("base64")}`;
  // A page has opened by the same model before: the checks lie in the second file.
  const request = { checked: isJson(bundle), name, storage: "memory", bundle, testing, key };
  const openPrepared = () => {
    prepare(JSON.stringify(request));
    return open(JSON.stringify(request), image).then(setAside);
  };
  try {
    return await openPrepared();
  } catch {
    // A model that needs no key may refuse one; what else is wrong is said again.
    delete request.key;
    return openPrepared();
  }
}

function ask(handle, request) {
  isTracing = EVERYDAY.includes(request.method);
  // Tabs mark what they ask.
  asked += 1;
  const id = `0198c7a8-75f8-7031-854b-${String(asked).padStart(12, "0")}`;
  const answer = handle.call(JSON.stringify({ id, ...request }), () => {}, SPARE);
  if (request.method === "list") handle.pages(JSON.stringify(request), 2, SPARE);
  isTracing = true;
  return JSON.parse(textOf(answer));
}

/** Long answers are bytes. */
function textOf(answer) {
  return typeof answer === "string" ? answer : new TextDecoder().decode(answer);
}
