/**
 * The part of Node that is used here. It is looked up rather than imported, so that no bundler
 * tries to put it into a page.
 *
 * @packageDocumentation
 */

interface Process {
  readonly versions?: { readonly node?: string };
  getBuiltinModule?(name: "node:fs"): { readFileSync(file: URL): Uint8Array<ArrayBuffer> };
}

const { process } = globalThis as { process?: Process };

/** Whether this is Node. */
export function inNode(): boolean {
  return process?.versions?.node !== undefined;
}

/** The bytes of a file; `fetch` in Node reads none. */
export function readFile(file: URL): Uint8Array<ArrayBuffer> {
  const fs = process?.getBuiltinModule?.("node:fs");
  if (!fs) throw new Error("this Node is too old: 20.16 or later is needed");
  return fs.readFileSync(file);
}
