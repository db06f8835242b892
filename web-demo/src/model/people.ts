/** Whom the page can act as: the people that a database knows, in the tenants they belong to. */

import type { Actor, Model, Owner, Row } from "@freehold/web";

/** Somebody to act as. */
export interface Person {
  readonly label: string;
  readonly actor: Actor;
}

/** The most people to choose from. */
const PEOPLE_MAX = 100;

/** The people of a database; none where its model has none. */
export async function peopleOf(model: Model, owner: Owner): Promise<Person[]> {
  const { tenancy, tables } = model;
  const users = tenancy?.user;
  if (!tenancy || !users || !tables[users]) return [];
  const list = async (table: string) => (await owner.list(table, { limit: PEOPLE_MAX })).rows;
  const tenants = labelsOf(await list(tenancy.tenant), keyOf(model, tenancy.tenant), "name");
  const within = (email: string, tenant: unknown) => `${email} · ${tenants.get(tenant) ?? ""}`;
  const accounts = await list(users);
  const idColumn = keyOf(model, users);
  if ((tables[users].scope ?? "tenant") === "tenant") {
    return accounts.map((row) => ({
      label: within(String(row["email"]), row[tenancy.key]),
      actor: actorOf(row[idColumn], row[tenancy.key]),
    }));
  }
  const emails = labelsOf(accounts, idColumn, "email");
  const alone = accounts.map((row) => ({
    label: String(row["email"]),
    actor: actorOf(row[idColumn]),
  }));
  const members = tables[tenancy.member ?? ""];
  const person = Object.entries(members?.columns ?? {}).find(
    ([, column]) => "to" in column && column.to === users,
  )?.[0];
  if (!tenancy.member || !person) return alone;
  const seats = (await list(tenancy.member)).map((row) => ({
    label: within(emails.get(row[person]) ?? "", row[tenancy.key]),
    actor: actorOf(row[person], row[tenancy.key]),
  }));
  return [...seats, ...alone];
}

function actorOf(user: unknown, tenant?: unknown): Actor {
  const principal = { user: String(user) };
  return tenant === undefined ? { principal } : { principal, tenant: String(tenant) };
}

function keyOf(model: Model, table: string): string {
  return model.tables[table]?.primary_key?.at(-1) ?? "id";
}

function labelsOf(rows: readonly Row[], key: string, label: string): Map<unknown, string> {
  return new Map(rows.map((row) => [row[key], String(row[label] ?? "")]));
}
