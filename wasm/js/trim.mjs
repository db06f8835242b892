// Takes the comments out of the built modules, which are a third of what a page without a bundler
// downloads. Declarations keep theirs for editors, and lines stay where source maps expect them.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const DIST = new URL("./dist/", import.meta.url);

/** Comments that stand alone on their lines; `sourceMappingURL` is none for people. */
const COMMENTS = /^[ \t]*(?:\/\*[^]*?\*\/|\/\/(?!#).*)$/gm;

for (const file of readdirSync(DIST, { recursive: true })) {
  if (!file.endsWith(".js")) continue;
  const url = new URL(file.replaceAll("\\", "/"), DIST);
  const text = readFileSync(url, "utf8");
  writeFileSync(url, text.replace(COMMENTS, (comment) => comment.replace(/[^\n]+/g, "")));
}
