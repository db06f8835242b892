/** Freehold: a member's session, whose policies hang on teams; audit and capture are on. */

import { open } from "@freehold/web";

import "../workloads.js";
import { FIRST_WRITTEN_ID, OWN, PAGE_ROWS, files, surroundings } from "../data.js";

let db;
let session;

globalThis.contender = {
  async open({ name = "bench" }) {
    db = await open({ name, model: "carcosa" });
    await db.init();
    const owner = db.owner();
    if ((await owner.count("files")) === 0) {
      const around = Object.entries(surroundings());
      for (const [table, rows] of around) await owner.insertMany(table, rows);
      await owner.insertMany("files", files());
    }
    session = db.session({ principal: { user: OWN.user }, tenant: OWN.tenant });
  },
  get: (id) => session.get("files", id),
  page(mime_type, after) {
    const options = { filter: { mime_type }, order: ["id desc"], limit: PAGE_ROWS };
    return session.list("files", after === undefined ? options : { ...options, after });
  },
  insert: (row) => session.insert("files", row),
  insertAll: (rows) => session.insertMany("files", rows),
  async written() {
    const text = "SELECT id FROM files WHERE id >= ? ORDER BY id";
    return (await db.owner().sql(text, [FIRST_WRITTEN_ID])).rows.map(([id]) => id);
  },
  remove: () => db.owner().sql("DELETE FROM files WHERE id >= ?", [FIRST_WRITTEN_ID]),
  live({ mime, limit }, listen) {
    const query = { table: "files", filter: { mime_type: mime }, order: ["id desc"], limit };
    return new Promise((resolve, reject) => {
      const live = session.live(query, ({ rows, error }) => {
        if (error) return reject(error);
        listen(rows);
        resolve(() => live.close());
      });
    });
  },
  sql: async (text) => (await db.owner().sql(text)).rows,
  /** The bytes of a SQLite file, which the others start from. */
  export: () => db.export(),
  exportRows: async () => JSON.stringify((await db.owner().sql("SELECT * FROM files")).rows),
};
