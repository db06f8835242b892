// The package as apps get it: packed, unbundled, through Vite and webpack, and in Node; without
// special headers, and without what an app does not use.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";

import { models } from "@freehold/web";
import * as vite from "vite";
import webpack from "webpack";

import { root, serve, startBrowser } from "./support.mjs";

const run = promisify(execFile);

/**
 * An app that shows how many rows it finds after having added one, from load to load, and what
 * validation alone finds wrong with another.
 */
const APP = `
  import { defineModel, open } from "@freehold/web";
  import { validator } from "@freehold/web/validate";
  const model = defineModel({
    name: "notebook",
    tables: { notes: { columns: { body: { type: "text", max: 80 } } } },
  });
  const db = await open({ name: "notebook", model });
  await db.init();
  await db.owner().insert("notes", { body: "Hello" });
  const builtIn = await open({ name: "built-in", model: "workflow", storage: "memory" });
  await builtIn.init({ seed: "development" });
  const seeded = await builtIn.owner().count("users");
  const [issue] = (await validator(model)).table("notes").insert.validate({ body: 5 });
  const rows = await db.owner().count("notes");
  document.title = \`\${rows} \${seeded} \${issue.code} \${crossOriginIsolated}\`;
`;

/** Uses what needs neither a worker nor the core. */
const SMALL = `
  import { defineModel } from "@freehold/web";
  console.log(defineModel({ name: "x", tables: {} }));
`;

/** An app in Node: what it writes to its console is `2 1 4`. */
const NODE_APP = `
  import { open } from "@freehold/web";
  import { testDatabases } from "@freehold/web/testing";
  const db = await open({ name: "x", model: "workflow", storage: "memory" });
  await db.init({ seed: "development" });
  const users = await db.owner().list("users", { columns: ["email"] });
  const email: string | undefined = users.rows[0]?.email;
  const fresh = await testDatabases({ model: "workflow" }).fresh();
  await fresh.owner().insert("tenants", { name: "Acme", slug: email ? "acme" : "none" });
  const tenants = await fresh.owner().list("tenants");
  console.log(users.rows.length, tenants.rows.length, tenants.rows[0]!.slug.length);
  await fresh.close();
  await db.close();
`;

const page = (scripts) => `<!doctype html><meta charset="utf-8" /><body></body>${scripts}`;
const SCRIPT = '<script type="module" src="/main.js"></script>';

const VITE = { configFile: false, logLevel: "error", build: { target: "es2022" } };

describe("the package as apps get it", () => {
  let folder;
  let browser;
  const ends = [];

  before(async () => {
    mkdirSync(join(root, "target"), { recursive: true });
    // Inside of the project, so that bundlers find the package by its name.
    folder = mkdtempSync(join(root, "target/bundlers-test-"));
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    for (const end of ends) await end();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A folder with files of an app. */
  function app(name, files) {
    const at = join(folder, name);
    mkdirSync(at);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(at, file), text);
    return at;
  }

  async function served(at, others = {}) {
    const site = await serve({ "/": relative(root, at), ...others });
    ends.push(site.close);
    return site.address;
  }

  /** Loads the app twice: what it stored the first time is there the second time. */
  async function check(address) {
    const tab = await browser.context.newPage();
    const problems = [];
    tab.on("pageerror", (error) => problems.push(error.message));
    tab.on("console", (line) => line.type() === "error" && problems.push(line.text()));
    for (const rows of [1, 2]) {
      await tab.goto(`${address}/`);
      await tab
        .waitForFunction(() => document.title !== "")
        .catch(() => assert.fail(`the app did not start: ${problems.join("\n")}`));
      assert.equal(await tab.title(), `${rows} 2 wrong_type false`);
    }
    await tab.close();
  }

  async function pack(at) {
    const compiler = webpack({
      mode: "production",
      performance: false,
      context: at,
      entry: "./main.js",
      output: { path: join(at, "dist"), filename: "main.js" },
    });
    const stats = await new Promise((done, failed) => {
      compiler.run((error, stats) => (error ? failed(error) : done(stats)));
    });
    await new Promise((done) => compiler.close(done));
    const said = stats.toString({ all: false, errors: true, warnings: true });
    assert.ok(!stats.hasErrors() && !stats.hasWarnings(), said);
    return join(at, "dist");
  }

  it("works unbundled, as modules that a browser loads", async () => {
    const imports = JSON.stringify({
      imports: { "@freehold/web": "/web/index.js", "@freehold/web/validate": "/web/validate.js" },
    });
    const html = page(`<script type="importmap">${imports}</script>${SCRIPT}`);
    const at = app("plain", { "index.html": html, "main.js": APP });
    await check(await served(at, { "/web": "wasm/js/dist" }));
  });

  it("works with Vite, built", async () => {
    const at = app("vite", { "index.html": page(SCRIPT), "main.js": APP });
    await vite.build({ ...VITE, root: at });
    await check(await served(join(at, "dist")));
  });

  it("works with Vite, while developing", async () => {
    const at = app("vite-dev", { "index.html": page(SCRIPT), "main.js": APP });
    const server = await vite.createServer({
      ...VITE,
      root: at,
      server: { host: "127.0.0.1", port: 0, hmr: false, ws: false, fs: { allow: [root] } },
      optimizeDeps: { exclude: ["@freehold/web"] },
    });
    ends.push(() => server.close());
    await server.listen();
    await check(`http://127.0.0.1:${server.httpServer.address().port}`);
  });

  it("works with webpack", async () => {
    const dist = await pack(app("webpack", { "main.js": APP }));
    writeFileSync(join(dist, "index.html"), page('<script defer src="/main.js"></script>'));
    await check(await served(dist));
  });

  /** What a bundle's scripts know of the worker, the core and the models. */
  function partsIn(dist) {
    const files = readdirSync(dist, { recursive: true }).map(String);
    const scripts = files.filter((file) => file.endsWith(".js"));
    assert.ok(scripts.length > 0);
    const text = scripts.map((file) => readFileSync(join(dist, file), "utf8")).join("\n");
    return text.match(/new Worker|\.wasm\b|carcosa/g) ?? [];
  }

  it("leaves worker and core out of a page that only writes a model down", async () => {
    const at = app("small-vite", { "index.html": page(SCRIPT), "main.js": SMALL });
    await vite.build({ ...VITE, root: at });
    assert.deepEqual(partsIn(join(at, "dist")), []);
    assert.deepEqual(partsIn(await pack(app("small-webpack", { "main.js": SMALL }))), []);
    // They would have been found.
    for (const whole of ["vite/dist", "webpack/dist"]) {
      const found = new Set(partsIn(join(folder, whole)));
      assert.equal(found.size, 3, `${whole}: ${[...found]}`);
    }
  });

  it("is packed with all that it names, and works installed", async () => {
    const web = join(root, "wasm/js");
    const npm = ["pack", "--json", "--pack-destination", folder];
    const { stdout } = await run("npm", npm, { cwd: web, shell: process.platform === "win32" });
    const [{ filename, files }] = JSON.parse(stdout);
    const packed = files.map(({ path }) => path);
    const manifest = JSON.parse(readFileSync(join(web, "package.json"), "utf8"));
    const named = Object.values(manifest.exports).flatMap((entry) => Object.values(entry));
    const needed = ["./dist/worker.js", "./dist/freehold_wasm.js", "./dist/freehold_wasm_bg.wasm"];
    needed.push("./dist/freehold_validate_bg.wasm");
    for (const { name } of await models()) {
      needed.push(`./dist/models/${name}.json`, `./dist/models/${name}.d.ts`);
    }
    for (const file of [...named, ...needed]) assert.ok(packed.includes(file.slice(2)), file);
    const inside = /^(dist|src)\/|^(package\.json|README\.md)$/;
    assert.deepEqual(packed.filter((file) => !inside.test(file)), []);
    assert.equal(manifest.dependencies, undefined);

    const at = app("installed", { "package.json": '{ "type": "module" }', "app.ts": NODE_APP });
    const target = join(at, "node_modules/@freehold/web");
    mkdirSync(target, { recursive: true });
    await run("tar", ["-xzf", join(folder, filename), "-C", target, "--strip-components=1"]);
    for (const [module, moduleResolution] of [
      ["ESNext", "Bundler"],
      ["Node16", "Node16"],
      ["NodeNext", "NodeNext"],
    ]) {
      await compile(at, { module, moduleResolution });
      const { stdout: said } = await run(process.execPath, ["out/app.js"], { cwd: at });
      assert.equal(said.trim(), "2 1 4", module);
    }
  });

  async function compile(at, way) {
    const lib = ["ES2023", "DOM", "DOM.Iterable", "ESNext.Disposable"];
    const strict = { strict: true, skipLibCheck: false, types: [], lib };
    const compilerOptions = { target: "ES2022", outDir: "out", rootDir: ".", ...strict, ...way };
    writeFileSync(
      join(at, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["app.ts"] }),
    );
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    await run(process.execPath, [compiler, "--project", at]).catch(({ stdout }) =>
      assert.fail(`${way.module}: ${stdout}`),
    );
  }
});
