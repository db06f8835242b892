// What calls about accounts take and answer with: rows of the tables that the model names.

import { defineModel, open } from "../../dist/index.js";
import type { Builtin, CreatedApiKey, Invited, Model, Row, TablesOfModel } from "../../dist/index.js";

import { same } from "./same.js";

const actor = { principal: { user: "x" }, tenant: "y" };

// A built-in model whose people belong to several organizations, which they found on their own.
type Carcosa = Builtin["carcosa"];
const carcosa = await open({ name: "x", model: "carcosa", storage: "memory" });
const session = carcosa.session(actor);

await carcosa.signUp({ user: { email: "a@example.org", name: "A" }, password: "p" });
// @ts-expect-error The name is missing.
await carcosa.signUp({ user: { email: "a@example.org" } });
// @ts-expect-error There is no such column.
await carcosa.signUp({ user: { email: "a@example.org", name: "A", colour: "red" } });
// @ts-expect-error What is stored of a password is for the core to make.
await carcosa.signUp({ user: { email: "a@example.org", name: "A", password_hash: "x" } });
// @ts-expect-error Whether an address is proven is not for people to say.
await carcosa.signUp({ user: { email: "a", name: "A", email_verified_at: new Date() } });
// @ts-expect-error People found organizations after they signed up.
await carcosa.signUp({ user: { email: "a", name: "A" }, tenant: { name: "A", slug: "a" } });
await carcosa.setPassword("id", "p");
await carcosa.setPassword({ id: "id" }, "p");
// @ts-expect-error There is no such column in the key.
await carcosa.setPassword({ email: "a@example.org" }, "p");

const club = await session.createTenant({ name: "Club", slug: "club", settings: { a: 1 } });
same<typeof club, Carcosa["organizations"]["row"]>(true);
await session.createTenant({ name: "Club", slug: "club", owner_id: "x" });
// @ts-expect-error The slug is missing.
await session.createTenant({ name: "Club" });
// @ts-expect-error Ids are for the core to make.
await session.createTenant({ id: "x", name: "Club", slug: "club" });
// @ts-expect-error That is a column of another table.
await session.createTenant({ name: "Club", slug: "club", avatar_url: "x" });
// @ts-expect-error There is no such column.
club.colour;
same<Awaited<ReturnType<typeof session.changeSlug>>, Carcosa["organizations"]["row"]>(true);
same<Awaited<ReturnType<typeof session.changeEmail>>, Carcosa["users"]["row"]>(true);

const invited = await session.invite({ email: "b@example.org", expires_at: new Date(), role: "ADMIN" });
same<typeof invited, Invited<Carcosa["invitations"]["row"]>>(true);
same<typeof invited.row.team_id, string | null>(true);
// @ts-expect-error It is missing when the invitation runs out.
await session.invite({ email: "b@example.org" });
// @ts-expect-error There is no such role.
await session.invite({ email: "b@example.org", expires_at: new Date(), role: "KING" });
// @ts-expect-error The token is for the core to make.
await session.invite({ email: "b@example.org", expires_at: new Date(), token_hash: "x" });
// @ts-expect-error Whoever is invited accepts.
await session.invite({ email: "b@example.org", expires_at: new Date(), accepted_at: null });
// @ts-expect-error The token's hash is secret.
invited.row.token_hash;
const member = await session.acceptInvitation("token");
same<typeof member, Carcosa["organization_members"]["row"]>(true);

const made = await session.createApiKey("club", {
  name: "Upload",
  project_id: "p",
  permissions: ["files:read"],
});
same<typeof made, CreatedApiKey<Carcosa["api_keys"]["row"]>>(true);
await session.createApiKey("club", { name: "Upload", project_id: "p", organization_id: "y" });
// @ts-expect-error The project is missing.
await session.createApiKey("club", { name: "Upload" });
// @ts-expect-error There is no such permission.
await session.createApiKey("club", { name: "Upload", project_id: "p", permissions: ["files:eat"] });
// @ts-expect-error The key is for the core to make.
await session.createApiKey("club", { name: "Upload", project_id: "p", key_hash: "x" });
// @ts-expect-error What is shown of the key is, too.
await session.createApiKey("club", { name: "Upload", project_id: "p", key_prefix: "x" });
const revoked = await session.revokeApiKey(made.row.id);
same<typeof revoked, Carcosa["api_keys"]["row"]>(true);
// @ts-expect-error There is no such column in the key.
await session.revokeApiKey({ name: "Upload" });

// A built-in model whose people belong to one tenant each: they found it when they sign up.
const workflow = await open({ name: "x", model: "workflow", storage: "memory" });
const user = { email: "a@example.org", name: "A" };
await workflow.signUp({ user, tenant: { name: "A", slug: "a" } });
// @ts-expect-error The slug is missing.
await workflow.signUp({ user, tenant: { name: "A" } });
// @ts-expect-error The role is not for people to say.
await workflow.signUp({ user: { ...user, role: "ADMIN" } });
// @ts-expect-error Neither is the tenant.
await workflow.signUp({ user: { ...user, tenant_id: "x" } });
// @ts-expect-error Nor whether a tenant may be used.
await workflow.signUp({ user, tenant: { name: "A", slug: "a", is_active: true } });
// @ts-expect-error Nobody founds another tenant.
await workflow.session(actor).createTenant({ name: "A", slug: "a" });
// @ts-expect-error The model has no invitations.
await workflow.session(actor).invite({ email: "b@example.org", expires_at: new Date() });
// @ts-expect-error The model has no API keys.
await workflow.session(actor).createApiKey("flow", { name: "Upload" });
// @ts-expect-error Another tenant's people may have the same ids.
await workflow.setPassword("id", "p");
await workflow.setPassword({ tenant_id: "x", id: "id" }, "p");

// A model that is a literal, with names of its own.
const model = defineModel({
  name: "choir",
  tenancy: { tenant: "choirs", key: "choir_id", user: "people", member: "singers", role: "voice" },
  enums: { voice: ["ALTO", "BASS"], right: ["sing"] },
  tables: {
    people: { template: "user", scope: "user", owner: "id", columns: { born: { type: "date" } } },
    choirs: {
      template: "tenant",
      without: ["slug"],
      soft_delete: true,
      columns: {
        conductor_id: { type: "ref", to: "people" },
        deputy_id: { type: "ref", to: "people", optional: true },
        rank: { type: "integer", default: 1, write: "never" },
      },
    },
    singers: {
      template: "membership",
      columns: { voice: { type: "enum", of: "voice", default: "ALTO" } },
    },
    calls: {
      template: "invitation",
      columns: {
        voice: { type: "enum", of: "voice" },
        pin: { type: "text", secret: true, optional: true },
        key_hash: { type: "text" },
      },
    },
    tokens: { template: "api_key", columns: { rights: { type: "enum[]", of: "right" } } },
  },
});
type Choir = TablesOfModel<typeof model>;
const choir = await open({ name: "x", model, storage: "memory" });
const singer = choir.session(actor);

await choir.signUp({ user: { email: "a@example.org", name: "A", born: "2001-01-31" } });
// @ts-expect-error The model asks for the day of birth.
await choir.signUp({ user: { email: "a@example.org", name: "A" } });
same<
  Choir["choirs"]["given"],
  {
    name: string;
    conductor_id?: string;
    deputy_id?: string | null;
    created_at?: string | Date;
    updated_at?: string | Date;
  }
>(true);
const founded = await singer.createTenant({ name: "Low" });
same<typeof founded, Choir["choirs"]["row"]>(true);
// @ts-expect-error The rank is the database's holder's to say.
await singer.createTenant({ name: "Low", rank: 2 });
// @ts-expect-error Nobody founds what is deleted.
await singer.createTenant({ name: "Low", deleted_at: null });
same<
  Choir["calls"]["given"],
  {
    choir_id?: string;
    id?: string;
    email: string;
    expires_at: string | Date;
    created_at?: string | Date;
    voice: "ALTO" | "BASS";
    key_hash: string;
  }
>(true);
const bass = { email: "b@example.org", expires_at: new Date(), voice: "BASS" } as const;
await singer.invite({ ...bass, key_hash: "x" });
// @ts-expect-error The voice is missing.
await singer.invite({ email: "b@example.org", expires_at: new Date(), key_hash: "x" });
same<Awaited<ReturnType<typeof singer.acceptInvitation>>["voice"], "ALTO" | "BASS">(true);
const token = await singer.createApiKey("low", { name: "Radio", rights: ["sing"] });
same<typeof token.row, Choir["tokens"]["row"]>(true);
// @ts-expect-error There is no such right.
await singer.createApiKey("low", { name: "Radio", rights: ["hum"] });
await singer.revokeApiKey({ id: token.row.id });

// A model without tenants has no such tables.
const notes = await open({
  name: "x",
  model: { name: "notes", tables: { notes: { columns: { body: { type: "text" } } } } },
});
// @ts-expect-error The model has no tenants.
await notes.session(actor).createTenant({ name: "A" });
same<Awaited<ReturnType<typeof notes.signUp>>["tenant"], string | undefined>(true);
// @ts-expect-error The model has no people.
await notes.signUp({ user: {} });

// Models that say nothing, and types that nobody wrote parts into, take rows of any form.
declare const given: string | Model;
const any = await open({ name: "x", model: given, storage: "memory" });
same<Awaited<ReturnType<ReturnType<typeof any.session>["createTenant"]>>, Row>(true);
await any.signUp({ user: { a: 1 }, tenant: { b: 2 } });
await any.session(actor).invite({ a: 1 });
await any.session(actor).revokeApiKey("x");
await any.setPassword({ id: "x" }, "p");
interface Tables {
  notes: { row: { id: string }; insert: { id: string }; update: { id?: string } };
}
const own = await open<Tables>({ name: "x", model: given });
const key = await own.session(actor).createApiKey("own", { a: 1 });
same<typeof key.row, Row>(true);
