/**
 * The core's WebAssembly file, as a page reaches it: a worker takes about as long to start as the
 * file to be fetched and compiled.
 *
 * @packageDocumentation
 */

/** Where the file lies. Bundlers look for exactly this form. */
export const CORE = new URL("./freehold_wasm_bg.wasm", import.meta.url);

/** The core, to be handed to a worker; nothing where the worker has to see to that itself. */
export async function compileCore(): Promise<WebAssembly.Module | undefined> {
  try {
    return await WebAssembly.compileStreaming(fetch(CORE));
  } catch {
    // No such file, or of another type, or pages may compile nothing here: the worker says more.
    return undefined;
  }
}
