/** Filters as an address has them, and as the core takes them. */

import type { Filter } from "@freehold/web";

import type { FilterItem, TableRoute } from "../route";
import type { ColumnView, TableView } from "./schema";

/** A condition: what people read, and whether a value follows. */
export interface Operator {
  readonly title: string;
  readonly hasValue: boolean;
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  eq: { title: "is", hasValue: true },
  ne: { title: "is not", hasValue: true },
  contains: { title: "contains", hasValue: true },
  starts_with: { title: "starts with", hasValue: true },
  gt: { title: "is more than", hasValue: true },
  gte: { title: "is at least", hasValue: true },
  lt: { title: "is less than", hasValue: true },
  lte: { title: "is at most", hasValue: true },
  is_empty: { title: "is empty", hasValue: false },
  is_set: { title: "is set", hasValue: false },
};

/** The operator of this name; undefined where an address names one that is none. */
export function operatorOf(name: string): Operator | undefined {
  return OPERATORS[name];
}

/** The names of the operators that a column takes, the likeliest first. */
export function operatorsOf(column: ColumnView): string[] {
  if (column.secret || column.encrypted) return [];
  const empty = column.optional ? ["is_empty", "is_set"] : [];
  if (column.array) return column.type === "json" ? empty : ["contains", ...empty];
  switch (column.type) {
    case "json":
    case "blob":
      return empty;
    case "text":
      return ["contains", "eq", "ne", "starts_with", ...empty];
    case "boolean":
    case "enum":
    case "uuid":
    case "ref":
      return ["eq", "ne", ...empty];
    default:
      return ["eq", "ne", "gt", "gte", "lt", "lte", ...empty];
  }
}

/** The filter that an address means; undefined where nothing is narrowed. */
export function filterOf(table: TableView, at: TableRoute): Filter | undefined {
  const conditions: Filter[] = [];
  if (at.find && table.label) conditions.push({ [table.label]: { contains: at.find } });
  if (at.deleted) conditions.push({ deleted_at: { is_null: false } });
  for (const item of at.filters) {
    const column = table.columns.find(({ name }) => name === item.column);
    if (column && operatorOf(item.operator)) conditions.push(condition(column, item));
  }
  return conditions.length === 0 ? undefined : { and: conditions };
}

function condition(column: ColumnView, { operator, value }: FilterItem): Filter {
  if (operator === "is_empty") return { [column.name]: { is_null: true } };
  if (operator === "is_set") return { [column.name]: { is_null: false } };
  return { [column.name]: { [operator]: typed(column, value) } };
}

/** A value as its column takes it; the core says what is wrong with one that does not fit. */
function typed(column: ColumnView, value: string): unknown {
  switch (column.type) {
    case "integer":
    case "real":
      return value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
    case "boolean":
      return value === "true";
    default:
      return value;
  }
}
