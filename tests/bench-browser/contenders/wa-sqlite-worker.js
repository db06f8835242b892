/** wa-sqlite in a worker: prepared statements and their columns' names are kept. */

import * as SQLite from "wa-sqlite";
import SQLiteESMFactory from "wa-sqlite/dist/wa-sqlite.mjs";
import { AccessHandlePoolVFS } from "wa-sqlite/src/examples/AccessHandlePoolVFS.js";

import { schema } from "./sql-schema.js";
import { answer } from "./worker-link.js";

const kept = new Map();
let sqlite3;
let database;

async function open() {
  sqlite3 = SQLite.Factory(await SQLiteESMFactory());
  const vfs = new AccessHandlePoolVFS("/.wa-sqlite-bench");
  await vfs.isReady;
  sqlite3.vfs_register(vfs, true);
  database = await sqlite3.open_v2("bench.db");
  await sqlite3.exec(database, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
  const [[count]] = await once("SELECT count(*) FROM sqlite_schema WHERE name = 'files'");
  if (count === 0) await sqlite3.exec(database, schema);
  return count === 0;
}

async function prepared(sql) {
  let entry = kept.get(sql);
  if (!entry) {
    const text = sqlite3.str_new(database, sql);
    const { stmt } = await sqlite3.prepare_v2(database, sqlite3.str_value(text));
    entry = { statement: stmt, names: sqlite3.column_names(stmt) };
    kept.set(sql, entry);
  }
  return entry;
}

async function rows(sql, bind) {
  const { statement, names } = await prepared(sql);
  const found = [];
  if (bind) sqlite3.bind_collection(statement, bind);
  while ((await sqlite3.step(statement)) === SQLite.SQLITE_ROW) {
    const values = sqlite3.row(statement);
    const row = {};
    for (let at = 0; at < names.length; at += 1) row[names[at]] = values[at];
    found.push(row);
  }
  await sqlite3.reset(statement);
  return found;
}

async function runMany(sql, binds) {
  await sqlite3.exec(database, "BEGIN");
  for (const bind of binds) await rows(sql, bind);
  await sqlite3.exec(database, "COMMIT");
}

async function once(sql) {
  const found = [];
  await sqlite3.exec(database, sql, (row) => found.push(row));
  return found;
}

answer({ open, rows, run: rows, runMany, once });
