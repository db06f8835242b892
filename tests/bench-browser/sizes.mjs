/** What a browser downloads of the package. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const root = join(import.meta.dirname, "../..");

/** What opens, reads and writes; the second file is fetched behind it. */
const FIRST_FILE = "wasm/js/dist/freehold_wasm_bg.wasm";

/** The sizes that have a limit, in bytes. */
export function sizes() {
  const wasm = readFileSync(join(root, FIRST_FILE));
  return {
    wasm: {
      gzip: gzipSync(wasm, { level: 9 }).length,
      brotli: brotliCompressSync(wasm).length,
    },
    javascript: { gzip: javascript() },
  };
}

/** The package's own measure of its JavaScript, bundled and minified. */
function javascript() {
  const said = execFileSync("node", ["size.mjs"], { cwd: join(root, "wasm/js"), encoding: "utf8" });
  const kilobytes = /^JavaScript: ([\d.]+) of/.exec(said)?.[1];
  if (kilobytes === undefined) throw new Error(`wasm/js/size.mjs said ${said}`);
  return Number(kilobytes) * 1000;
}
