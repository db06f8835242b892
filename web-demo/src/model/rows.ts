/** Rows as people see them: keys, labels, and values as short text. */

import type { Row } from "@freehold/web";

import type { ColumnView, TableView } from "./schema";

/** A row's key, as the core takes it. */
export function keyOf(table: TableView, row: Row): Row {
  return Object.fromEntries(table.key.map((column) => [column, row[column]]));
}

/** A text that no other row of the table has. */
export function keyText(table: TableView, row: Row): string {
  return JSON.stringify(table.key.map((column) => row[column]));
}

/** What people call a row. */
export function labelOf(table: TableView, row: Row): string {
  const label = table.label === undefined ? undefined : row[table.label];
  if (typeof label === "string" && label !== "") return label;
  const last = row[table.key[table.key.length - 1] ?? ""];
  return last === undefined || last === null ? "a row" : shorten(String(last));
}

/** The end of a UUID, which is where ids of one time differ; other texts as they are. */
export function shorten(id: string): string {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(id) ? `…${id.slice(-8)}` : id;
}

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const numbers = new Intl.NumberFormat();

/** A number with its thousands apart. */
export function formatCount(count: number): string {
  return numbers.format(count);
}

/** A time in the user's zone. */
export function formatTime(text: string): string {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : dateTime.format(time);
}

/** Bytes for people. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A value on one line. */
export function formatValue(column: ColumnView, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map((item) => formatItem(column, item)).join(", ");
  return formatItem(column, value);
}

function formatItem(column: ColumnView, value: unknown): string {
  switch (column.type) {
    case "timestamp":
      return formatTime(String(value));
    case "uuid":
      return shorten(String(value));
    case "blob":
      return formatBytes(bytesOf(String(value)));
    case "json":
      return JSON.stringify(value);
    default:
      return String(value);
  }
}

/** How many bytes a base64 text stands for. */
export function bytesOf(base64: string): number {
  return (base64.length / 4) * 3 - (base64.match(/=+$/)?.[0].length ?? 0);
}
