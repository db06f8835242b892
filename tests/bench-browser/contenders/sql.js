/** What contenders have in common that are asked by SQL: the statements of an app. */

import { COLUMNS, FIRST_WRITTEN_ID, OWN, PAGE_ROWS, stored } from "../data.js";
import { page } from "../workloads.js";

const names = COLUMNS.join(", ");
const slots = (place) => COLUMNS.map((_, at) => place(at + 1)).join(", ");

/**
 * The statements, with parameters written as `place` writes them.
 *
 * @param {(number: number) => string} place
 */
export function statements(place) {
  const [first, second, third] = [place(1), place(2), place(3)];
  const where = `FROM files WHERE organization_id = ${first} AND mime_type = ${second}`;
  const end = `ORDER BY id DESC LIMIT ${PAGE_ROWS}`;
  return {
    get: `SELECT ${names} FROM files WHERE organization_id = ${first} AND id = ${second}`,
    firstPage: `SELECT ${names} ${where} ${end}`,
    nextPage: `SELECT ${names} ${where} AND id < ${third} ${end}`,
    insert: `INSERT INTO files (${names}) VALUES (${slots(place)})`,
    written: `SELECT id FROM files WHERE id >= ${first} ORDER BY id`,
    remove: `DELETE FROM files WHERE id >= ${first}`,
  };
}

/**
 * A contender from three functions.
 *
 * @param {{
 *   rows: (sql: string, bind: unknown[]) => Promise<object[]>,
 *   run: (sql: string, bind: unknown[]) => Promise<unknown>,
 *   text: ReturnType<typeof statements>,
 * }} how
 */
export function byStatements({ rows, run, text }) {
  return {
    get: async (id) => (await rows(text.get, [OWN.tenant, id]))[0],
    page: async (mime, after) =>
      page(
        await (after === undefined
          ? rows(text.firstPage, [OWN.tenant, mime])
          : rows(text.nextPage, [OWN.tenant, mime, after])),
      ),
    insert: (row) => run(text.insert, stored(row)),
    written: async () => (await rows(text.written, [FIRST_WRITTEN_ID])).map(({ id }) => id),
    remove: () => run(text.remove, [FIRST_WRITTEN_ID]),
  };
}
