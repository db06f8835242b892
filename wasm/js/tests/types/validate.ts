// Validators are Standard Schemas with the types of a model's tables.

import type { StandardSchemaV1 } from "@standard-schema/spec";

import { defineModel, open } from "../../dist/index.js";
import type { Builtin, Model } from "../../dist/index.js";
import { validator } from "../../dist/validate.js";
import type { Validator } from "../../dist/validate.js";

import { same } from "./same.js";

const model = defineModel({
  name: "shop",
  tenancy: { tenant: "shops", key: "shop_id" },
  tables: {
    shops: { template: "tenant" },
    goods: { columns: { code: { type: "text" }, price: { type: "integer", optional: true } } },
  },
});

const all = await validator(model);
const goods = all.table("goods");

/** What the specification says of a schema holds, and it finds its types. */
const standard: StandardSchemaV1<unknown, unknown> = goods.insert;
type Inserted = StandardSchemaV1.InferOutput<typeof goods.insert>;
same<Inserted["code"], string>(true);
same<Inserted["shop_id"], string>(true);
same<StandardSchemaV1.InferInput<typeof goods.update>["price"], number | null | undefined>(true);
// @ts-expect-error There is no such table.
all.table("good");

// What is validated at once is not waited for.
const result = goods.insert["~standard"].validate({});
if (!result.issues) same<(typeof result.value)["code"], string>(true);

// A session's rows leave the tenant out.
const actor = { principal: { user: "x" }, tenant: "y" };
const session = (await validator(model, { actor })).table("goods");
type Left = StandardSchemaV1.InferOutput<typeof session.insert>;
same<undefined extends Left["shop_id"] ? "optional" : "required", "optional">(true);

// Built-in models by name, and models that say nothing.
const carcosa = await validator("carcosa");
same<typeof carcosa, Validator<Builtin["carcosa"]>>(true);
declare const given: Model;
const any = await validator(given);
any.table("whatever").insert.validate({ a: 1 });

// A handle's schema has the same types, and waits for the database.
const db = await open({ name: "x", model, storage: "memory" });
const asked = db.owner().schema("goods");
const awaited: StandardSchemaV1<unknown, unknown> = asked;
same<StandardSchemaV1.InferOutput<typeof asked>["code"], string>(true);
// @ts-expect-error Whether it is valid is known later.
asked["~standard"].validate({}).issues;
// @ts-expect-error There is no such table.
db.owner().schema("good");

export { awaited, standard };
