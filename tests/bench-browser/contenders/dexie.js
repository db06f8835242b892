/** Dexie over IndexedDB, on the main thread as it is used. */

import { Dexie } from "dexie";

import "../workloads.js";
import { COLUMNS, FIRST_WRITTEN_ID, OWN, PAGE_ROWS, stored } from "../data.js";
import { page } from "../workloads.js";

const database = new Dexie("dexie-bench", { chromeTransactionDurability: "strict" });
database.version(1).stores({
  files: `[organization_id+id], id, [organization_id+project_id], [organization_id+upload_id],
    [organization_id+tenant_id], [organization_id+project_id+path],
    [organization_id+mime_type+id]`,
});
const { files } = database;

const named = (values) => Object.fromEntries(COLUMNS.map((name, at) => [name, values[at]]));
const asStored = (row) => named(stored(row));
const written = () => files.where("id").aboveOrEqual(FIRST_WRITTEN_ID);

globalThis.contender = {
  async open({ source }) {
    if ((await files.count()) > 0) return;
    await files.bulkAdd((await (await fetch(source.rows)).json()).map(named));
  },
  get: (id) => files.get([OWN.tenant, id]),
  page: async (mime, after = Dexie.maxKey) =>
    page(
      await files
        .where("[organization_id+mime_type+id]")
        .between([OWN.tenant, mime, Dexie.minKey], [OWN.tenant, mime, after], true, false)
        .reverse()
        .limit(PAGE_ROWS)
        .toArray(),
    ),
  insert: (row) => files.add(asStored(row)),
  insertAll: (all) => files.bulkAdd(all.map(asStored)),
  insertEach: (all) =>
    database.transaction("rw", files, async () => {
      for (const row of all) await files.add(asStored(row));
    }),
  written: async () => (await written().sortBy("id")).map(({ id }) => id),
  remove: () => written().delete(),
};
