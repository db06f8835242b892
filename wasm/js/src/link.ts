/**
 * The way from a page to its core: through a worker in a browser, directly in Node. A database that
 * tabs share is reached by a `TabLink`.
 *
 * Every request is answered or rejected.
 *
 * @packageDocumentation
 */

import type { Answer, Ask } from "./engine.js";
import { FreeholdError } from "./error.js";
import { inNode } from "./node.js";
import { plain } from "./text.js";
import { Thread } from "./thread.js";
import type { Heard } from "./thread.js";

/** Hears of progress, as JSON text. */
export type OnProgress = (progress: string) => void;

/** Something that goes on being told after its first answer. */
export interface Subscription {
  /** The answer to the request. */
  readonly first: Promise<Answer>;
  /** Ends it: nothing is heard any more. */
  end(): void;
}

/** A way to one core. */
export interface Link {
  /** Whether nothing can be asked any more. */
  readonly ended: boolean;
  /** When the oldest request was made that has no answer yet, in Unix milliseconds. */
  readonly waitingSince: number | undefined;
  /** Asks, and answers with what the core said. Rejects with `worker_failed`. */
  ask(ask: Ask, onProgress?: OnProgress): Promise<Answer>;
  /**
   * Asks for something that goes on: events follow the answer. Where the database is served by
   * another worker later, it is asked for again by itself, and `onAgain` gets that answer.
   */
  subscribe(
    text: string,
    onEvent: (event: string) => void,
    onAgain?: (answer: Answer) => void,
  ): Subscription;
  /** Ends the core. Nothing is saved or closed by this. */
  end(): void;
}

/** Starts a core. */
export function startLink(): Link {
  return inNode() ? new DirectLink() : new WorkerLink();
}

/** A new name for a subscription, as the core knows it. */
export function subscriptionKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

/** Why nothing can be asked any more. */
export function workerFailed(reason: string): FreeholdError {
  const message = `the database's worker failed: ${reason}`;
  return new FreeholdError({ code: "worker_failed", message });
}

/** Why a request did not leave the page: what it hands over is gone, such as a moved buffer. */
export function notSent(error: unknown): FreeholdError {
  const message = `the request could not be sent: ${String(error)}`;
  return new FreeholdError({ code: "invalid_argument", message });
}

/** Why nothing can be asked any more where somebody closed it. */
export function closed(): FreeholdError {
  return new FreeholdError({ code: "closed", message: "the database is closed" });
}

interface Waiting {
  readonly askedAt: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: FreeholdError) => void;
  readonly onProgress: OnProgress | undefined;
}

class WorkerLink implements Link {
  readonly #thread = new Thread();
  readonly #waiting = new Map<number, Waiting>();
  readonly #listening = new Map<number, (event: string) => void>();
  #failure: FreeholdError | undefined;
  #last = 0;

  constructor() {
    this.#thread.listen({
      hear: (message) => this.#receive(message),
      died: (reason) => this.#fail(reason),
    });
  }

  get ended(): boolean {
    return this.#failure !== undefined;
  }

  get waitingSince(): number | undefined {
    return this.#waiting.values().next().value?.askedAt;
  }

  ask(ask: Ask, onProgress?: OnProgress): Promise<Answer> {
    return this.#ask(this.#number(), ask, onProgress);
  }

  subscribe(text: string, onEvent: (event: string) => void): Subscription {
    const [id, subscription] = [this.#number(), subscriptionKey()];
    this.#listening.set(id, onEvent);
    return {
      first: this.#ask(id, { kind: "subscribe", text, subscription }),
      end: () => {
        if (!this.#listening.delete(id) || this.#failure) return;
        this.#thread.post({ kind: "ask", id: this.#number(), ask: unsubscribe(subscription) });
      },
    };
  }

  end(): void {
    this.#fail("it was ended");
  }

  #number(): number {
    this.#last += 1;
    return this.#last;
  }

  #ask(id: number, ask: Ask, onProgress?: OnProgress): Promise<Answer> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { askedAt: Date.now(), resolve, reject, onProgress });
      try {
        this.#thread.post({ kind: "ask", id, ask });
      } catch (error) {
        this.#waiting.delete(id);
        reject(notSent(error));
      }
    });
  }

  #receive(message: Heard): void {
    switch (message.kind) {
      case "event":
        return this.#listening.get(message.id)?.(message.event);
      case "progress":
        return this.#waiting.get(message.id)?.onProgress?.(message.progress);
      case "answer": {
        this.#waiting.get(message.id)?.resolve(message.answer);
        this.#waiting.delete(message.id);
      }
    }
  }

  #fail(reason: string): void {
    if (this.#failure) return;
    this.#failure = workerFailed(reason);
    this.#thread.end();
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
    this.#listening.clear();
  }
}

/** What ends a subscription. */
export function unsubscribe(subscription: string): Ask {
  return { kind: "unsubscribe", text: subscription };
}

class DirectLink implements Link {
  // Loaded here alone: a page has its core in the worker.
  readonly #engine = import("./engine.js").then(({ Engine }) => Engine.start());
  #failure: FreeholdError | undefined;
  readonly waitingSince = undefined;

  get ended(): boolean {
    return this.#failure !== undefined;
  }

  async ask(ask: Ask, onProgress?: OnProgress): Promise<Answer> {
    if (this.#failure) throw this.#failure;
    try {
      const engine = await this.#engine;
      return plain(await engine.handle(ask, onProgress ?? (() => {})));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `the database's core failed: ${reason}`;
      this.#failure = new FreeholdError({ code: "worker_failed", message });
      throw this.#failure;
    }
  }

  subscribe(text: string, onEvent: (event: string) => void): Subscription {
    const subscription = subscriptionKey();
    let listener: ((event: string) => void) | undefined = onEvent;
    return {
      first: this.ask({ kind: "subscribe", text, subscription }, (event) => listener?.(event)),
      end: () => {
        listener = undefined;
        if (!this.#failure) void this.ask(unsubscribe(subscription)).catch(() => {});
      },
    };
  }

  end(): void {
    this.#failure ??= new FreeholdError({ code: "worker_failed", message: "it was ended" });
  }
}
