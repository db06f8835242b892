/** The official SQLite for browsers, asked through a minimal promise API. */

import "../workloads.js";
import { stored } from "../data.js";
import { byStatements, statements } from "./sql.js";
import { WorkerLink } from "./worker-link.js";

const worker = new Worker(new URL("./official-worker.js", import.meta.url), { type: "module" });
const link = new WorkerLink(worker);
const text = statements(() => "?");
const rows = (sql, bind) => link.ask("rows", sql, bind);
const run = (sql, bind) => link.ask("run", sql, bind);

async function insertEach(all) {
  await run("BEGIN");
  for (const row of all) await run(text.insert, stored(row));
  await run("COMMIT");
}

globalThis.contender = {
  ...byStatements({ rows, run, text }),
  open: ({ name = "bench", source, wal = false }) =>
    link.ask("open", { name: wal ? `${name}-wal` : name, source: source?.file, wal }),
  insertEach,
  insertAll: (all) => link.ask("runMany", text.insert, all.map(stored)),
  sql: (sql) => link.ask("once", sql),
};
