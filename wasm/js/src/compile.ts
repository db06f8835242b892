/**
 * Compiles WebAssembly files.
 *
 * @packageDocumentation
 */

import { inNode, readFile } from "./node.js";

/** Compiles a WebAssembly file while it comes. Rejects where it can't be had. */
export async function compile(file: URL, options?: RequestInit): Promise<WebAssembly.Module> {
  if (inNode()) return new WebAssembly.Module(readFile(file));
  return WebAssembly.compileStreaming(fetch(file, options)).catch(async () => {
    // A server that doesn't know the type `application/wasm` still has the bytes.
    const response = await fetch(file);
    if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
    return WebAssembly.compile(await response.arrayBuffer());
  });
}
