/**
 * How a page is connected to its database, for apps to show.
 *
 * @packageDocumentation
 */

/**
 * `leading`: this tab has the database, and serves the others. `following`: another tab has it and
 * serves this one. `reconnecting`: nobody has it at the moment; calls wait. `closed`: this page
 * closed it, or let go of it.
 */
export type ConnectionState = "leading" | "following" | "reconnecting" | "closed";

/** Somebody else wants an older version of the app to let go of the database. */
export interface VersionChange {
  /** The newest migration that the other tab knows. */
  readonly wanted: string;
}

type Listener<T> = (news: T) => void;

/** One page's connection to one database. It outlives leaders and workers. */
export class Connection {
  readonly #states = new Set<Listener<ConnectionState>>();
  readonly #versions = new Set<Listener<VersionChange>>();
  #state: ConnectionState = "reconnecting";

  get state(): ConnectionState {
    return this.#state;
  }

  /** Calls the listener with each new state; returns what ends that. */
  onState(listener: Listener<ConnectionState>): () => void {
    this.#states.add(listener);
    return () => this.#states.delete(listener);
  }

  /** Calls the listener when a newer version waits; returns what ends that. */
  onVersionChange(listener: Listener<VersionChange>): () => void {
    this.#versions.add(listener);
    return () => this.#versions.delete(listener);
  }

  enter(state: ConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    tell(this.#states, state);
  }

  /** Tells of a version that waits; whether anybody listens. */
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
