/** Where one is, as the address has it: everything that a reload must find again. */

import type { Storage } from "@freehold/web";

/** A filter of one column: operator and value, as text. */
export interface FilterItem {
  readonly column: string;
  readonly operator: string;
  readonly value: string;
}

/** What a table's page shows. */
export interface TableRoute {
  readonly table: string;
  /** `"name"` or `"name desc"`; the model's own order without it. */
  readonly order?: string | undefined;
  /** What the label contains. */
  readonly find?: string | undefined;
  /** Whether the rows are shown that are softly deleted, and no others. */
  readonly deleted?: boolean | undefined;
  readonly filters: readonly FilterItem[];
}

/** A place in the page. */
export type Route =
  | { readonly page: "picker" }
  | { readonly page: "own" }
  | {
      readonly page: "database";
      readonly storage: Storage;
      readonly name: string;
      /** A table; the database's overview without it. */
      readonly at?: TableRoute | undefined;
    };

/** Reads an address's hash: `#/kept/carcosa/teams?order=name`. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [first, name, table] = path.split("/").map(decodeURIComponent);
  if (first === "own") return { page: "own" };
  if ((first !== "kept" && first !== "memory") || !name) return { page: "picker" };
  const storage = first === "kept" ? "opfs" : "memory";
  return { page: "database", storage, name, at: table ? parseTable(table, query) : undefined };
}

function parseTable(table: string, query: string): TableRoute {
  const params = new URLSearchParams(query);
  const filters = params.getAll("filter").flatMap((text) => {
    const [column, operator, ...rest] = text.split(":");
    return column && operator ? [{ column, operator, value: rest.join(":") }] : [];
  });
  return {
    table,
    order: params.get("order") ?? undefined,
    find: params.get("find") ?? undefined,
    deleted: params.has("deleted"),
    filters,
  };
}

/** The hash of a place. */
export function formatRoute(route: Route): string {
  if (route.page === "picker") return "#/";
  if (route.page === "own") return "#/own";
  const first = route.storage === "opfs" ? "kept" : "memory";
  const base = `#/${first}/${encodeURIComponent(route.name)}`;
  return route.at ? `${base}/${formatTable(route.at)}` : base;
}

function formatTable({ table, order, find, deleted, filters }: TableRoute): string {
  const params = new URLSearchParams();
  if (order) params.set("order", order);
  if (find) params.set("find", find);
  if (deleted) params.set("deleted", "");
  for (const { column, operator, value } of filters) {
    params.append("filter", `${column}:${operator}:${value}`);
  }
  const query = params.toString();
  return encodeURIComponent(table) + (query ? `?${query}` : "");
}

/** Goes to a place; with `replace` the one left is not returned to. */
export function go(route: Route, options: { replace?: boolean } = {}): void {
  const hash = formatRoute(route);
  if (hash === location.hash) return;
  if (options.replace) {
    history.replaceState(null, "", hash);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = hash;
  }
}
