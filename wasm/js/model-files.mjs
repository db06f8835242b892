// The built-in models as they lie in the project.

import { readFileSync, readdirSync } from "node:fs";
import { basename, extname } from "node:path";

const MIGRATIONS = new URL("../../migrations/", import.meta.url);

/** The models' names. */
export function modelFolders() {
  const folders = readdirSync(MIGRATIONS, { withFileTypes: true });
  const holdsModel = (name) => readdirSync(new URL(`${name}/`, MIGRATIONS)).includes("model.toml");
  const names = folders.filter((folder) => folder.isDirectory()).map(({ name }) => name);
  return names.filter(holdsModel).sort();
}

/** A model's files, named as the core names them. */
export function modelFiles(name) {
  const folder = new URL(`${name}/`, MIGRATIONS);
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
