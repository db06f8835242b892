/**
 * How a page is connected to its database, for apps to show.
 *
 * @packageDocumentation
 */

/**
 * `leading`: this page's worker has the database, and serves other tabs. `following`: another tab
 * has it and serves this one. `reconnecting`: nobody has it at the moment, and calls wait.
 * `closed`: this page closed it, or had to let go of it.
 */
export type ConnectionState = "leading" | "following" | "reconnecting" | "closed";

/** Somebody waits for this version of the app to let go of the database. */
export interface VersionChange {
  /** The newest migration that the waiting tab knows. */
  readonly wanted: string;
}

type Listener<T> = (news: T) => void;

/**
 * One page's connection to one database. It outlives leaders and workers.
 *
 * @example
 * ```ts
 * import { open } from "@freehold/web";
 *
 * const db = await open({ name: "app", model: "workflow", storage: "memory" });
 * const end = db.connection.onState((state) => console.log(state));
 * db.connection.onVersionChange(async ({ wanted }) => {
 *   console.log(`version ${wanted} waits`); // Save what is unsaved, and then:
 *   await db.close();
 * });
 * console.log(db.connection.state, db.connection.waitingMs); // "leading" 0
 * end();
 * ```
 */
export class Connection {
  readonly #states = new Set<Listener<ConnectionState>>();
  readonly #versions = new Set<Listener<VersionChange>>();
  #state: ConnectionState = "reconnecting";
  #waitingSince: (() => number | undefined) | undefined;

  private constructor() {}

  /** @internal */
  static make(): Connection {
    return new Connection();
  }

  /** How it is now. */
  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * For how long the oldest call has had no answer, in milliseconds; 0 where there is none. It
   * tells a leader that is busy, or that a debugger stopped, from a quick one.
   */
  get waitingMs(): number {
    const since = this.#waitingSince?.();
    return since === undefined ? 0 : Date.now() - since;
  }

  /** Calls the listener with each new state; returns what ends that. */
  onState(listener: Listener<ConnectionState>): () => void {
    this.#states.add(listener);
    return () => this.#states.delete(listener);
  }

  /**
   * Calls the listener when a newer version of the app, in another tab, wants this one to let go.
   * The other tab waits until this page has called `close` or is gone, so save what is unsaved and
   * do so, or reload. Where nobody listens this page lets go by itself: calls that are under way
   * are answered, and later ones reject with `held_by_newer_version`. Returns what ends the
   * listening.
   */
  onVersionChange(listener: Listener<VersionChange>): () => void {
    this.#versions.add(listener);
    return () => this.#versions.delete(listener);
  }

  /** @internal */
  enter(state: ConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    tell(this.#states, state);
  }

  /** @internal Where the calls are that have no answer yet. */
  waitsFor(waitingSince: () => number | undefined): void {
    this.#waitingSince = waitingSince;
  }

  /** @internal Tells of a version that waits; whether anybody listens. */
  wanted(change: VersionChange): boolean {
    tell(this.#versions, change);
    return this.#versions.size > 0;
  }
}

/** A listener's exception is the app's own: it reaches the console and nobody else. */
function tell<T>(listeners: ReadonlySet<Listener<T>>, news: T): void {
  for (const listener of [...listeners]) {
    try {
      listener(news);
    } catch (error) {
      reportError(error);
    }
  }
}
