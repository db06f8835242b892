/**
 * What a developer sees of the calls that are made, on demand.
 *
 * No value of a call is ever shown: not what is bound, inserted or looked for, and no text within
 * SQL. So no password, key, token or secret can come along.
 *
 * @packageDocumentation
 */

import type { WireActor } from "./actor.js";
import { FreeholdError } from "./error.js";

/** One call that was answered. */
export interface CallEvent {
  /** The database's name. */
  readonly database: string;
  /** The method's name in the core. */
  readonly method: string;
  /** From the call to its answer, with the time that it waited, in milliseconds. */
  readonly durationMs: number;
  /** Who called: `owner`, `system`, `user <id>` or `key <id>`, with ` in <tenant>` where one is. */
  readonly actor: string;
  /** The table, where the call is about one. */
  readonly table?: string;
  /** The columns that are written or filtered by, where there are some. */
  readonly columns?: readonly string[];
  /** The SQL, its texts blanked. */
  readonly sql?: string;
  /** How many rows or requests were sent along, where it is a list. */
  readonly count?: number;
  /** The error's code, where the call was refused. */
  readonly error?: string;
}

/** Hears of calls. */
export type OnCall = (event: CallEvent) => void;

/** The parameter in a page's address that shows calls in the console. */
const PARAMETER = "freehold-debug";

/** Who hears of calls: whom the app names, or the console where the app or the address asks. */
export function listener(debug: boolean | OnCall | undefined): OnCall | undefined {
  if (typeof debug === "function") return debug;
  return (debug ?? isInAddress()) ? log : undefined;
}

/** A call as it is shown. */
export function describe(
  call: { readonly database: string; readonly method: string; readonly params: object },
  as: WireActor | undefined,
  outcome: { readonly durationMs: number; readonly error?: unknown },
): CallEvent {
  const { database, method, params } = call;
  const { table, row, changes, filter, sql, rows, requests } = params as Record<string, unknown>;
  const columns = Object.keys((row ?? changes ?? filter ?? {}) as object);
  const list = rows ?? requests;
  const { error } = outcome;
  return {
    database,
    method,
    durationMs: Math.round(outcome.durationMs * 1000) / 1000,
    actor: nameOf(as),
    ...(typeof table === "string" ? { table } : {}),
    ...(columns.length > 0 ? { columns } : {}),
    ...(typeof sql === "string" ? { sql: blank(sql) } : {}),
    ...(Array.isArray(list) ? { count: list.length } : {}),
    ...(error === undefined ? {} : { error: codeOf(error) }),
  };
}

function isInAddress(): boolean {
  const { location } = globalThis as { location?: { search?: string } };
  return new URLSearchParams(location?.search ?? "").has(PARAMETER);
}

function log(event: CallEvent): void {
  const { database, method, durationMs, actor, table, columns, sql, count, error } = event;
  const parts = [table, columns && `(${columns.join(", ")})`, count];
  const what = sql ?? parts.filter((part) => part !== undefined).join(" ");
  const end = error === undefined ? "" : ` → ${error}`;
  console.debug(`[freehold ${database}] ${durationMs} ms, ${actor}: ${method} ${what}${end}`);
}

function nameOf(as: WireActor | undefined): string {
  if (!as) return "owner";
  const { principal, tenant } = as;
  let name = "system";
  if (principal !== "system") {
    name = "user" in principal ? `user ${principal.user}` : `key ${principal.api_key}`;
  }
  return tenant === undefined ? name : `${name} in ${tenant}`;
}

function codeOf(error: unknown): string {
  return error instanceof FreeholdError ? error.code : String(error);
}

/** SQL without its texts and blobs: an app may have written a secret into one. */
function blank(sql: string): string {
  return sql.replace(/'(?:[^']|'')*'/g, "'…'");
}
