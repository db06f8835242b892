// Measures what a page downloads of this package's JavaScript, and fails above what it may weigh.
// Modules are measured as they are served without a bundler, each by itself; comments are left out,
// as every bundler does. The entries `react` and `testing` are no part of a page's core.

import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

const DIST = new URL("./dist/", import.meta.url);
const GZIP_BYTES_MAX = 40_000;

/** Modules that a page loads only for what they are named after. */
const APART = ["react.js", "testing.js"];

const sizes = readdirSync(DIST)
  .filter((file) => file.endsWith(".js") && !APART.includes(file))
  .map((file) => gzipSync(withoutComments(readFileSync(new URL(file, DIST), "utf8")), { level: 9 }))
  .map((bytes) => bytes.length);
const total = sizes.reduce((sum, size) => sum + size, 0);

console.log(
  `JavaScript: ${sizes.length} modules, ${(total / 1000).toFixed(1)} KB gzip -9 ` +
    `of ${GZIP_BYTES_MAX / 1000} KB`,
);
if (total > GZIP_BYTES_MAX) process.exitCode = 1;

/** Comments of whole lines and blocks; what stands behind code is little. */
function withoutComments(text) {
  return text.replace(/^\s*\/\*[^]*?\*\/\n/gm, "").replace(/^\s*\/\/.*\n/gm, "");
}
