// Literals written into the call that opens them.

import { open } from "../../dist/index.js";
import type { Model } from "../../dist/index.js";

import { same } from "./same.js";

const inline = await open({
  name: "x",
  storage: "memory",
  model: {
    name: "inline",
    enums: { mood: ["GOOD", "BAD"] },
    tables: { notes: { columns: { mood: { type: "enum", of: "mood", optional: true } } } },
  },
});
const note = await inline.owner().insert("notes", { mood: "BAD" });
same<typeof note, { id: string; mood: "GOOD" | "BAD" | null }>(true);
// @ts-expect-error The mood is none of the enum's.
await inline.owner().insert("notes", { mood: "SAD" });

const bundled = await open({
  name: "x",
  model: {
    model: { name: "bundled", tables: { notes: { columns: { body: { type: "text" } } } } },
    up: { "V1__init.sql": "CREATE TABLE …" },
  },
});
same<Awaited<ReturnType<ReturnType<typeof bundled.owner>["insert"]>>, { id: string; body: string }>(
  true,
);

const constant = {
  name: "constant",
  tables: { notes: { columns: { body: { type: "text" }, at: { type: "timestamp[]" } } } },
} as const satisfies Model;
const opened = await open({ name: "x", model: constant });
await opened.owner().insert("notes", { body: "x", at: [new Date(), "2025-01-01T00:00:00Z"] });
// @ts-expect-error There is no such table.
await opened.owner().insert("note", { body: "x" });
