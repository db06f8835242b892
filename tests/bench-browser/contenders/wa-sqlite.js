/** wa-sqlite, asked through a minimal promise API. */

import "../workloads.js";
import { stored } from "../data.js";
import { byStatements, statements } from "./sql.js";
import { WorkerLink } from "./worker-link.js";

const worker = new Worker(new URL("./wa-sqlite-worker.js", import.meta.url), { type: "module" });
const link = new WorkerLink(worker);
const text = statements(() => "?");
const run = (sql, bind) => link.ask("run", sql, bind);

async function insertEach(all) {
  await run("BEGIN");
  for (const row of all) await run(text.insert, stored(row));
  await run("COMMIT");
}

globalThis.contender = {
  ...byStatements({ rows: (sql, bind) => link.ask("rows", sql, bind), run, text }),
  async open({ source }) {
    if (!(await link.ask("open"))) return;
    const rows = await (await fetch(source.rows)).json();
    await link.ask("runMany", text.insert, rows);
  },
  insertEach,
  insertAll: (all) => link.ask("runMany", text.insert, all.map(stored)),
  sql: (sql) => link.ask("once", sql),
};
