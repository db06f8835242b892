/**
 * What a worker does, one after the other: requests to its core, and what must not happen between.
 *
 * @packageDocumentation
 */

import { Awake } from "../awake.js";
import type { Engine } from "../engine.js";
import { GIVEN_MS } from "../received.js";
import { isLong, lengthOf } from "../text.js";
import type { Asked, GivenReply } from "./messages.js";
import { Queue } from "./queue.js";

/** The client that is the worker's own page. */
export const OWN = "";

/** How long work goes on before messages that came meanwhile are heard. */
const SLICE_MS = 4;

/** For how long nothing has to come until the core tidies up. */
const REST_MS = 250;

/** By how much the clocks of two threads may differ: some browsers make them coarse. */
const CLOCKS_MS = 40;

/** One thing to do. */
export interface Work {
  /** The request's number at its client, if it is one. */
  readonly id?: number;
  readonly run: (engine: Engine) => Promise<void>;
}

/** Does what it is given: each client's in order, the clients by turns. */
export class Works {
  /** What is being done. */
  current: { readonly client: string; readonly id: number | undefined } | undefined;
  /** Called after each round of work, while nothing is under way. */
  onRest: (() => void) | undefined;
  /** Whether others than the worker's own page are served. */
  isShared = false;
  #gaveAt = -Infinity;
  readonly #queue = new Queue<{ client: string; work: Work }>();
  readonly #start: () => Promise<Engine>;
  readonly #fail: (error: unknown) => void;
  #engine: Promise<Engine> | undefined;
  #isBusy = false;
  #isStopped = false;
  #restedAt = 0;
  #resting: ReturnType<typeof setTimeout> | undefined;
  readonly #awake = new Awake("request");

  constructor(start: () => Promise<Engine>, fail: (error: unknown) => void) {
    this.#start = start;
    this.#fail = fail;
  }

  /** The core, loaded once. */
  engine(): Promise<Engine> {
    this.#engine ??= this.#start();
    return this.#engine;
  }

  /** Puts a request behind the others of its client, with a buffer that may be used for answers. */
  ask(
    client: string,
    { id, ask }: Asked,
    reply: (reply: GivenReply) => void,
    spare?: ArrayBuffer,
  ): void {
    const report = (text: string) => {
      if (ask.kind === "subscribe") reply({ kind: "event", id, event: text });
      else reply({ kind: "progress", id, progress: text });
    };
    const run = async (engine: Engine) => {
      if (spare) engine.lend(spare);
      const mayGive = client === OWN && !this.isShared;
      const answer = await engine.handle(ask, report, mayGive);
      if (isLong(answer) && lengthOf(answer) > 1) this.maybeGiven();
      reply({ kind: "answer", id, answer });
      engine.answered();
    };
    this.add(client, { id, run });
  }

  /** A page may have been given something ahead: this worker's, or that of whoever led before. */
  maybeGiven(): void {
    this.#gaveAt = performance.now();
  }

  /** Resolves when no page uses anything any more that it may have been given. */
  async nothingGiven(): Promise<void> {
    const leftMs = this.#gaveAt + GIVEN_MS + CLOCKS_MS - performance.now();
    if (leftMs > 0) await new Promise((over) => setTimeout(over, leftMs));
  }

  /** Puts work behind the other of its client. */
  add(client: string, work: Work): void {
    this.#queue.add(client, { client, work });
    if (!this.#isBusy) void this.#go();
  }

  /** Forgets what a client asked and nobody has begun. */
  drop(client: string): void {
    this.#queue.drop(client);
  }

  /** Begins nothing any more. */
  stop(): void {
    this.#isStopped = true;
  }

  async #go(): Promise<void> {
    this.#isBusy = true;
    try {
      const engine = await this.engine();
      this.#awake.request();
      let since = performance.now();
      for (let next = this.#queue.next(); next && !this.#isStopped; next = this.#queue.next()) {
        const { client, work } = next;
        this.current = { client, id: work.id };
        await work.run(engine);
        this.current = undefined;
        if (performance.now() - since > SLICE_MS) {
          await hearMessages();
          since = performance.now();
        }
      }
      engine.idle();
      this.#restedAt = performance.now();
      this.#resting ??= setTimeout(() => this.#rest(engine), REST_MS);
    } catch (error) {
      return this.#fail(error);
    }
    this.#isBusy = false;
    this.#awake.answer();
    this.onRest?.();
  }

  /** Has the core tidy up, unless something came meanwhile. */
  #rest(engine: Engine): void {
    this.#resting = undefined;
    if (this.#isStopped || this.#isBusy) return;
    const leftMs = this.#restedAt + REST_MS - performance.now();
    if (leftMs > 0) {
      this.#resting = setTimeout(() => this.#rest(engine), leftMs);
      return;
    }
    try {
      engine.tidy();
    } catch (error) {
      this.#fail(error);
    }
  }
}

const breath = new MessageChannel();
let breathed = () => {};
breath.port1.onmessage = () => breathed();

/** Lets messages in that came before. */
function hearMessages(): Promise<void> {
  return new Promise((heard) => {
    breathed = heard;
    breath.port2.postMessage(null);
  });
}
