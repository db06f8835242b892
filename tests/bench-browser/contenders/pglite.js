/** PGlite: PostgreSQL, through its own worker. */

import { PGliteWorker } from "@electric-sql/pglite/worker";

import "../workloads.js";
import { COLUMNS, stored } from "../data.js";
import { byStatements, statements } from "./sql.js";
import { schema } from "./sql-schema.js";

const text = statements((number) => `$${number}`);
const names = COLUMNS.join(", ");
const many = `INSERT INTO files (${names})
  SELECT ${names} FROM jsonb_populate_recordset(NULL::files, $1::jsonb)`;
let database;

const insertRows = (rows) => {
  const objects = rows.map((row) => Object.fromEntries(COLUMNS.map((name, at) => [name, row[at]])));
  return database.query(many, [JSON.stringify(objects)]);
};

globalThis.contender = {
  ...byStatements({
    rows: async (sql, bind) => (await database.query(sql, bind)).rows,
    run: (sql, bind) => database.query(sql, bind),
    text,
  }),
  async open({ source }) {
    const worker = new Worker(new URL("./pglite-worker.js", import.meta.url), { type: "module" });
    database = await PGliteWorker.create(worker);
    const { rows } = await database.query("SELECT to_regclass('files') AS found");
    if (rows[0].found !== null) return;
    // Ids compare bytewise, as everywhere else.
    await database.exec(schema.replaceAll("id TEXT", 'id TEXT COLLATE "C"'));
    await insertRows(await (await fetch(source.rows)).json());
  },
  insertAll: (all) => insertRows(all.map(stored)),
  insertEach: (all) =>
    database.transaction(async (transaction) => {
      for (const row of all) await transaction.query(text.insert, stored(row));
    }),
};
