// Writes the built-in models into `dist`, beside the WebAssembly file: the files of each as
// `models/<name>.json`, the types of its tables as `models/<name>.d.ts`, and `models.js`, which
// lists them. The core says what a list shows of each, and checks them. `BUILD` tells which core
// that was.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

import { callStatic, initSync } from "./dist/freehold_wasm.js";
import { modelFiles, modelFolders } from "./model-files.mjs";

const DIST = new URL("./dist/", import.meta.url);

/** The type of `models.js`: it names no type of the package, which is compiled into `dist` too. */
const TYPES = (names) => `${names
  .map((name) => `import type { Tables as ${pascalCase(name)} } from "./models/${name}.js";\n`)
  .join("")}
/** The tables of each built-in model. */
export interface Builtin {
${names.map((name) => `  ${name}: ${pascalCase(name)};\n`).join("")}}

export declare const BUILD: string;

export declare const BUILTIN: readonly {
  readonly summary: {
    readonly name: string;
    readonly title: string;
    readonly description: string;
    readonly tables: number;
    readonly migrations: number;
    readonly seeds: readonly string[];
  };
  readonly newest: string;
  readonly file: URL;
}[];
`;

const core = readFileSync(new URL("freehold_wasm_bg.wasm", DIST));
const build = createHash("sha256").update(core).digest("base64url").slice(0, 12);
initSync({ module: core });
rmSync(new URL("models/", DIST), { recursive: true, force: true });
mkdirSync(new URL("models/", DIST));
const names = modelFolders();
const entries = names.map((name) => {
  const files = inJson(modelFiles(name));
  const types = ask("generate", { model: files.model, what: "ts" });
  writeFileSync(new URL(`models/${name}.d.ts`, DIST), types);
  writeFileSync(new URL(`models/${name}.json`, DIST), JSON.stringify(files));
  // Bundlers look for exactly this form.
  const file = `new URL("./models/${name}.json", import.meta.url)`;
  const listed = JSON.stringify(summary(name, files));
  return `  { summary: ${listed}, newest: "${newest(files)}", file: ${file} },\n`;
});
if (entries.length === 0) throw new Error("there is no built-in model");
writeFileSync(
  new URL("models.js", DIST),
  `export const BUILD = "${build}";\nexport const BUILTIN = [\n${entries.join("")}];\n`,
);
writeFileSync(new URL("models.d.ts", DIST), TYPES(names));

/** With the model as JSON: a reader of TOML is code that a page would have to load first. */
function inJson(files) {
  const { model, problems } = ask("check_model", { text: files.model });
  if (!model) throw new Error(JSON.stringify(problems));
  return { ...files, model: JSON.stringify(model) };
}

/** The version of the newest migration, by which tabs know which of them has the newer model. */
function newest({ up }) {
  const versions = Object.keys(up).map((file) => BigInt(/^V(\d+)__/.exec(file)[1]));
  return String(versions.reduce((a, b) => (a < b ? b : a)));
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
