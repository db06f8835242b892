/**
 * Compiles WebAssembly files.
 *
 * @packageDocumentation
 */

import { inNode, readFile } from "./node.js";

/** The core's file, which lies beside this module. */
export function coreFile(): URL {
  // Bundlers look for exactly this form.
  return new URL("./freehold_wasm_bg.wasm", import.meta.url);
}

/**
 * Compiles the core for a worker that starts meanwhile; nothing where it turns out that this one
 * does not need it, or where it can't be had. Never rejects.
 */
export async function compileCore(
  isNeeded: Promise<boolean>,
): Promise<WebAssembly.Module | undefined> {
  const abort = new AbortController();
  try {
    const fetched = fetch(coreFile(), { signal: abort.signal });
    // It may be given up before anybody waits for it.
    fetched.catch(() => {});
    if (await isNeeded) return await WebAssembly.compileStreaming(fetched);
    abort.abort();
  } catch {
    // The worker tries it again, and says what is wrong.
  }
  return undefined;
}

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
