// The built-in models' types, by their names alone.

import { open } from "../../dist/index.js";
import type { Builtin, BundleFiles, Database, Model, Row } from "../../dist/index.js";

import { same } from "./same.js";

const db = await open({ name: "x", model: "carcosa", storage: "memory" });
same<typeof db, Database<Builtin["carcosa"]>>(true);
const session = db.session({ principal: { user: "x" }, tenant: "y" });

const team = await session.insert("teams", { name: "Core", slug: "core" });
same<typeof team.slug, string>(true);
// @ts-expect-error The slug is missing.
await session.insert("teams", { name: "Core" });
// @ts-expect-error There is no such table.
await session.list("team");
await session.list("files", { order: ["created_at desc"], limit: 10 });

// A model that comes from somewhere says nothing: its tables may have any form.
declare const given: string | Model | BundleFiles;
const any = await open({ name: "x", model: given, storage: "memory" });
same<typeof any, Database>(true);
const row = await any.owner().insert("whatever", { a: 1 });
same<typeof row, Row>(true);
await any.owner().list("whatever", { filter: { a: { gte: 3 } }, order: ["a desc"] });

// Types from elsewhere are said.
interface Tables {
  notes: { row: { id: string }; insert: { id: string }; update: { id?: string } };
}
const notes = await open<Tables>({ name: "x", model: given });
same<Awaited<ReturnType<ReturnType<typeof notes.owner>["get"]>>, { id: string } | null>(true);
// @ts-expect-error There is no such table.
await notes.owner().get("note", "x");
