import { resolve } from "node:path";

import { defineConfig } from "vite";

import { CONTENDERS } from "./contenders.js";

const here = import.meta.dirname;
const page = (name) => [name, resolve(here, "pages", `${name}.html`)];
const pages = [...CONTENDERS.map(({ name }) => name), "freehold-cold", "official-cold"];

/** Every contender as an app ships it: bundled and minified, its WebAssembly beside it. */
export default defineConfig({
  root: here,
  base: "./",
  logLevel: "error",
  resolve: { alias: { "@freehold/web": resolve(here, "../../wasm/js/dist/index.js") } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 10_000,
    rollupOptions: { checks: { pluginTimings: false }, input: Object.fromEntries(pages.map(page)) },
  },
  worker: { format: "es" },
});
