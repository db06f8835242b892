/**
 * The second WebAssembly file: code that everyday work does not execute.
 *
 * It is fetched a little after the first one runs, at low priority. A request that will need it
 * waits for it; where code of the first file calls into it before it is there, it is loaded at
 * once, which stops the worker for that long.
 *
 * @packageDocumentation
 */

import { compile } from "./compile.js";
import { EVERYDAY } from "./everyday.js";
import type { InitOutput } from "./freehold_wasm.js";
import { inNode, readFile } from "./node.js";

/** What the cut of the files added to the exports of the first. */
type FirstFile = InitOutput & { readonly has_rest?: WebAssembly.Global };

const everyday: ReadonlySet<string> = new Set(EVERYDAY);

/** How long a page may show its first rows before the file is fetched. */
const REST_MS = 500;

/** The method that a request names first. Quotes inside of texts are escaped. */
const METHOD = /"method":"(\w+)"/;

/** Whether a request can be answered without the second file, as far as one can tell beforehand. */
export function isEveryday(request: string): boolean {
  return everyday.has(METHOD.exec(request.slice(0, 400))?.[1] ?? "");
}

/** Whether a request to open brings a model that is to be checked: that is the second file's. */
export function isUnchecked(request: string): boolean {
  return !request.slice(0, 400).includes('"checked":true');
}

/** Loads the second file beside a first one that runs. */
export class Rest {
  readonly #first: FirstFile;
  #loading: Promise<void> | undefined;

  constructor(first: InitOutput) {
    this.#first = first;
    // The bindings look for it there.
    Object.assign(globalThis, { freeholdLoadRest: () => this.#loadNow() });
  }

  /** Has the file fetched later, where that goes on beside other work. */
  loadLater(): void {
    // What goes wrong here is said to whoever needs the file.
    if (!inNode()) setTimeout(() => this.load().catch(() => {}), REST_MS);
  }

  /** Whether the file is there. */
  get isThere(): boolean {
    return this.#first.has_rest?.value === 1;
  }

  /** Resolves when the file is there. Rejects when it can't be had; asking again tries again. */
  load(): Promise<void> {
    this.#loading ??= this.#fetch().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #fetch(): Promise<void> {
    if (inNode()) return this.#loadNow();
    this.#instantiate(await compile(file(), { priority: "low" }));
  }

  #loadNow(): void {
    const bytes = inNode() ? readFile(file()) : readNow(file());
    this.#instantiate(new WebAssembly.Module(bytes));
  }

  #instantiate(module: WebAssembly.Module): void {
    const { has_rest: hasRest } = this.#first;
    if (!hasRest || hasRest.value === 1) return;
    new WebAssembly.Instance(module, { first: { ...this.#first } });
    hasRest.value = 1;
  }
}

function file(): URL {
  // Bundlers look for exactly this form.
  return new URL("./freehold_wasm_rest.wasm", import.meta.url);
}

function readNow(url: URL): ArrayBuffer {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw new Error(`${url.href} answered ${request.status}`);
  return request.response as ArrayBuffer;
}
