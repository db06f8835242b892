// Validation in a page's own thread and in a worker of the page's own, without a database.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { HARNESS, openHarness, within } from "./harness.mjs";
import { root, useBrowser } from "./support.mjs";

const FOLDER = join(root, "tests/validation");
const NOW_MS = 1_760_000_000_000;

const files = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".tsv"))
  .map((file) => readFileSync(join(FOLDER, file), "utf8").trimEnd().split("\n"));

/** What a page that checks a form does, without anything of a database. */
const model = {
  name: "notebook",
  tables: { notes: { columns: { title: { type: "text", min: 1, max: 80 } } } },
};

describe("validation in a page", () => {
  const { browser, site } = useBrowser(HARNESS);

  /** The JSON that the core makes of the model, as a build keeps it. */
  async function checkedModel(page) {
    const { model: checked } = await within(
      page,
      (literal) => globalThis.freehold.checkModel(literal),
      model,
    );
    return checked;
  }

  it("answers at once, and loads nothing but its own file", async () => {
    const first = await openHarness(browser.context, site.address);
    const checked = await checkedModel(first);
    await first.close();

    const page = await openHarness(browser.context, site.address);
    const loaded = [];
    page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
    const found = await within(
      page,
      async (checked) => {
        const { validator } = await import("/web/validate.js");
        const { insert } = (await validator(checked)).table("notes");
        // Not a promise: a field can show it while one types.
        const { value } = insert["~standard"].validate({ title: "Hello" });
        return { value, issues: insert["~standard"].validate({ title: "" }).issues };
      },
      checked,
    );
    assert.deepEqual(found.value, { title: "Hello" });
    const [{ path, code, params }] = found.issues;
    assert.deepEqual([path, code, params], [["title"], "too_short", { min: 1 }]);
    const wasm = loaded.filter((path) => path.endsWith(".wasm"));
    assert.deepEqual(wasm, ["/web/freehold_validate_bg.wasm"]);
    await page.close();
  });

  it("takes a literal, which the core checks first", async () => {
    const page = await openHarness(browser.context, site.address);
    const codes = await within(
      page,
      async (literal) => {
        const { validator } = await import("/web/validate.js");
        const { insert } = (await validator(literal)).table("notes");
        return insert.validate({ body: 1 }).map(({ path, code }) => `${path}: ${code}`);
      },
      model,
    );
    assert.deepEqual(codes, ["body: unknown_field", "title: required"]);
    await page.close();
  });

  it("works in a worker too", async () => {
    const page = await openHarness(browser.context, site.address);
    const issues = await within(
      page,
      (checked) => {
        const module = new URL("/web/validate.js", location.href);
        const text = `
          import { validator } from ${JSON.stringify(module.href)};
          onmessage = async ({ data }) => {
            const { insert } = (await validator(data)).table("notes");
            postMessage(insert.validate({ title: "" }));
          };`;
        const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
        const worker = new Worker(url, { type: "module" });
        return new Promise((answered, failed) => {
          worker.onmessage = ({ data }) => answered(data);
          worker.onerror = failed;
          worker.postMessage(checked);
        });
      },
      await checkedModel(page),
    );
    assert.deepEqual(issues.map(({ code }) => code), ["too_short"]);
    await page.close();
  });

  it("says when its file can't be loaded, and loads it the next time", async () => {
    const page = await openHarness(browser.context, site.address);
    const checked = await checkedModel(page);
    const ask = async (checked) => {
      const { validator } = await import("/web/validate.js");
      return (await validator(checked)).tables;
    };
    await page.route("**/freehold_validate_bg.wasm", (route) => route.abort());
    await assert.rejects(within(page, ask, checked), { code: "io" });
    await page.unroute("**/freehold_validate_bg.wasm");
    assert.deepEqual(await within(page, ask, checked), ["notes"]);
    await page.close();
  });

  it("gives the native issues, byte for byte", async () => {
    assert.ok(files.length >= 7);
    const page = await openHarness(browser.context, site.address);
    for (const [model, ...lines] of files) {
      const found = await within(
        page,
        async ({ model, lines, nowMs }) => {
          const { default: init, Rules } = await import("/web/freehold_validate.js");
          await init();
          const rules = Rules.compile(model);
          return lines.map((line) => {
            const [mode, table, row, current, actor] = line.split("\t");
            return mode === "insert"
              ? rules.insert(table, row, actor, nowMs)
              : rules.update(table, row, current, actor, nowMs);
          });
        },
        { model, lines, nowMs: NOW_MS },
      );
      lines.forEach((line, at) => assert.equal(found[at], line.split("\t")[5], line));
    }
    await page.close();
  });
});
