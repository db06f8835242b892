// Measures the package's JavaScript as a page downloads it, and fails above what it may weigh: all
// of the package through a bundler that minifies, page and worker; and, for the reader, module by
// module as it is served without one. The entries `react`, `testing` and `validate` are no part of
// a page's core.

import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "vite";

const DIST = new URL("./dist/", import.meta.url);
const GZIP_BYTES_MAX = 40_000;

/** Modules that a page loads only for what they are named after. */
const APART = ["react.js", "testing.js", "validate.js", "checked.js", "freehold_validate.js"];

const { output } = await build({
  configFile: false,
  logLevel: "error",
  root: fileURLToPath(DIST),
  build: {
    target: "es2022",
    write: false,
    assetsInlineLimit: 0,
    // Everything that is exported counts as used.
    rolldownOptions: {
      input: fileURLToPath(new URL("index.js", DIST)),
      preserveEntrySignatures: "strict",
    },
  },
  worker: { format: "es" },
});
const scripts = output.filter(({ fileName }) => fileName.endsWith(".js"));
if (scripts.length < 2) throw new Error(`a page and a worker were to be built: ${scripts.length}`);
const bundled = sum(scripts.map(({ code, source }) => code ?? source));
const modules = readdirSync(DIST, { recursive: true })
  .filter((file) => file.endsWith(".js") && !APART.includes(file))
  .map((file) => readFileSync(new URL(file, DIST)));

console.log(
  `JavaScript: ${inKb(bundled)} of ${inKb(GZIP_BYTES_MAX)} KB gzip -9 bundled, ` +
    `${inKb(sum(modules))} KB as ${modules.length} modules`,
);
if (bundled > GZIP_BYTES_MAX) process.exitCode = 1;

function sum(texts) {
  return texts.reduce((total, text) => total + gzipSync(text, { level: 9 }).length, 0);
}

function inKb(bytes) {
  return (bytes / 1000).toFixed(1);
}
