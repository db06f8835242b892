/**
 * A thread that stays awake in a conversation with another one.
 *
 * The system takes longer to wake a thread that sleeps than the core takes for most requests. So
 * where requests follow each other closely, each made as soon as the one before is answered, both
 * sides stay awake while they wait for the other: for a moment at most, and in tasks of the lowest
 * priority, before which everything else has its turn. Around a request that comes alone nothing of
 * that happens.
 *
 * @packageDocumentation
 */

/** How soon after an answer the next request has to come. */
const NEAR_MS = 0.5;

/** How long a thread stays awake. Clocks of pages may be as coarse as a millisecond. */
const AWAKE_MS = 0.25;

/** What the newer browsers have. Without it threads sleep. */
interface Scheduler {
  postTask(task: () => void, options: { readonly priority: "background" }): unknown;
}

/** Keeps its thread awake while it waits. */
export class Awake {
  readonly #scheduler = (globalThis as { scheduler?: Partial<Scheduler> }).scheduler;
  readonly #waitsFor: "request" | "answer";
  #answeredAt = -Infinity;
  #isNear = false;
  #until = -Infinity;
  #isRunning = false;

  /** A worker waits for a request, a page for an answer. */
  constructor(waitsFor: "request" | "answer") {
    this.#waitsFor = waitsFor;
  }

  /** A request was made, or came. */
  request(): void {
    const now = performance.now();
    this.#isNear = now - this.#answeredAt < NEAR_MS;
    this.#turn("answer", now);
  }

  /** A request was answered. */
  answer(): void {
    this.#answeredAt = performance.now();
    this.#turn("request", this.#answeredAt);
  }

  #turn(next: "request" | "answer", now: number): void {
    const isWaiting = this.#isNear && next === this.#waitsFor;
    this.#until = isWaiting ? now + AWAKE_MS : -Infinity;
    if (isWaiting && !this.#isRunning) this.#run();
  }

  readonly #run = (): void => {
    this.#isRunning = this.#scheduler?.postTask !== undefined && performance.now() < this.#until;
    if (this.#isRunning) this.#scheduler?.postTask?.(this.#run, { priority: "background" });
  };
}
