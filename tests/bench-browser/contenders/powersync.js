/** PowerSync without a server: a local-only table, written and read through its own worker. */

import { PowerSyncDatabase, Schema, Table, WASQLiteVFS, column } from "@powersync/web";

import "../workloads.js";
import { COLUMNS, stored } from "../data.js";
import { byStatements, statements } from "./sql.js";

const kind = (name) => (name === "size_bytes" ? column.integer : column.text);
const others = COLUMNS.filter((name) => name !== "id").map((name) => [name, kind(name)]);
const indexes = {
  project: ["organization_id", "project_id"],
  upload: ["organization_id", "upload_id"],
  tenant: ["organization_id", "tenant_id"],
  path: ["organization_id", "project_id", "path"],
  mime: ["organization_id", "mime_type"],
};
const files = new Table(Object.fromEntries(others), { indexes, localOnly: true });
const text = statements(() => "?");
let database;

globalThis.contender = {
  ...byStatements({
    rows: (sql, bind) => database.getAll(sql, bind),
    run: (sql, bind) => database.execute(sql, bind),
    text,
  }),
  async open({ source }) {
    database = new PowerSyncDatabase({
      schema: new Schema({ files }),
      database: {
        dbFilename: "powersync-bench.db",
        vfs: WASQLiteVFS.AccessHandlePoolVFS,
        enableMultiTabs: false,
        preparedStatementsCache: 100,
      },
    });
    await database.init();
    await database.execute("PRAGMA synchronous = FULL");
    const { count } = await database.get("SELECT count(*) AS count FROM files");
    if (count > 0) return;
    await database.executeBatch(text.insert, await (await fetch(source.rows)).json());
  },
  insertAll: (all) => database.executeBatch(text.insert, all.map(stored)),
  insertEach: (all) =>
    database.writeTransaction(async (transaction) => {
      for (const row of all) await transaction.execute(text.insert, stored(row));
    }),
};
