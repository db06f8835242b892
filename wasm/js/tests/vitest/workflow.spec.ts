// An app's own tests, as Vitest runs them: a database of its own for each.

import { testDatabases } from "@freehold/web/testing";
import { describe, expect, it } from "vitest";

const databases = testDatabases({ model: "workflow", seed: "development" });

describe("workflows", () => {
  it("are seen by the people of their tenant, and not changed by all of them", async () => {
    const db = await databases.fresh();
    const credentials = { email: "demo@example.com", password: "demo123" };
    const session = db.session(await db.authenticate(credentials));
    const [workflow] = (await session.list("workflows", { order: ["name"] })).rows;
    expect(workflow?.name).toBeTypeOf("string");
    const renamed = session.update("workflows", workflow!.id, { name: "Mine" });
    await expect(renamed).rejects.toMatchObject({ code: "denied" });
    await db.close();
  });

  it.each(["one", "other"])("of another test are not there (%s)", async (slug) => {
    await using db = await databases.fresh();
    expect(await db.owner().count("tenants")).toBe(1);
    await db.owner().insert("tenants", { name: "Acme", slug });
  });
});
