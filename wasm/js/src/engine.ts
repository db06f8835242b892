/**
 * The core as this package reaches it: one database of one WebAssembly instance, requests in,
 * answers out. It runs inside the dedicated worker, and in Node inside the caller's own thread.
 *
 * @packageDocumentation
 */

import { Ahead } from "./ahead.js";
import { FreeholdError } from "./error.js";
import { callStatic, open, prepare, replace, scrub } from "./freehold_wasm.js";
import type { Handle } from "./freehold_wasm.js";
import { load } from "./load.js";
import type { Core } from "./load.js";
import { isEveryday, isUnchecked } from "./rest.js";
import type { Snapshot } from "./snapshot.js";
import { Standing } from "./standing.js";
import { DONE, isLong } from "./text.js";

/** What can be asked of an engine. `text` is JSON. */
export type Ask =
  /** With the bytes that a database in memory starts from, where there are some. */
  | { readonly kind: "open"; readonly text: string; readonly image?: Uint8Array | undefined }
  | { readonly kind: "call" | "call_static"; readonly text: string }
  /** Goes on being told until its name is unsubscribed. */
  | { readonly kind: "subscribe"; readonly text: string; readonly subscription: string }
  | { readonly kind: "unsubscribe"; readonly text: string }
  | { readonly kind: "replace"; readonly text: string; readonly bytes: Uint8Array }
  | { readonly kind: "restore"; readonly bytes: Uint8Array }
  | { readonly kind: "export" | "close" };

/** JSON text, `{"ok": …}` or `{"error": …}`; the bytes of an export. */
export type Answer = string | Uint8Array;

/** An answer as it leaves the core: long texts are bytes, which can be moved to another thread. */
export type Given = Answer | LongText;

/** A text as UTF-8. Its buffer may be lent to the core when it was read. */
export interface LongText {
  readonly utf8: Uint8Array<ArrayBuffer>;
  /** Where each ends of several texts behind each other: pages after the one that is the answer. */
  readonly ends?: readonly number[];
}

const NOT_OPEN = '{"error":{"code":"closed","message":"the database is closed; open it again"}}';

/** How many buffers are kept for long answers: about as many as calls are under way at a time. */
const SPARES_MAX = 4;
const NO_BYTES = new Uint8Array();

/** At most one open database. */
export class Engine {
  #handle: Handle | undefined;
  readonly #core: Core;
  /** Where it may begin as long as it has done nothing. */
  readonly #snapshot: Snapshot | undefined;
  #isUntouched = true;
  readonly #ahead = new Ahead();
  readonly #spares: Uint8Array<ArrayBuffer>[] = [];
  readonly #standing = new Standing(() => this.#handle);

  private constructor(core: Core, snapshot: Snapshot | undefined) {
    this.#core = core;
    this.#snapshot = snapshot;
  }

  /** @internal Loads the core, which may begin from a snapshot. */
  static async start(snapshot?: Snapshot): Promise<Engine> {
    return new Engine(await load(), snapshot);
  }

  /** Reads a request ahead of opening by it, which says what is wrong with it. */
  async prepare(request: string): Promise<void> {
    if (isUnchecked(request) || (await this.#snapshot?.isOf(this.#core, request))) return;
    prepare(request);
  }

  /**
   * Answers a request. What the core refuses is an answer too; this throws only when the instance
   * is broken, and then it must not be used again.
   *
   * @param mayGive - Whether pages that come after the answer may be handed over along with it.
   */
  async handle(
    ask: Ask,
    onProgress: (progress: string) => void,
    mayGive = false,
  ): Promise<Given> {
    if (ask.kind !== "call") this.#ahead.drop();
    if (ask.kind !== "open") this.#isUntouched = false;
    const missing = await this.#loadFor(ask);
    if (missing !== undefined) return missing;
    try {
      return await this.#answer(ask, onProgress, mayGive);
    } finally {
      this.#standing.changed();
    }
  }

  /** Lends a buffer for a long answer. */
  lend(buffer: ArrayBuffer): void {
    const isUseful = buffer.byteLength > 0 && this.#spares.length < SPARES_MAX;
    if (isUseful) this.#spares.push(new Uint8Array(buffer));
  }

  /** An answer is on its way: what it changed may be told. */
  answered(): void {
    this.#standing.atOnce();
  }

  /** Nothing else is to be done at the moment. */
  idle(): void {
    this.#ahead.read((request, count, bytes) => this.#pages(request, count, bytes));
  }

  /** Nothing was asked for a while. */
  tidy(): void {
    this.#handle?.tidy();
    // A start without it takes a little longer.
    void this.#snapshot?.save(() => this.#handle).catch(() => {});
  }

  async #answer(
    ask: Ask,
    onProgress: (progress: string) => void,
    mayGive: boolean,
  ): Promise<Given> {
    switch (ask.kind) {
      case "call_static":
        return callStatic(ask.text);
      case "open":
        return orRefused(async () => {
          this.#handle = await this.#open(ask.text, ask.image);
          return DONE;
        });
      case "call":
        return this.#call(ask.text, onProgress, mayGive);
      case "replace":
        return orRefused(async () => {
          await replace(ask.text, ask.bytes);
          return DONE;
        });
      case "restore":
        return this.#restore(ask.bytes);
      case "subscribe":
        if (!this.#handle) return NOT_OPEN;
        return this.#standing.watch(ask.subscription, ask.text, onProgress);
      case "unsubscribe":
        this.#standing.unwatch(ask.text);
        return DONE;
      case "export":
        return orRefused(() => this.#handle?.export() ?? NOT_OPEN);
      case "close": {
        const handle = this.#handle;
        this.#handle = undefined;
        return handle ? handle.close() : DONE;
      }
    }
  }

  async #open(text: string, image: Uint8Array | undefined): Promise<Handle> {
    const isUntouched = this.#isUntouched;
    this.#isUntouched = false;
    // What a copy of the memory must not hold is written over.
    scrub(isUntouched && this.#snapshot !== undefined);
    try {
      const resumed = await this.#snapshot?.resume(this.#core, text, isUntouched);
      if (resumed) return resumed;
      await this.#snapshot?.check();
      const handle = await open(text, image);
      return await ((isUntouched && this.#snapshot?.copy(this.#core, handle, text)) || handle);
    } finally {
      scrub(false);
      // Not before: with it in memory no copy is made, however long a slow device takes to open.
      this.#core.rest.loadLater();
    }
  }

  #call(
    request: string,
    onProgress: (progress: string) => void,
    mayGive: boolean,
  ): string | LongText {
    const kept = this.#ahead.take(request, mayGive);
    if (kept) return kept;
    const start = performance.now();
    const room = this.#room(0);
    const answer = this.#ask(request, onProgress, room) ?? NOT_OPEN;
    if (!isLong(answer) || answer.utf8.buffer !== room.buffer) this.lend(room.buffer);
    this.#ahead.answered({ request, answer, tookMs: performance.now() - start });
    return answer;
  }

  #ask(
    request: string,
    onProgress: (progress: string) => void,
    room: Uint8Array<ArrayBuffer>,
  ): string | LongText | undefined {
    const answer = this.#handle?.call(request, onProgress, room);
    return typeof answer === "object" ? { utf8: answer } : answer;
  }

  /** Pages behind each other in one buffer, which leaves with them. */
  #pages(request: string, count: number, size: number): LongText | undefined {
    const room = this.#room(size);
    const [utf8, ...ends] = this.#handle?.pages(request, count, room) ?? [];
    if (utf8?.buffer !== room.buffer) this.lend(room.buffer);
    return utf8 && { utf8, ends };
  }

  /** A buffer for answers, of so many bytes at least. */
  #room(bytes: number): Uint8Array<ArrayBuffer> {
    const spare = this.#spares.pop() ?? NO_BYTES;
    return spare.length < bytes ? new Uint8Array(2 ** Math.ceil(Math.log2(bytes))) : spare;
  }

  #restore(bytes: Uint8Array): Answer {
    const answer = this.#handle?.restore(bytes) ?? NOT_OPEN;
    this.#standing.renewed();
    return answer;
  }

  /** Loads what a request needs beyond the first file; what is wrong where that can't be had. */
  async #loadFor(ask: Ask): Promise<Answer | undefined> {
    if (!isLate(ask)) return undefined;
    try {
      await this.#core.rest.load();
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `the second part of the core could not be fetched: ${reason}`;
      return JSON.stringify({ error: { code: "io", message } });
    }
  }
}

function isLate(ask: Ask): boolean {
  switch (ask.kind) {
    case "open":
      return isUnchecked(ask.text);
    case "call":
      return !isEveryday(ask.text);
    case "subscribe":
    case "unsubscribe":
    case "close":
      return false;
    default:
      return true;
  }
}

/** Refusals leave the core as exceptions that are JSON text; what is neither is a failure. */
async function orRefused(work: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (thrown) {
    if (typeof thrown === "string") return thrown;
    if (thrown instanceof FreeholdError) return JSON.stringify({ error: thrown.body });
    throw thrown;
  }
}
