/**
 * The data that all contenders hold, and what is asked of them. Made by arithmetic alone, so that
 * every page makes the same.
 */

export const TENANTS = 100;
export const FILES = 10_000;

/** The tenant that is worked in, and how many of the files are its own. */
const OWN_TENANT = 7;
const OWN_FILES = 5_050;
const OTHERS_FILES = (FILES - OWN_FILES) / (TENANTS - 1);

const PROJECTS = 4;
const MIME_TYPES = ["image/png", "application/pdf", "text/csv", "video/mp4"];
const WRITTEN_AT = "2026-01-01T00:00:00.000Z";

/** The columns of `files`, in the table's order. */
export const COLUMNS = [
  "organization_id",
  "id",
  "project_id",
  "upload_id",
  "tenant_id",
  "path",
  "filename",
  "mime_type",
  "size_bytes",
  "checksum",
  "metadata",
  "created_at",
  "updated_at",
];

const hex = (number, digits) => number.toString(16).padStart(digits, "0");

/** A UUIDv7 whose order is that of kind, tenant and number. */
const idOf = (kind, tenant, at) =>
  `0194${hex(kind, 4)}-${hex(tenant, 4)}-7000-8000-${hex(at, 12)}`;

const KIND = { tenant: 1, user: 2, team: 3, project: 4, file: 5, written: 6 };

/** Everything from here on sorts behind the files that are there from the start. */
export const FIRST_WRITTEN_ID = idOf(KIND.written, 0, 0);

export const OWN = {
  tenant: idOf(KIND.tenant, OWN_TENANT, 0),
  user: idOf(KIND.user, OWN_TENANT, 0),
};

/** The rows that files hang on, by table. */
export function surroundings() {
  const rows = { users: [], organizations: [], organization_members: [], teams: [] };
  Object.assign(rows, { team_members: [], projects: [] });
  for (let at = 0; at < TENANTS; at += 1) {
    const organization_id = idOf(KIND.tenant, at, 0);
    const user_id = idOf(KIND.user, at, 0);
    const team_id = idOf(KIND.team, at, 0);
    const tenant = { id: organization_id, name: `Tenant ${at}`, slug: `tenant-${at}` };
    rows.users.push({ id: user_id, name: "Ann", email: `ann@tenant-${at}.example.com` });
    rows.organizations.push({ ...tenant, owner_id: user_id });
    rows.organization_members.push({ organization_id, user_id, role: "MEMBER" });
    rows.teams.push({ organization_id, id: team_id, name: "Team", slug: "team" });
    rows.team_members.push({ organization_id, team_id, user_id, role: "MEMBER" });
    for (let number = 0; number < PROJECTS; number += 1) {
      const id = idOf(KIND.project, at, number);
      const name = `Project ${number}`;
      rows.projects.push({ organization_id, id, team_id, name, slug: `project-${number}` });
    }
  }
  return rows;
}

function file(kind, tenant, at) {
  return {
    organization_id: idOf(KIND.tenant, tenant, 0),
    id: idOf(kind, tenant, at),
    project_id: idOf(KIND.project, tenant, at % PROJECTS),
    path: `uploads/${at % 97}/${kind}-${hex(at, 8)}.bin`,
    filename: `Quarterly report number ${at}.bin`,
    mime_type: MIME_TYPES[(at >> 2) % MIME_TYPES.length],
    size_bytes: (at * 7919) % 1_000_003,
    checksum: hex(at, 8).repeat(8),
    metadata: { width: at % 4000, tags: ["a", `tag-${at % 13}`], origin: "upload" },
  };
}

/** The files that are there from the start. */
export function files() {
  const all = [];
  for (let tenant = 0; tenant < TENANTS; tenant += 1) {
    const count = tenant === OWN_TENANT ? OWN_FILES : OTHERS_FILES;
    for (let at = 0; at < count; at += 1) all.push(file(KIND.file, tenant, at));
  }
  return all;
}

/** Files that are written while it is measured. */
export function newFiles(count) {
  return Array.from({ length: count }, (_, at) => file(KIND.written, OWN_TENANT, at));
}

/** The keys that are read one by one: all own ones, in an order without locality. */
export function keysToRead(count) {
  return Array.from({ length: count }, (_, at) =>
    idOf(KIND.file, OWN_TENANT, (at * 2_311) % OWN_FILES),
  );
}

/** What is filtered for, page after page until there is none, one after the other. */
export const pageFilters = MIME_TYPES;
export const PAGE_ROWS = 50;

/** A row as an app without a core of its own stores it: all columns in order, JSON as text. */
export function stored(row) {
  const filled = { ...row, upload_id: null, tenant_id: null };
  filled.metadata = JSON.stringify(row.metadata);
  filled.created_at = filled.updated_at = WRITTEN_AT;
  return COLUMNS.map((column) => filled[column]);
}

/** SQL that runs inside of the worker alone; all of its tables are its own. */
export const SQL_ROWS = 100_000;
export const sqlInside = {
  clear: "DROP TABLE IF EXISTS bench_rows",
  create: `CREATE TABLE bench_rows (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,
    name TEXT NOT NULL, amount REAL NOT NULL, note TEXT)`,
  insert: `INSERT INTO bench_rows
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${SQL_ROWS})
    SELECT i, i * 31 % 100, 'row number ' || (i * 7919 % 100003), (i % 1000) * 0.25,
      CASE i % 3 WHEN 0 THEN 'a note about ' || i END FROM n`,
  scan: `SELECT count(*), sum(amount), sum(length(name)), count(note) FROM bench_rows
    WHERE name NOT LIKE '%99999%'`,
  sort: `SELECT name, id FROM bench_rows ORDER BY name DESC, id LIMIT 1 OFFSET ${SQL_ROWS - 1}`,
  group: `SELECT tenant, count(*), sum(amount), max(name) FROM bench_rows
    GROUP BY tenant ORDER BY tenant`,
};
