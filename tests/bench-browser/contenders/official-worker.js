/**
 * The official SQLite in its worker: prepared statements are kept, their columns' names too, rows
 * leave as objects.
 */

import sqlite3InitModule from "@sqlite.org/sqlite-wasm";

import { answer } from "./worker-link.js";

const kept = new Map();
let database;

async function open({ name, source, wal }) {
  const sqlite3 = await sqlite3InitModule({ print: () => {}, printErr: () => {} });
  const pool = await sqlite3.installOpfsSAHPoolVfs({ name, directory: `.official-${name}` });
  if (source && !pool.getFileNames().includes("/bench.db")) {
    const response = await fetch(source);
    await pool.importDb("/bench.db", new Uint8Array(await response.arrayBuffer()));
  }
  database = new pool.OpfsSAHPoolDb("/bench.db");
  if (wal) database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
  return database.selectValue("PRAGMA journal_mode");
}

function prepared(sql) {
  let entry = kept.get(sql);
  if (!entry) {
    const statement = database.prepare(sql);
    entry = { statement, names: statement.columnCount > 0 ? statement.getColumnNames([]) : [] };
    kept.set(sql, entry);
  }
  return entry;
}

function rows(sql, bind) {
  const { statement, names } = prepared(sql);
  const found = [];
  try {
    statement.bind(bind);
    while (statement.step()) {
      const values = statement.get([]);
      const row = {};
      for (let at = 0; at < names.length; at += 1) row[names[at]] = values[at];
      found.push(row);
    }
  } finally {
    statement.reset();
  }
  return found;
}

function run(sql, bind) {
  const { statement } = prepared(sql);
  try {
    if (bind) statement.bind(bind);
    statement.step();
  } finally {
    statement.reset();
  }
}

/** One transaction: a statement for each of many lists of parameters. */
function runMany(sql, binds) {
  database.transaction(() => {
    for (const bind of binds) run(sql, bind);
  });
}

/** Without keeping the statement; rows leave as lists. */
function once(sql) {
  return database.exec({ sql, rowMode: "array", returnValue: "resultRows" });
}

answer({ open, rows, run, runMany, once });
