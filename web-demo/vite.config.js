import { defineConfig } from "vite";

export default defineConfig({
  // Relative addresses, so that the built page works from any folder of a web server.
  base: "./",
  build: { target: "es2022", assetsInlineLimit: 0 },
  worker: { format: "es" },
});
