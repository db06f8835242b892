/**
 * The way from a page to its core: through a worker in a browser, directly in Node.
 *
 * Every request is answered or rejected: when the worker dies, whatever was under way rejects with
 * `worker_failed`.
 *
 * @packageDocumentation
 */

import type { Answer, Ask } from "./engine.js";
import { FreeholdError } from "./error.js";
import { inNode } from "./node.js";

/** A request on its way to the worker. */
export interface ToWorker {
  readonly id: number;
  readonly ask: Ask;
}

/** What comes back from the worker. */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer }
  | { readonly kind: "progress"; readonly id: number; readonly progress: string }
  | { readonly kind: "failed"; readonly message: string };

/** Hears of progress, as JSON text. */
export type OnProgress = (progress: string) => void;

/** A way to one core. */
export interface Link {
  /** Whether nothing can be asked any more. */
  readonly ended: boolean;
  /** Asks, and answers with what the core said. Rejects with `worker_failed`. */
  ask(ask: Ask, onProgress?: OnProgress): Promise<Answer>;
  /** Ends the core. Nothing is saved or closed by this. */
  end(): void;
}

/** Starts a core. */
export function startLink(): Link {
  return inNode() ? new DirectLink() : new WorkerLink();
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: FreeholdError) => void;
  readonly onProgress: OnProgress | undefined;
}

class WorkerLink implements Link {
  readonly #name = `freehold-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watch = new AbortController();
  #failure: FreeholdError | undefined;
  #last = 0;

  constructor() {
    // Bundlers look for exactly this form.
    this.#worker = new Worker(new URL("./worker.js", import.meta.url), {
      type: "module",
      name: this.#name,
    });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    this.#worker.onerror = (event) => this.#fail(event.message || "it could not be loaded");
    this.#worker.onmessageerror = () => this.#fail("a message could not be read");
  }

  get ended(): boolean {
    return this.#failure !== undefined;
  }

  ask(ask: Ask, onProgress?: OnProgress): Promise<Answer> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress });
      this.#worker.postMessage({ id, ask } satisfies ToWorker);
    });
  }

  end(): void {
    this.#fail("it was ended");
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case "ready":
        return this.#watchWorker();
      case "failed":
        return this.#fail(message.message);
      case "progress":
        return this.#waiting.get(message.id)?.onProgress?.(message.progress);
      case "answer": {
        this.#waiting.get(message.id)?.resolve(message.answer);
        this.#waiting.delete(message.id);
      }
    }
  }

  /** The worker holds this lock while it lives, so whoever gets it knows that it does not. */
  #watchWorker(): void {
    const { locks } = navigator as { locks?: LockManager };
    const options = { signal: this.#watch.signal };
    locks
      ?.request(this.#name, options, () => this.#fail("it was stopped"))
      .catch(() => {
        // Aborted by `#fail`, which has said what there is to say.
      });
  }

  #fail(reason: string): void {
    if (this.#failure) return;
    const message = `the database's worker failed: ${reason}`;
    this.#failure = new FreeholdError({ code: "worker_failed", message });
    this.#watch.abort();
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

class DirectLink implements Link {
  // Loaded here alone: a page has its core in the worker.
  readonly #engine = import("./engine.js").then(({ Engine }) => Engine.start());
  #failure: FreeholdError | undefined;

  get ended(): boolean {
    return this.#failure !== undefined;
  }

  async ask(ask: Ask, onProgress?: OnProgress): Promise<Answer> {
    if (this.#failure) throw this.#failure;
    try {
      const engine = await this.#engine;
      return await engine.handle(ask, onProgress ?? (() => {}));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `the database's core failed: ${reason}`;
      this.#failure = new FreeholdError({ code: "worker_failed", message });
      throw this.#failure;
    }
  }

  end(): void {
    this.#failure ??= new FreeholdError({ code: "worker_failed", message: "it was ended" });
  }
}
