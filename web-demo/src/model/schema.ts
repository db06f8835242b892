/** A model as the pages need it: tables with their keys, labels and references resolved. */

import type { Column, Model, Table } from "@freehold/web";

/** A column. */
export interface ColumnView {
  readonly name: string;
  /** For people: "Owner team". */
  readonly title: string;
  readonly doc: string;
  /** The type of a value, or of an array's items. */
  readonly type: string;
  readonly array: boolean;
  readonly optional: boolean;
  readonly hasDefault: boolean;
  readonly defaultValue: unknown;
  readonly auto: "id" | "created" | "updated" | "user" | undefined;
  readonly secret: boolean;
  readonly encrypted: boolean;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly format: string | undefined;
  readonly pattern: string | undefined;
  /** The values of an enum. */
  readonly values: readonly string[];
  /** The table and column that a reference names. */
  readonly target: { readonly table: string; readonly column: string } | undefined;
  /** Whether it is part of the primary key. */
  readonly inKey: boolean;
}

/** A table whose rows refer to another's. */
export interface Referrer {
  readonly table: string;
  readonly column: string;
  readonly targetColumn: string;
  readonly onDelete: "cascade" | "restrict" | "set_null";
}

/** A table. */
export interface TableView {
  readonly name: string;
  /** For people: "Bucket team access". */
  readonly title: string;
  readonly doc: string;
  readonly columns: readonly ColumnView[];
  /** The primary key's columns, the tenant key first. */
  readonly key: readonly string[];
  /** The column by which people tell rows apart. */
  readonly label: string | undefined;
  /** The column that names the row's tenant. */
  readonly tenantKey: string | undefined;
  readonly softDelete: boolean;
  readonly referrers: readonly Referrer[];
}

/** A model. */
export interface ModelView {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly tables: readonly TableView[];
  /** The table whose rows are the tenants. */
  readonly tenants: TableView | undefined;
  table(name: string): TableView | undefined;
}

/** The names of columns that label rows, the best first. */
const LABELS = [
  "name",
  "title",
  "display_name",
  "full_name",
  "email",
  "bucket_name",
  "file_name",
  "filename",
  "label",
  "slug",
  "subject",
  "path",
  "key",
  "action",
  "message",
];

/** Reads a model that the core wrote out. */
export function viewModel(model: Model): ModelView {
  const entries = Object.entries(model.tables);
  const referrers = new Map<string, Referrer[]>();
  for (const [name, table] of entries) {
    for (const referrer of referencesOf(name, table)) {
      const [to, found] = referrer;
      referrers.set(to, [...(referrers.get(to) ?? []), found]);
    }
  }
  const tables = entries.map(([name, table]) =>
    viewTable(model, name, table, referrers.get(name) ?? []),
  );
  const byName = new Map(tables.map((table) => [table.name, table]));
  return {
    name: model.name,
    title: model.title || titleOf(model.name),
    description: model.description ?? "",
    tables,
    tenants: byName.get(model.tenancy?.tenant ?? ""),
    table: (name) => byName.get(name),
  };
}

function viewTable(
  model: Model,
  name: string,
  table: Table,
  referrers: readonly Referrer[],
): TableView {
  const tenantKey = tenantKeyOf(model, name, table);
  const own = table.primary_key ?? ["id"];
  const isTenants = model.tenancy?.tenant === name;
  const key = tenantKey && !isTenants ? [tenantKey, ...own.filter((k) => k !== tenantKey)] : own;
  const columns = Object.entries(table.columns ?? {}).map(([column, spec]) =>
    viewColumn(model, column, spec, key.includes(column)),
  );
  return {
    name,
    title: titleOf(name),
    doc: table.doc ?? "",
    columns,
    key,
    label: labelOf(columns, tenantKey),
    tenantKey,
    softDelete: Boolean(table.soft_delete),
    referrers,
  };
}

function viewColumn(model: Model, name: string, column: Column, inKey: boolean): ColumnView {
  const spec = column as unknown as Record<string, unknown>;
  const type = String(spec["type"]);
  const array = type.endsWith("[]");
  return {
    name,
    title: titleOf(type === "ref" ? name.replace(/_id$/, "") : name),
    doc: String(spec["doc"] ?? ""),
    type: array ? type.slice(0, -"[]".length) : type,
    array,
    optional: spec["optional"] === true,
    hasDefault: "default" in spec,
    defaultValue: spec["default"],
    auto: spec["auto"] as ColumnView["auto"],
    secret: spec["secret"] === true,
    encrypted: spec["encrypted"] === true,
    min: spec["min"] as number | undefined,
    max: spec["max"] as number | undefined,
    format: spec["format"] as string | undefined,
    pattern: spec["pattern"] as string | undefined,
    values: model.enums?.[String(spec["of"])] ?? [],
    target: targetOf(model, spec["to"] as string | undefined),
    inKey,
  };
}

function targetOf(model: Model, to: string | undefined): ColumnView["target"] {
  if (!to) return undefined;
  const [table = "", column] = to.split(".");
  const key = model.tables[table]?.primary_key ?? ["id"];
  return { table, column: column ?? key[key.length - 1] ?? "id" };
}

/** The column that names a row's tenant: the key, or for the tenants themselves their own. */
function tenantKeyOf(model: Model, name: string, table: Table): string | undefined {
  const { tenancy } = model;
  if (!tenancy || (table.scope ?? "tenant") !== "tenant") return undefined;
  if (tenancy.tenant === name) return (table.primary_key ?? ["id"])[0];
  return tenancy.key;
}

function referencesOf(name: string, table: Table): [string, Referrer][] {
  return Object.entries(table.columns ?? {}).flatMap(([column, spec]): [string, Referrer][] => {
    if (spec.type !== "ref") return [];
    const [to = "", targetColumn = "id"] = spec.to.split(".");
    const onDelete = spec.on_delete ?? "restrict";
    return [[to, { table: name, column, targetColumn, onDelete }]];
  });
}

function labelOf(
  columns: readonly ColumnView[],
  tenantKey: string | undefined,
): string | undefined {
  const plain = columns.filter(
    (column) => !column.secret && !column.encrypted && !column.array && column.name !== tenantKey,
  );
  const texts = plain.filter((column) => column.type === "text");
  const known = LABELS.find((name) => texts.some((column) => column.name === name));
  return known ?? texts[0]?.name;
}

/** `bucket_team_access` for people: "Bucket team access". */
export function titleOf(name: string): string {
  const words = name.replaceAll("_", " ").replace(/\b(id|ip|url|api|ai|sql|mime)\b/g, upper);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function upper(word: string): string {
  return word.toUpperCase();
}

/** Whether rows can be sorted by a column. */
export function isSortable(column: ColumnView): boolean {
  return !column.array && !column.secret && !column.encrypted && column.type !== "json";
}
