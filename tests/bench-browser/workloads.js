/**
 * What is measured, on the main thread of a contender's page. Each answers with the milliseconds
 * that it took and with what has to be equal among all contenders.
 *
 * A contender's page sets `globalThis.contender`:
 *
 * - `open(source)` opens the database and fills it where it is empty; `source` is the address of
 *   the file and of the rows.
 * - `get(id)`, `page(mime, after)` answer with rows as objects; `page` orders by id, descending.
 * - `insert(row)` is one durable commit. `insertAll(rows)` is one transaction, in the way that is
 *   fastest there. `insertEach(rows)` is one transaction of one awaited call a row; not every
 *   contender has it.
 * - `remove()` removes what was inserted; `written()` answers with the ids of that, in order.
 * - `sql(text)` runs a statement and answers with its rows as lists; not every contender has it.
 * - `live(...)`: see `live` below.
 */

import { PAGE_ROWS, keysToRead, newFiles, pageFilters, sqlInside } from "./data.js";

const COMPARED = ["id", "project_id", "path", "filename", "mime_type", "size_bytes", "checksum"];

/** A number that stands for rows: FNV-1a over their compared columns and their JSON. */
function digest(rows) {
  let hash = 0x811c9dc5;
  const add = (text) => {
    for (let at = 0; at < text.length; at += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
    }
  };
  for (const row of rows) {
    for (const column of COMPARED) add(`${row[column]}\n`);
    const { metadata } = row;
    add(JSON.stringify(typeof metadata === "string" ? JSON.parse(metadata) : metadata));
  }
  return hash;
}

async function timed(work) {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}

/** The digests of the first tenth and of all; whoever did a share has the first tenth alone. */
function digests(rows, share) {
  if (share < 1) return { tenth: digest(rows) };
  return { tenth: digest(rows.slice(0, rows.length / 10)), all: digest(rows) };
}

async function pointReads({ count, share }) {
  const { contender } = globalThis;
  const keys = keysToRead(count * share);
  const rows = [];
  const { ms } = await timed(async () => {
    for (const key of keys) rows.push(await contender.get(key));
  });
  return { ms: ms / share, checks: digests(rows, share) };
}

async function pages({ count, share }) {
  const { contender } = globalThis;
  const all = [];
  const { ms } = await timed(async () => {
    let filter = 0;
    let after;
    for (let page = 0; page < count * share; page += 1) {
      const { rows, next } = await contender.page(pageFilters[filter], after);
      all.push(rows);
      after = next ?? undefined;
      if (after === undefined) filter = (filter + 1) % pageFilters.length;
    }
  });
  // Pages as rows, so that where they end is compared too.
  const ends = all.map((rows) => ({ ...rows[0], path: `${rows.length} ${rows.at(-1).id}` }));
  const checks = digests(ends, share);
  if (share === 1) checks.rows = digest(all.flat());
  return { ms: ms / share, checks };
}

/** Where a page ends without a cursor of the contender's own: at its last row, if it is full. */
export function page(rows) {
  return { rows, next: rows.length < PAGE_ROWS ? undefined : rows.at(-1).id };
}

async function insertion(how, { count: all, share }) {
  const { contender } = globalThis;
  if (!how) return { missing: true };
  const count = all * share;
  const rows = newFiles(count);
  const { ms } = await timed(() => how(rows));
  const ids = await contender.written();
  const isRight = ids.length === count && ids.every((id, at) => id === rows[at].id);
  await contender.remove();
  return { ms: ms / share, checks: { isRight } };
}

function commits(amount) {
  const each = async (rows) => {
    for (const row of rows) await globalThis.contender.insert(row);
  };
  return insertion(each, amount);
}

async function sql() {
  const { contender } = globalThis;
  if (!contender.sql) return { missing: true };
  await contender.sql(sqlInside.clear);
  await contender.sql(sqlInside.create);
  const insert = await timed(() => contender.sql(sqlInside.insert));
  const scan = await timed(() => contender.sql(sqlInside.scan));
  const sort = await timed(() => contender.sql(sqlInside.sort));
  const group = await timed(() => contender.sql(sqlInside.group));
  await contender.sql(sqlInside.clear);
  const parts = { insert: insert.ms, scan: scan.ms, sort: sort.ms, group: group.ms };
  return { parts, checks: { scan: scan.value, sort: sort.value, group: group.value } };
}

/**
 * A write's call to the callback of a live query with the new page, others being open besides on
 * the same table. `contender.live({ mime, limit }, listen)` keeps a page live and answers with a
 * function that ends it, once `listen` was called; contenders without it are passed over.
 */
async function live({ count, queries }) {
  const { contender } = globalThis;
  if (!contender.live) return { missing: true };
  let heard = () => {};
  const ends = [];
  for (let at = 0; at < queries; at += 1) {
    const listen = at === 0 ? (rows) => heard(rows) : () => {};
    const limit = PAGE_ROWS + at;
    ends.push(await contender.live({ mime: pageFilters[at % pageFilters.length], limit }, listen));
  }
  const rows = newFiles(count * 4).filter(({ mime_type }) => mime_type === pageFilters[0]);
  const took = [];
  for (const row of rows) {
    // Callbacks that follow each other come once a frame: each of these comes after a rest.
    await new Promise((rested) => setTimeout(rested, 50));
    const seen = new Promise((resolve) => {
      heard = (page) => page[0]?.id === row.id && resolve();
    });
    const { ms } = await timed(() => Promise.all([contender.insert(row), seen]));
    took.push(ms);
  }
  for (const end of ends) await end();
  await contender.remove();
  took.sort((a, b) => a - b);
  return { ms: took[took.length >> 1], checks: { heard: took.length } };
}

globalThis.workloads = {
  pointReads,
  pages,
  insertAll: (amount) => insertion(globalThis.contender.insertAll, amount),
  insertEach: (amount) => insertion(globalThis.contender.insertEach, amount),
  commits,
  sql,
  live,
};
