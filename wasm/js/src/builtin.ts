/**
 * The built-in models: which there are, and their files. Each lies beside the WebAssembly file and
 * is fetched when it is opened, since a page mostly opens one of them or none.
 *
 * @packageDocumentation
 */

import { FreeholdError } from "./error.js";
import { BUILTIN } from "./models.js";
import { inNode, readFile } from "./node.js";
import type { BundleFiles } from "./open.js";
import type { ModelSummary } from "./results.js";
import { newestMigration } from "./tabs/version.js";

/** What a list of models shows of each. */
export function builtinSummaries(): ModelSummary[] {
  return BUILTIN.map(({ summary }) => structuredClone(summary));
}

/** The newest migration of the built-in model of this name. */
export function builtinVersion(name: string): string | undefined {
  return BUILTIN.find(({ summary }) => summary.name === name)?.newest;
}

/**
 * The files of the built-in model of this name; none where there is no such model.
 *
 * Rejects with `io` when they can't be fetched, or are those of another version.
 */
export async function builtinFiles(name: string): Promise<BundleFiles | undefined> {
  const builtin = BUILTIN.find(({ summary }) => summary.name === name);
  if (!builtin) return undefined;
  const { file, newest } = builtin;
  try {
    const isRight = (files: BundleFiles): boolean => newestMigration(files) === newest;
    let files = await readJson(file);
    // One that a cache kept may be of another build.
    if (!isRight(files)) files = await readJson(file, { cache: "reload" });
    if (!isRight(files)) throw new Error("it is of another version");
    return files;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `the built-in model \`${name}\` could not be fetched from ${file}: ${reason}`;
    throw new FreeholdError({ code: "io", message });
  }
}

async function readJson(file: URL, options?: RequestInit): Promise<BundleFiles> {
  if (inNode()) return JSON.parse(new TextDecoder().decode(readFile(file))) as BundleFiles;
  const response = await fetch(file, options);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return (await response.json()) as BundleFiles;
}
