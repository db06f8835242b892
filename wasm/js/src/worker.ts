/**
 * The dedicated worker that owns a database: a browser hands out synchronous files nowhere else.
 *
 * @packageDocumentation
 */

import { Engine } from "./engine.js";
import type { FromWorker, ToWorker } from "./link.js";

/** The part of a worker's global scope that is used here. */
interface Scope {
  readonly name: string;
  readonly navigator: { readonly locks?: LockManager };
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  close(): void;
}

const scope = globalThis as unknown as Scope;

/** Requests are answered in the order in which they came. */
let turn: Promise<void> = start();
let engine: Engine;

scope.onmessage = ({ data }) => {
  turn = turn.then(() => answer(data));
};

async function start(): Promise<void> {
  try {
    engine = await Engine.start();
    await holdLock();
    scope.postMessage({ kind: "ready" });
  } catch (error) {
    fail(error);
  }
}

async function answer({ id, ask }: ToWorker): Promise<void> {
  try {
    const report = (progress: string) => scope.postMessage({ kind: "progress", id, progress });
    const answer = await engine.handle(ask, report);
    const transfer = typeof answer === "string" ? [] : [answer.buffer];
    scope.postMessage({ kind: "answer", id, answer }, transfer);
  } catch (error) {
    fail(error);
  }
}

/** Says why and stops: an instance that panicked can't be trusted with the next request. */
function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  scope.postMessage({ kind: "failed", message });
  scope.close();
}

/**
 * Holds a lock named like this worker for as long as it lives. The page waits for it, and gets it
 * when the worker is gone, however it went.
 */
function holdLock(): Promise<void> {
  const { locks } = scope.navigator;
  if (!locks) return Promise.resolve();
  return new Promise((held, refused) => {
    const forever = () => {
      held();
      return new Promise<never>(() => {});
    };
    locks.request(scope.name, forever).catch(refused);
  });
}
