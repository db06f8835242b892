// The demonstration page: pick a model, see it migrate, edit with messages, reload, find it again.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { damage, openDatabase, openHarness, within } from "./harness.mjs";
import { useBrowser } from "./support.mjs";
import {
  STUDIO,
  cell,
  cells,
  createDatabase,
  field,
  fill,
  messages,
  openRow,
  openStudio,
  openTable,
  save,
} from "./studio.mjs";

/** For each model a row of its development seeds, a value that is wrong in it, and a right one. */
const EDITS = {
  valuecanvas: {
    table: "users",
    row: "Mia Member",
    column: "email",
    wrong: ["no address", "invalid_format"],
    right: "mia@demo-org.com",
  },
  stratibreak: {
    table: "projects",
    column: "budget",
    wrong: ["-1", "too_small"],
    right: "250000.50",
  },
  vibecraft: {
    table: "users",
    column: "timezone",
    wrong: ["?", "invalid_format"],
    right: "Asia/Tokyo",
  },
  carcosa: {
    table: "buckets",
    column: "bucket_name",
    wrong: ["No Such Bucket", "pattern_mismatch"],
    right: "renamed-bucket",
  },
  workflow: {
    table: "tenants",
    column: "slug",
    wrong: ["Not a slug", "invalid_format"],
    right: "renamed",
  },
};

describe("the demonstration page", () => {
  const { browser, site } = useBrowser(STUDIO);

  const open = (hash) => openStudio(browser.context, site.address, hash);

  /** The same, once it shows rows. */
  async function openRows(hash) {
    const page = await open(hash);
    await page.locator(".rows").waitFor();
    return page;
  }

  async function close(page) {
    assert.deepEqual(page.errors, []);
    await page.close();
  }

  for (const [model, { table, column, wrong, right, row }] of Object.entries(EDITS)) {
    it(`has ${model}: migrates, seeds, lists, edits and finds it again`, async () => {
      const page = await open();
      await createDatabase(page, model);
      const states = await page
        .locator(".step")
        .evaluateAll((steps) => steps.map((step) => step.dataset.state));
      assert.ok(states.length >= 2 && states.every((state) => state === "done"), String(states));
      await page.getByRole("button", { name: "Browse the data" }).click();

      const count = await openTable(page, table);
      const labels = await page.locator(".row-open").allInnerTexts();
      assert.ok(count > 0);
      assert.equal(labels.length, count);

      const label = row ?? labels[0];
      await openRow(page, label);
      await fill(page, column, wrong[0]);
      await page.keyboard.press("Tab");
      await field(page, column).locator(".message").waitFor();
      assert.deepEqual(await messages(page, column), [wrong[1]], "when the field is left");
      await save(page);
      assert.deepEqual(await messages(page, column), [wrong[1]], "when it is saved anyway");

      await fill(page, column, right);
      await save(page);
      await page.locator(".drawer").waitFor({ state: "detached" });
      await cell(page, column, right).waitFor();

      await page.reload();
      await cell(page, column, right).waitFor();
      await page.goto(`${site.address}/#/`);
      await page.locator(`[data-model="${model}"]`, { hasText: "Kept here" }).waitFor();
      await close(page);
    });
  }

  it("shows and writes what whoever is chosen may see and write", async () => {
    const page = await open("#/memory/carcosa");
    await page.getByRole("button", { name: "Create the database" }).click();
    await page.getByText("Ready.").waitFor();
    await page.getByRole("button", { name: "Browse the data" }).click();
    const choice = page.getByRole("combobox", { name: "Act as" });
    const count = () => page.locator('.side-link[data-table="projects"] .side-count').innerText();
    assert.equal(await openTable(page, "projects"), 2);
    await choice.selectOption({ label: "mark@acme.example.com · Acme Corp" });
    await page.locator(".row-open", { hasText: "Website" }).waitFor({ state: "detached" });
    await page.locator(".row-open").first().waitFor();
    assert.deepEqual([await count(), await page.locator(".row-open").count()], ["1", 1]);
    await openTable(page, "buckets");
    await openRow(page, (await page.locator(".row-open").allInnerTexts())[0]);
    await fill(page, "name", "Mine");
    await save(page);
    await page.getByText("not allowed to update").first().waitFor();
    await page.keyboard.press("Escape");
    await choice.selectOption({ label: "Owner: everything" });
    await page.locator('.side-link[data-table="projects"]', { hasText: "2" }).waitFor();
    await close(page);
  });

  it("shares the database with another tab, and goes on when that tab is gone", async () => {
    const first = await openRows("#/kept/workflow/users");
    const second = await open("#/kept/workflow/users");
    const count = await openTable(second, "users");
    await first.close();
    await second.reload();
    await second.locator(".rows").waitFor();
    assert.equal(await openTable(second, "users"), count);
    await close(second);
  });

  it("shows what another tab writes, where it belongs, and stays where it is", async () => {
    const writer = await openRows("#/kept/vibecraft/users");
    const reader = await openRows("#/kept/vibecraft/users?order=name&filter=timezone%3Aeq%3AUTC");
    const [label] = await cells(reader, "name");
    const first = reader.locator(".row-open").first();
    await first.focus();
    // Whatever was made anew would not have it.
    await reader.evaluate(() => {
      for (const row of document.querySelectorAll(".rows tbody tr")) row.isOfBefore = true;
    });
    const made = (page) =>
      page.locator(".rows tbody tr").evaluateAll((rows) => rows.map((row) => !row.isOfBefore));
    const countOf = (page, count) =>
      page
        .locator('[data-table="users"] .side-count', { hasText: new RegExp(`^${count}$`) })
        .waitFor();
    const before = Number(await writer.locator('[data-table="users"] .side-count').innerText());
    const shown = await cells(reader, "name");

    const add = async (name, timezone) => {
      await writer.getByRole("button", { name: "New row" }).click();
      await fill(writer, "name", name);
      await fill(writer, "email", `${name.toLowerCase()}@example.org`);
      await fill(writer, "timezone", timezone);
      await save(writer);
      await writer.locator(".drawer").waitFor({ state: "detached" });
      await cell(writer, "name", name).waitFor();
    };
    await add("Zoe", "UTC");
    await cell(reader, "name", "Zoe").waitFor();
    assert.deepEqual(await cells(reader, "name"), [...shown, "Zoe"]);
    assert.deepEqual(await made(reader), [...shown.map(() => false), true]);
    assert.ok(await first.evaluate((button) => button === document.activeElement), label);
    await countOf(reader, before + 1);

    await openRow(writer, "Zoe");
    await fill(writer, "name", "Aaa");
    await save(writer);
    await cell(reader, "name", "Aaa").waitFor();
    assert.deepEqual(await cells(reader, "name"), ["Aaa", ...shown], "it moved by the order");

    // A row that the filter does not keep stays away, and counts.
    await add("Yan", "Asia/Tokyo");
    await countOf(reader, before + 2);
    assert.deepEqual(await cells(reader, "name"), ["Aaa", ...shown]);

    await openRow(writer, "Aaa");
    await writer.getByRole("button", { name: "Delete…" }).click();
    await writer.getByRole("button", { name: "Delete", exact: true }).click();
    await countOf(reader, before + 1);
    await cell(reader, "name", "Aaa").waitFor({ state: "detached" });
    assert.deepEqual(await cells(reader, "name"), shown);
    await close(reader);
    await close(writer);
  });

  it("calls what a row refers to by the name that another tab gave it", async () => {
    const writer = await openRows("#/kept/workflow/tenants");
    const reader = await openRows("#/kept/workflow/users");
    const [name] = await cells(writer, "name");
    const referring = (label) =>
      reader.locator('.rows [data-column="tenant_id"] .ref', { hasText: label });
    const users = await referring(name).count();
    assert.ok(users > 0, name);
    await openRow(writer, name);
    await fill(writer, "name", "Renamed elsewhere");
    await save(writer);
    await referring("Renamed elsewhere").nth(users - 1).waitFor();
    assert.equal(await referring(name).count(), 0);
    await close(reader);
    await close(writer);
  });

  it("listens to no table that it has left", async () => {
    const page = await open();
    await page.addInitScript(() => {
      const open = (globalThis.subscriptions = new Set());
      const { postMessage } = Worker.prototype;
      Worker.prototype.postMessage = function (message, ...rest) {
        const { kind, subscription, text } = message.ask ?? {};
        if (kind === "subscribe") open.add(subscription);
        if (kind === "unsubscribe") open.delete(text);
        return postMessage.call(this, message, ...rest);
      };
    });
    await page.reload();
    await page.goto(`${site.address}/#/memory/workflow`);
    await page.getByRole("button", { name: "Create the database" }).click();
    await page.getByRole("button", { name: "Browse the data" }).click();
    const listening = () => page.evaluate(() => globalThis.subscriptions.size);
    const tables = await page.locator(".side-count").count();
    assert.equal(await listening(), tables, "the counts at the side");
    for (const table of ["tenants", "users", "workflows"]) {
      await openTable(page, table);
      await page.locator("thead [data-column=created_at] button").click();
      await page.locator("[data-column=created_at][aria-sort=ascending]").waitFor();
      const references = await page
        .locator(".rows td:has(.ref)")
        .evaluateAll((found) => new Set(found.map(({ dataset }) => dataset.column)).size);
      assert.equal(references > 0, table !== "tenants", table);
      assert.equal(await listening(), tables + 1 + references, table);
    }
    await page.getByRole("link", { name: "Overview" }).click();
    await page.locator(".grid").waitFor({ state: "detached" });
    assert.equal(await listening(), tables);
    await page.getByRole("link", { name: "Freehold" }).click();
    await page.locator("[data-model]").first().waitFor();
    assert.equal(await listening(), 0);
    await close(page);
  });

  it("keeps nothing of a database in memory, and says so", async () => {
    const page = await open("#/memory/workflow");
    await page.getByRole("button", { name: "Create the database" }).click();
    await page.getByRole("button", { name: "Browse the data" }).click();
    await page.locator("[data-storage=memory]").waitFor();
    assert.ok((await openTable(page, "users")) > 0);
    await page.reload();
    await page.getByRole("button", { name: "Create the database" }).waitFor();
    await close(page);
  });

  it("offers memory where the browser keeps nothing", async () => {
    const address = site.address.replace("127.0.0.1", "insecure.test");
    const page = await openStudio(browser.context, address, "#/kept/workflow");
    await page.getByRole("button", { name: "Use memory instead" }).click();
    await page.getByRole("button", { name: "Create the database" }).click();
    await page.getByText("Ready.").waitFor();
    await close(page);
  });

  it("inserts, deletes and brings a row back", async () => {
    const page = await open("#/memory/workflow");
    await page.getByRole("button", { name: "Create the database" }).click();
    await page.getByRole("button", { name: "Browse the data" }).click();
    const count = await openTable(page, "tenants");

    await page.getByRole("button", { name: "New row" }).click();
    await save(page);
    assert.deepEqual(await messages(page, "name"), ["required"]);
    assert.deepEqual(await messages(page, "slug"), ["required"]);
    await fill(page, "name", "Umbrella");
    await fill(page, "slug", "umbrella");
    await save(page);
    await page.locator(".drawer").waitFor({ state: "detached" });
    await cell(page, "name", "Umbrella").waitFor();

    await openRow(page, "Umbrella");
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByText("No other row refers to it.").waitFor();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.locator(".drawer").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("button", { name: "Umbrella", exact: true }).waitFor();
    const counted = { hasText: new RegExp(`^${count + 1}$`) };
    await page.locator('.side-link[data-table="tenants"] .side-count', counted).waitFor();
    await close(page);
  });

  it("says what goes along with a row before it is deleted", async () => {
    const page = await open("#/memory/workflow");
    await page.getByRole("button", { name: "Create the database" }).click();
    await page.getByRole("button", { name: "Browse the data" }).click();
    await openTable(page, "tenants");
    await page.locator(".row-open").first().click();
    await page.getByRole("button", { name: "Delete…" }).click();
    const users = page.locator(".confirm-body li", { hasText: "in Users" });
    assert.match(await users.innerText(), /2 in Users: deleted along/);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.keyboard.press("Escape");
    await close(page);
  });

  it("sorts, finds, filters and pages, and an address brings all of it back", async () => {
    const page = await open("#/memory/workflow");
    await page.getByRole("button", { name: "Create the database" }).click();
    await page.getByRole("button", { name: "Browse the data" }).click();
    await openTable(page, "users");
    const head = page.locator("thead [data-column=email] button");
    await head.click();
    await page.locator("[data-column=email][aria-sort=ascending]").waitFor();
    const up = await cells(page, "email");
    await head.click();
    await page.locator("[data-column=email][aria-sort=descending]").waitFor();
    assert.deepEqual(await cells(page, "email"), up.toReversed());

    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByLabel("Column").selectOption("role");
    await page.getByLabel("Value").selectOption("ADMIN");
    await page.getByRole("button", { name: "Add filter" }).click();
    await page.locator(".chip").waitFor();
    await page.locator(".pager-range", { hasText: "1 row" }).waitFor();
    assert.deepEqual(await cells(page, "role"), ["ADMIN"]);
    assert.match(page.url(), /order=email\+desc&filter=role%3Aeq%3AADMIN/);

    await page.getByRole("searchbox").fill("nobody is called so");
    await page.getByText("No row matches.").waitFor();
    await close(page);
  });

  it("goes through pages and back", async () => {
    const harness = await openHarness(browser.context, `${site.address}/harness`);
    await openDatabase(harness, { name: "vibecraft", model: "vibecraft" });
    await within(harness, async () => {
      await db.init();
      const names = Array.from({ length: 120 }, (_, at) => `Person ${String(at).padStart(3, "0")}`);
      const rows = names.map((name, at) => ({ name, email: `person${at}@example.org` }));
      await db.reset();
      await db.owner().insertMany("users", rows);
    });

    const page = await open("#/kept/vibecraft/users?order=name");
    const shown = (text) => page.locator(".pager-range", { hasText: text }).waitFor();
    await shown("1–50 of 120");
    await page.getByRole("button", { name: "Next" }).click();
    await shown("51–100 of 120");
    await page.getByRole("button", { name: "Next" }).click();
    await shown("101–120 of 120");
    assert.ok(await page.getByRole("button", { name: "Next" }).isDisabled());
    assert.equal((await cells(page, "name"))[0], "Person 100");
    await page.getByRole("button", { name: "Previous" }).click();
    await shown("51–100 of 120");
    assert.equal((await cells(page, "name"))[0], "Person 050");
    await page.getByRole("searchbox").fill("Person 11");
    await page.locator(".pager-range", { hasText: "10 rows" }).waitFor();

    // The page that is shown has the last rows, and they go.
    await page.getByRole("searchbox").fill("");
    for (const range of ["1–50", "51–100", "101–120"]) {
      await shown(`${range} of 120`);
      if (range !== "101–120") await page.getByRole("button", { name: "Next" }).click();
    }
    await within(harness, () => db.owner().sql("DELETE FROM users WHERE name >= 'Person 100'"));
    await shown("51–100 of 100");
    assert.equal((await cells(page, "name"))[0], "Person 050");
    assert.ok(await page.getByRole("button", { name: "Next" }).isDisabled());
    await close(page);
    await harness.close();
  });

  it("starts over when asked twice", async () => {
    const page = await open("#/memory/carcosa");
    await page.getByRole("button", { name: "Create the database" }).click();
    await page.getByRole("button", { name: "Browse the data" }).click();
    await page.getByRole("button", { name: "Start over…" }).click();
    await page.getByLabel("Start with").selectOption({ label: "Empty tables" });
    await page.getByRole("button", { name: "Start over", exact: true }).click();
    await page.getByText("Everything was made anew.").waitFor();
    assert.equal(await openTable(page, "teams"), 0);
    await page.getByText("There are no rows yet.").waitFor();
    await close(page);
  });

  it("saves what is there of a damaged database, and restores a backup", async () => {
    const harness = await openHarness(browser.context, `${site.address}/harness`);
    await within(harness, async () => {
      await freehold.whenFree("workflow");
      await freehold.removeDatabase("workflow");
    });
    const page = await open();
    await createDatabase(page, "workflow");
    await page.getByRole("button", { name: "Browse the data" }).click();
    const before = await openTable(page, "workflows");
    await page.locator(".side-link").first().click();
    const saved = async (button) => {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: button }).click(),
      ]);
      return download;
    };
    const download = await saved("Download a backup");
    const backup = await download.path();
    const address = page.url();
    await page.goto("about:blank");
    await within(harness, () => freehold.whenFree("workflow"));
    await damage(harness, "workflow", { at: 0, bytes: Array(4096).fill(0) });
    await harness.close();

    await page.goto(address);
    await page.getByRole("heading", { name: "The database is damaged" }).waitFor();
    const rescued = await saved("Save what is there");
    assert.match(rescued.suggestedFilename(), /^workflow-.*\.db$/);
    await page.locator('input[type="file"]').setInputFiles(backup);
    assert.equal(await openTable(page, "workflows"), before);
    await close(page);
  });

  it("takes a model of one's own, and says what is wrong with one", async () => {
    const page = await open("#/own");
    const text = page.getByLabel("The model, TOML or JSON");
    await page.getByText("A sound model of 2 tables.").waitFor();
    const sound = await text.inputValue();
    await text.fill(sound.replace('to = "books"', 'to = "boxes"'));
    await page.locator(".finding-list", { hasText: "tables.notes.columns.book_id" }).waitFor();
    assert.ok(await page.getByRole("button", { name: "Use this model" }).isDisabled());
    await text.fill(sound);
    await page.getByText("A sound model of 2 tables.").waitFor();
    await page.getByRole("button", { name: "Use this model" }).click();
    await page.getByRole("button", { name: "Create the database" }).click();
    await page.getByRole("button", { name: "Browse the data" }).click();
    await openTable(page, "books");
    await page.reload();
    await page.getByText("There are no rows yet.").waitFor();
    await close(page);
  });
});
