// Sessions: signing in, what one sees and may do, the audit trail and the master key.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import { FreeholdError, open } from "@freehold/web";

import { HARNESS, load, openDatabase, openHarness, within } from "./harness.mjs";
import { useBrowser } from "./support.mjs";

/** Passes where a call is refused with a code. */
function refused(call, code) {
  return assert.rejects(call, (error) => {
    assert.ok(error instanceof FreeholdError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

describe("in a page, a session", () => {
  const { browser, site } = useBrowser(HARNESS);
  let page;

  before(async () => {
    page = await openHarness(browser.context, site.address);
    const options = { name: "sessions", model: "workflow", storage: "opfs" };
    await openDatabase(page, options);
    await within(page, () => db.init({ seed: "development" }));
  });

  it("is for a person who signed in, and shows what is theirs", async () => {
    const seen = await within(page, async () => {
      const credentials = { email: "demo@example.com", password: "demo123" };
      const actor = await db.authenticate(credentials);
      const session = db.session(actor);
      const { rows } = await session.list("permissions", { limit: 1000 });
      const { rows: counted } = await session.sql("SELECT count(*) FROM permissions");
      return {
        actor,
        role: await session.role(),
        users: rows.map((row) => row.user_id),
        counted: counted[0][0],
        all: await db.owner().count("permissions"),
      };
    });
    const { user } = seen.actor.principal;
    assert.equal(seen.role, "USER");
    assert.ok(seen.users.length > 0 && seen.users.length < seen.all, JSON.stringify(seen));
    assert.deepEqual([...new Set(seen.users)], [user]);
    assert.equal(seen.counted, seen.users.length);
  });

  it("answers with a million rows, or says that they are too large, and goes on", async () => {
    const found = await within(page, async () => {
      const credentials = { email: "admin@example.com", password: "admin123" };
      const session = db.session(await db.authenticate(credentials));
      const numbers = "SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000";
      const rows = (columns) =>
        `WITH RECURSIVE numbers(n) AS (${numbers}) SELECT ${columns} FROM numbers`;
      const refused = await session
        .sql(rows("n, printf('%0500d', n)"))
        .catch((error) => [error instanceof freehold.FreeholdError, error.code]);
      const { rows: all } = await session.sql(rows("n"));
      return { refused, length: all.length, last: all.at(-1)[0], role: await session.role() };
    });
    const answered = { length: 1_000_000, last: 1_000_000, role: "ADMIN" };
    assert.deepEqual(found, { refused: [true, "too_large"], ...answered });
  });

  it("refuses what the policies don't let them do", async () => {
    const codes = await within(page, async () => {
      const code = (call) => call.then(String, (error) => error.code);
      const email = "demo@example.com";
      const session = db.session(await db.authenticate({ email, password: "demo123" }));
      const [workflow] = (await session.list("workflows")).rows;
      const { principal } = session.actor;
      const permission = { user_id: principal.user, resource: "*", action: "*" };
      const nobody = { principal: { user: workflow.id }, tenant: session.actor.tenant };
      return [
        await code(session.update("workflows", workflow.id, { name: "Mine" })),
        await code(session.insert("permissions", permission)),
        await code(session.sql("UPDATE workflows SET name = 'Mine'")),
        await code(session.sql("SELECT password_hash FROM users")),
        await code(db.session(nobody).count("workflows")),
        await code(db.authenticate({ email, password: "wrong" })),
      ];
    });
    const expected = ["denied", "denied", "denied", "sql", "session_ended", "bad_credentials"];
    assert.deepEqual(codes, expected);
  });

  it("leaves a trace of everything, also after the page was loaded again", async () => {
    const changed = await within(page, async () => {
      const credentials = { email: "admin@example.com", password: "admin123" };
      const origin = { ipAddress: "192.0.2.7", userAgent: "test" };
      const session = db.session(await db.authenticate({ ...credentials, origin }));
      const [workflow] = (await session.list("workflows")).rows;
      await session.update("workflows", workflow.id, { description: "Changed." });
      await db.close();
      return { id: workflow.id, user: session.actor.principal.user };
    });
    await load(page);
    await openDatabase(page, { name: "sessions", model: "workflow", storage: "opfs" });
    const { page: audit, findings, doctor } = await within(
      page,
      async (id) => ({
        page: await db.audit({ table: "workflows", resourceId: id, limit: 1 }),
        findings: await db.verifyAudit(),
        doctor: await db.doctor(),
      }),
      changed.id,
    );
    const [entry] = audit.entries;
    assert.equal(entry.action, "update");
    assert.equal(entry.user, changed.user);
    assert.equal(entry.ipAddress, "192.0.2.7");
    assert.equal(entry.changes.after.description, "Changed.");
    assert.deepEqual([findings, doctor], [[], []]);
  });
});

describe("the package", () => {
  const person = (name) => ({
    user: { email: `${name}@example.org`, name },
    password: "correct horse",
  });

  it("signs people up, lets them found a tenant, invite each other and make keys", async () => {
    const db = await open({ name: "accounts", model: "carcosa", storage: "memory" });
    await db.init();
    const ann = await db.signUp(person("ann"));
    const ben = await db.signUp(person("ben"));
    await refused(db.signUp(person("ann")), "unavailable");
    const alone = db.session(ann);
    assert.equal(await alone.role(), null);
    const club = await alone.createTenant({ name: "Club", slug: "club" });
    const session = db.session({ ...ann, tenant: club.id });
    assert.equal(await session.role(), "OWNER");

    const expires_at = "2099-01-01T00:00:00.000Z";
    const { token, row } = await session.invite({ email: "ben@example.org", expires_at });
    assert.equal("token_hash" in row, false);
    await refused(db.session(ann).acceptInvitation(token), "bad_credentials");
    const member = await db.session(ben).acceptInvitation(token);
    assert.equal(member.user_id, ben.principal.user);
    const tenant = "club";
    const signedIn = await db.authenticate({
      email: "ben@example.org",
      password: "correct horse",
      tenant,
    });
    assert.deepEqual(signedIn, { ...ben, tenant: club.id });

    const team = await session.insert("teams", { name: "Core", slug: "core" });
    const bucket = await session.insert("buckets", {
      owner_team_id: team.id,
      name: "Files",
      bucket_name: "club-files",
      provider: "MINIO",
      region: "local",
    });
    const project = { team_id: team.id, bucket_id: bucket.id, name: "Site", slug: "site" };
    const { id: project_id } = await session.insert("projects", project);
    const made = await session.createApiKey("club", {
      name: "Upload",
      project_id,
      permissions: ["files:read"],
    });
    const program = await db.authenticateKey(made.key);
    assert.deepEqual(program, { principal: { apiKey: made.row.id }, tenant: club.id });
    assert.equal(await db.session(program).count("files"), 0);
    await session.revokeApiKey(made.row.id);
    await refused(db.session(program).count("files"), "session_ended");

    await session.changeSlug("society");
    await refused(session.changePassword({ old: "wrong", new: "battery" }), "bad_credentials");
    await session.changePassword({ old: "correct horse", new: "battery" });
    await session.changeEmail({ email: "anna@example.org", password: "battery" });
    await db.setPassword(ann.principal.user, "staple");
    const anna = { email: "anna@example.org", password: "staple", tenant: "society" };
    assert.deepEqual((await db.authenticate(anna)).principal, ann.principal);
    await db.close();
  });

  it("runs several requests as one transaction, or none of them", async () => {
    const db = await open({ name: "transaction", model: "workflow", storage: "memory" });
    await db.init({ seed: "development" });
    const credentials = { email: "admin@example.com", password: "admin123" };
    const session = db.session(await db.authenticate(credentials));
    const before = await session.count("workflows");
    const insert = (name) => ({
      method: "insert",
      params: { table: "workflows", row: { name, definition: {} } },
    });
    await refused(session.transaction([insert("A"), insert("B"), insert("A")]), "invalid");
    assert.equal(await session.count("workflows"), before);
    const count = { method: "count", params: { table: "workflows" } };
    const answers = await session.transaction([insert("A"), insert("B"), count]);
    assert.equal(answers[2], before + 2);
    await db.close();
  });

  it("keeps versions of rows, compares them and goes back to one", async () => {
    const db = await open({ name: "versions", model: "workflow", storage: "memory" });
    await db.init({ seed: "development" });
    const credentials = { email: "admin@example.com", password: "admin123" };
    const session = db.session(await db.authenticate(credentials));
    const { id } = await session.insert("workflows", { name: "A", definition: { at: 1 } });
    await session.update("workflows", id, { definition: { at: 2 } });
    const versions = await session.history("workflows", id);
    assert.deepEqual(versions.map(({ number }) => number), [1, 2]);
    const [difference] = await session.diff("workflows", id, { from: 1, to: 2 });
    assert.deepEqual([difference.before, difference.after], [{ at: 1 }, { at: 2 }]);
    const back = await session.rollback("workflows", id, 1);
    assert.deepEqual(back.definition, { at: 1 });
    assert.equal((await session.history("workflows", id)).length, 3);
    await db.close();
  });

  it("opens encrypted columns with the master key alone", async () => {
    const masterKey = Uint8Array.from({ length: 32 }, (_, at) => at);
    const options = { name: "keys", model: "vibecraft", storage: "memory" };
    const db = await open({ ...options, masterKey });
    await db.init({ seed: "development" });
    const owner = db.owner();
    const [user] = (await owner.list("users")).rows;
    const provider = { user_id: user.id, provider: "OPENAI", name: "mine" };
    const stored = await owner.insert("ai_providers", { ...provider, encrypted_api_key: "sk-1" });
    assert.equal(stored.encrypted_api_key, "sk-1");
    const seen = await db.session({ principal: { user: user.id } }).get("ai_providers", stored.id);
    assert.equal(seen.encrypted_api_key, "sk-1");
    const rotated = await db.rotateKeys({ user: user.id });
    assert.deepEqual(rotated, { keys: 1, values: 1, versions: 0 });
    await db.shred({ user: user.id });
    const locked = await owner.get("ai_providers", stored.id);
    assert.deepEqual(locked.encrypted_api_key, { $locked: true });
    await db.close();

    await refused(open({ ...options, masterKey: masterKey.slice(1) }), "invalid_argument");
    const keyless = await open(options);
    await keyless.init({ seed: "development" });
    const [other] = (await keyless.owner().list("users")).rows;
    const row = { ...provider, user_id: other.id, encrypted_api_key: "sk-1" };
    await refused(keyless.owner().insert("ai_providers", row), "encryption_unavailable");
    await keyless.close();
  });
});
