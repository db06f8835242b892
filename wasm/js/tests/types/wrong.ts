// What a model that is a literal can't say.

import { defineModel, open } from "../../dist/index.js";

export const model = defineModel({
  name: "wrong",
  enums: { mood: ["GOOD"] },
  // @ts-expect-error There is no such table.
  tenancy: { tenant: "shops", key: "shop_id" },
  tables: {
    notes: {
      columns: {
        // @ts-expect-error There is no such table.
        book_id: { type: "ref", to: "book" },
        // @ts-expect-error There is no such enum.
        mood: { type: "enum", of: "moods" },
        // @ts-expect-error There is no such type.
        body: { type: "string" },
        // @ts-expect-error A decimal says how many digits it has.
        price: { type: "decimal" },
        // @ts-expect-error There is no such key.
        title: { type: "text", maximum: 3 },
        // @ts-expect-error A pattern goes with text.
        size: { type: "integer", pattern: "x" },
      },
    },
    // @ts-expect-error There is no such template.
    users: { template: "person" },
    // @ts-expect-error There is no such key.
    books: { softDelete: true },
  },
});

// @ts-expect-error There is no such model.
export const other: "tables" = (await open({ name: "x", model: "carcosa" })).name;
