// The types of a model that is a literal: what they say, and what they refuse.

import { defineModel, open } from "../../dist/index.js";
import type { Json, TablesOfModel } from "../../dist/index.js";

import { same } from "./same.js";

const model = defineModel({
  name: "shop",
  tenancy: { tenant: "shops", key: "shop_id", user: "users", member: "members" },
  enums: { state: ["OPEN", "PAID"], role: ["OWNER", "CLERK"] },
  tables: {
    shops: { template: "tenant", without: ["slug"] },
    users: { template: "user", scope: "user", owner: "id" },
    members: {
      template: "membership",
      columns: { role: { type: "enum", of: "role", default: "CLERK" } },
    },
    plans: {
      scope: "public",
      primary_key: ["code"],
      columns: { code: { type: "text", max: 9 }, price: { type: "decimal", precision: 9, scale: 2 } },
    },
    orders: {
      soft_delete: true,
      columns: {
        number: { type: "bigint" },
        plan_code: { type: "ref", to: "plans" },
        buyer_id: { type: "ref", to: "users", optional: true, on_delete: "set_null" },
        state: { type: "enum", of: "state", default: "OPEN" },
        states: { type: "enum[]", of: "state", optional: true },
        note: { type: "text", optional: true },
        paid_at: { type: "timestamp", optional: true },
        due: { type: "date" },
        photo: { type: "blob", optional: true },
        card: { type: "text", encrypted: true, optional: true },
        mail: { type: "text", encrypted: true, blind_index: true },
        pin: { type: "text", secret: true },
        extra: { type: "json", shape: "object", default: {} },
        any: { type: "json", optional: true },
        made_at: { type: "timestamp", auto: "created" },
      },
    },
  },
  links: { order_buyers: { order_id: "orders", user_id: "users" } },
});

type Tables = TablesOfModel<typeof model>;
type Orders = Tables["orders"];

same<keyof Tables, "shops" | "users" | "members" | "plans" | "orders" | "order_buyers">(true);
same<
  Tables["shops"]["row"],
  { id: string; name: string; created_at: string; updated_at: string }
>(true);
same<Tables["members"]["row"]["role"], "OWNER" | "CLERK">(true);
same<
  Orders["row"],
  {
    shop_id: string;
    id: string;
    number: string;
    plan_code: string;
    buyer_id: string | null;
    state: "OPEN" | "PAID";
    states: ("OPEN" | "PAID")[] | null;
    note: string | null;
    paid_at: string | null;
    due: string;
    photo: string | null;
    card: string | { $locked: true } | null;
    mail: string | { $locked: true };
    extra: { [key: string]: Json };
    any: Json | null;
    made_at: string;
    deleted_at: string | null;
  }
>(true);
same<
  Orders["insert"],
  {
    shop_id: string;
    number: string | number | bigint;
    plan_code: string;
    due: string;
    mail: string;
    pin: string;
    id?: string;
    buyer_id?: string | null;
    state?: "OPEN" | "PAID";
    states?: ("OPEN" | "PAID")[] | null;
    note?: string | null;
    paid_at?: string | Date | null;
    photo?: string | Uint8Array | ArrayBuffer | null;
    card?: string | null;
    extra?: { [key: string]: Json };
    any?: Json | null;
    made_at?: string | Date;
    deleted_at?: string | Date | null;
  }
>(true);
same<Orders["key"], { shop_id: string; id: string }>(true);
same<Orders["tenant"], "shop_id">(true);
same<Tables["shops"]["tenant"], never>(true);
same<Tables["plans"]["key"], { code: string }>(true);
same<Tables["order_buyers"]["row"], { shop_id: string; order_id: string; user_id: string }>(true);
same<"card" extends Orders["filter"] ? true : false, false>(true);
same<"mail" extends Orders["filter"] ? true : false, true>(true);
same<Extract<Orders["order"], "mail" | "pin" | "states" | "extra">, never>(true);

const db = await open({ name: "x", model, storage: "memory" });
const owner = db.owner();
const session = db.session({ principal: { user: "x" }, tenant: "y" });
const order = { number: 2n ** 60n, plan_code: "a", due: "2025-01-31", mail: "m", pin: "p" };

await session.insert("orders", order);
await session.insert("orders", { ...order, paid_at: new Date(), photo: new Uint8Array(3) });
await owner.insert("orders", { ...order, shop_id: "y" });
// @ts-expect-error The owner says whose row it is.
await owner.insert("orders", order);
// @ts-expect-error There is no such table.
await session.insert("order", order);
// @ts-expect-error The mail is missing.
await session.insert("orders", { number: 1, plan_code: "a", due: "2025-01-31", pin: "p" });
// @ts-expect-error There is no such column.
await session.insert("orders", { ...order, colour: "red" });
// @ts-expect-error The state is none of the enum's.
await session.insert("orders", { ...order, state: "LOST" });
// @ts-expect-error A date is a day, and a Date an instant.
await session.insert("orders", { ...order, due: new Date() });
// @ts-expect-error A number is no text.
await session.update("orders", "id", { note: 3 });
// @ts-expect-error The key of a row does not change.
await session.update("orders", "id", { id: "other" });

await session.get("orders", "id");
await session.get("orders", { id: "id" });
await owner.get("orders", { shop_id: "y", id: "id" });
// @ts-expect-error The owner says whose row it is.
await owner.get("orders", { id: "id" });
// @ts-expect-error The key has two columns, and the owner none of them filled in.
await owner.get("orders", "id");
// @ts-expect-error There is no such column in the key.
await session.get("orders", { number: 3 });

await session.list("orders", {
  filter: {
    state: "OPEN",
    number: { gte: 3n, lt: 9 },
    note: { contains: "x", is_null: false },
    paid_at: { lt: new Date() },
    states: { contains: "PAID" },
    mail: { in: ["a", "b"] },
    extra: { is_null: true },
    or: [{ buyer_id: null }, { not: { state: { in: ["PAID"] } } }],
  },
  order: ["made_at desc", "number"],
});
// @ts-expect-error There is no such column.
await session.list("orders", { filter: { colour: "red" } });
// @ts-expect-error There is no such operator.
await session.list("orders", { filter: { number: { above: 3 } } });
// @ts-expect-error A bigint column holds no boolean.
await session.list("orders", { filter: { number: true } });
// @ts-expect-error The state is none of the enum's.
await session.count("orders", { state: "LOST" });
// @ts-expect-error Only text contains text.
await session.count("orders", { number: { contains: "3" } });
// @ts-expect-error An encrypted column without a blind index can't be asked for.
await session.count("orders", { card: "4111" });
// @ts-expect-error A blind index knows equality alone.
await session.count("orders", { mail: { starts_with: "a" } });
// @ts-expect-error A secret column can't be asked for.
await session.count("orders", { pin: "1234" });
// @ts-expect-error JSON has no order.
await session.list("orders", { order: ["extra"] });
// @ts-expect-error There is no such direction.
await session.list("orders", { order: ["number down"] });
// @ts-expect-error There is no such column.
await session.list("orders", { columns: ["colour"] });

const { rows } = await session.list("orders", { columns: ["id", "note"] });
same<(typeof rows)[number], { id: string; note: string | null }>(true);
// @ts-expect-error The column was not asked for.
rows[0]?.state;
for await (const page of session.pages("orders", { limit: 10 })) same<(typeof page)["rows"], Orders["row"][]>(true);
for await (const row of session.rows("plans", { columns: ["price"] })) same<typeof row, { price: string }>(true);

const keys = await session.insertMany("orders", [order]);
same<typeof keys, { shop_id: string; id: string }[]>(true);

const [issue] = await session.validate("orders", { number: 1 });
if (issue && issue.path === "number") console.log(issue.code);
if (issue?.path === "extra.a[1]") console.log(issue.code);
// @ts-expect-error No issue is ever at a column that there is not.
if (issue?.path === "colour") console.log(issue.code);
for (const { path } of session.issues("plans", new Error())) {
  // @ts-expect-error That is a column of another table.
  if (path === "number") console.log(path);
}

const answers = await session.transaction((tx) => [
  tx.insert("orders", order),
  tx.count("plans"),
  tx.delete("orders", "id"),
  tx.sql`SELECT ${1}`,
]);
same<(typeof answers)[0], Orders["row"]>(true);
same<(typeof answers)[1], number>(true);
same<(typeof answers)[2], boolean>(true);
same<(typeof answers)["length"], 4>(true);
const one = await session.transaction((tx) => tx.get("plans", "a"));
same<typeof one, Tables["plans"]["row"] | null>(true);
await session.transaction((tx) => {
  // @ts-expect-error There is no such column.
  tx.update("orders", "id", { colour: "red" });
});
// @ts-expect-error A transaction can't wait.
await session.transaction(async (tx) => tx.count("plans"));

const found = await session.sql`SELECT id FROM orders WHERE id = ${"x"}`.objects<{ id: string }>();
same<typeof found, { id: string }[]>(true);
