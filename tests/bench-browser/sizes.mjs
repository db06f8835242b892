/** What a browser downloads of the package: the files of `wasm/js/dist`. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const dist = join(import.meta.dirname, "../../wasm/js/dist");

/** Bytes of all files with an ending: each compressed by itself, as a web server does it. */
function weigh(ending) {
  const files = readdirSync(dist)
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(dist, name)));
  const sum = (bytes) => files.reduce((total, file) => total + bytes(file), 0);
  return {
    gzip: sum((file) => gzipSync(file, { level: 9 }).length),
    brotli: sum((file) => brotliCompressSync(file).length),
  };
}

/** The sizes that have a limit. */
export function sizes() {
  return { wasm: weigh(".wasm"), javascript: weigh(".js") };
}
