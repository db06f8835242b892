// Writes the built-in models into `dist`, beside the WebAssembly file: the files of each as
// `models/<name>.json`, the types of its tables as `models/<name>.d.ts`, and `models.js`, which
// lists them. The core says what a list shows of each.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, extname } from "node:path";

import { callStatic, initSync } from "./dist/freehold_wasm.js";

const MIGRATIONS = new URL("../../migrations/", import.meta.url);
const DIST = new URL("./dist/", import.meta.url);

/** The type of `models.js`: it names no type of the package, which is compiled into `dist` too. */
const TYPES = (names) => `${names
  .map((name) => `import type { Tables as ${pascalCase(name)} } from "./models/${name}.js";\n`)
  .join("")}
/** The tables of each built-in model. */
export interface Builtin {
${names.map((name) => `  ${name}: ${pascalCase(name)};\n`).join("")}}

export declare const BUILTIN: readonly {
  readonly summary: {
    readonly name: string;
    readonly title: string;
    readonly description: string;
    readonly tables: number;
    readonly migrations: number;
    readonly seeds: readonly string[];
  };
  readonly file: URL;
}[];
`;

initSync({ module: readFileSync(new URL("freehold_wasm_bg.wasm", DIST)) });
rmSync(new URL("models/", DIST), { recursive: true, force: true });
mkdirSync(new URL("models/", DIST));
const names = modelFolders();
const entries = names.map((name) => {
  const files = bundleFiles(new URL(`${name}/`, MIGRATIONS));
  const types = ask("generate", { model: files.model, what: "ts" });
  writeFileSync(new URL(`models/${name}.d.ts`, DIST), types);
  writeFileSync(new URL(`models/${name}.json`, DIST), JSON.stringify(files));
  // Bundlers look for exactly this form.
  const file = `new URL("./models/${name}.json", import.meta.url)`;
  return `  { summary: ${JSON.stringify(summary(name, files))}, file: ${file} },\n`;
});
if (entries.length === 0) throw new Error(`${MIGRATIONS} holds no model`);
writeFileSync(new URL("models.js", DIST), `export const BUILTIN = [\n${entries.join("")}];\n`);
writeFileSync(new URL("models.d.ts", DIST), TYPES(names));

function modelFolders() {
  const folders = readdirSync(MIGRATIONS, { withFileTypes: true });
  const holdsModel = (name) => readdirSync(new URL(`${name}/`, MIGRATIONS)).includes("model.toml");
  const names = folders.filter((folder) => folder.isDirectory()).map(({ name }) => name);
  return names.filter(holdsModel).sort();
}

/** A bundle's files, named as the core names them. */
function bundleFiles(folder) {
  return {
    model: readFileSync(new URL("model.toml", folder), "utf8"),
    up: texts(new URL("up/", folder), ".sql", (file) => file),
    down: texts(new URL("down/", folder), ".sql", (file) => file),
    seeds: texts(new URL("seeds/", folder), ".toml", (file) => basename(file, ".toml")),
  };
}

function texts(folder, ending, nameOf) {
  const files = readdirSync(folder).filter((file) => extname(file) === ending);
  const read = (file) => readFileSync(new URL(file, folder), "utf8");
  return Object.fromEntries(files.sort().map((file) => [nameOf(file), read(file)]));
}

function summary(name, files) {
  try {
    return ask("summary", { files });
  } catch (error) {
    throw new Error(`${name}: ${error.message}`);
  }
}

function ask(method, params) {
  const answer = JSON.parse(callStatic(JSON.stringify({ method, params })));
  if (answer.error) throw new Error(answer.error.message);
  return answer.ok;
}

function pascalCase(name) {
  return name.replace(/(?:^|_)(.)/g, (_, letter) => letter.toUpperCase());
}
