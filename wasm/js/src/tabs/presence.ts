/**
 * Which versions of the app have a database open, in any tab.
 *
 * A tab holds a lock while it has the database open, or waits for it. The lock's name says its
 * version, so that the browser's list of locks is the list of tabs: it needs no tab's help, and a
 * tab that died is not in it. Each tab has its lock before it looks, so of two that come at the
 * same time at least one sees the other: it asks for both at once, and browsers answer in order
 * (Web Locks API, one queue); where its own lock is missing it looks again.
 *
 * @packageDocumentation
 */

import { FreeholdError } from "../error.js";
import { heldLocks, whenReleased } from "./locks.js";
import { PROTOCOL, channelOfAll } from "./messages.js";
import type { Broadcast } from "./messages.js";

/** A version of an app, as far as its database is concerned. */
export interface AppVersion {
  readonly protocol: number;
  /** The newest migration: digits. */
  readonly version: string;
}

/** What to do where older versions have the database open. */
export interface WhenHeld {
  readonly whenHeld: "wait" | "reject";
  /** Called once there is somebody to wait for. */
  readonly onHeld: (() => void) | undefined;
}

/** A tab's place in the list. */
export class Presence {
  readonly client = crypto.randomUUID();
  /** The name of its lock. */
  readonly lock: string;
  readonly #name: string;
  readonly #version: string;
  readonly #gone = new AbortController();
  #leave = () => {};

  constructor(name: string, version: string) {
    this.#name = name;
    this.#version = version;
    this.lock = `${prefix(name)}${PROTOCOL}/${version}/${this.client}`;
  }

  /**
   * Enters the list, and waits there until no older version has the database open. Rejects with
   * `held_by_newer_version`, with `held_by_older_version` where nobody is to be waited for, and
   * mostly where the list was left meanwhile.
   *
   * @param ready - Resolves when this tab has what it will open: nobody is asked to let go before.
   */
  async enter(held: WhenHeld, ready: Promise<unknown>): Promise<void> {
    const entered = this.#hold();
    try {
      await Promise.all([entered, this.#takeTurn(held, entered, ready)]);
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  /** Leaves the list. */
  leave(): void {
    this.#gone.abort();
    this.#leave();
  }

  #hold(): Promise<void> {
    return new Promise((entered, refused) => {
      const hold = () => {
        entered();
        return new Promise<void>((leave) => {
          this.#leave = leave;
        });
      };
      const options = { signal: this.#gone.signal };
      navigator.locks.request(this.lock, options, hold).catch(refused);
    });
  }

  async #takeTurn(
    { whenHeld, onHeld }: WhenHeld,
    entered: Promise<void>,
    ready: Promise<unknown>,
  ): Promise<void> {
    for (let round = 0; ; round += 1) {
      const older = await this.#older(entered);
      if (older.length === 0) return;
      if (whenHeld === "reject") throw heldByOlder();
      // They may be gone by then.
      if (round === 0) await ready;
      else await this.#outwait(older, round === 1 ? onHeld : undefined);
      this.#gone.signal.throwIfAborted();
    }
  }

  /** Asks older versions to let go, and waits until those are gone. */
  async #outwait(older: readonly string[], onHeld: (() => void) | undefined): Promise<void> {
    onHeld?.();
    const channel = new BroadcastChannel(channelOfAll(this.#name));
    const wanted = { kind: "wanted", protocol: PROTOCOL, version: this.#version } as const;
    channel.postMessage(wanted satisfies Broadcast);
    await Promise.all(older.map((lock) => whenReleased(lock, this.#gone.signal)));
    channel.close();
  }

  /** The locks of older versions. Throws where a newer one is there. */
  async #older(entered: Promise<void>): Promise<string[]> {
    const own = { protocol: PROTOCOL, version: this.#version };
    const others = await this.#others(entered);
    if (others.some((other) => compareVersions(other, own) > 0)) throw heldByNewer();
    return others.filter((other) => compareVersions(other, own) < 0).map(({ lock }) => lock);
  }

  async #others(entered: Promise<void>): Promise<(AppVersion & { lock: string })[]> {
    let names = await heldLocks();
    if (!names.includes(this.lock)) {
      // A browser that keeps another order.
      await entered;
      names = await heldLocks();
    }
    return names.flatMap((lock) => {
      if (lock === this.lock || !lock.startsWith(prefix(this.#name))) return [];
      const [protocol, version] = lock.slice(prefix(this.#name).length).split("/");
      return version === undefined ? [] : [{ lock, protocol: Number(protocol), version }];
    });
  }
}

/** Less than 0 where the first is older, more than 0 where it is newer. */
export function compareVersions(a: AppVersion, b: AppVersion): number {
  if (a.protocol !== b.protocol) return a.protocol - b.protocol;
  const [first, second] = [BigInt(a.version), BigInt(b.version)];
  return first < second ? -1 : Number(first > second);
}

/** What an older version of the app is told. */
export function heldByNewer(): FreeholdError {
  const message = "a newer version of this app has the database open; reload the page";
  return new FreeholdError({ code: "held_by_newer_version", message });
}

function heldByOlder(): FreeholdError {
  const message = "older versions of this app have the database open in other tabs; close them";
  return new FreeholdError({ code: "held_by_older_version", message });
}

const prefix = (name: string): string => `freehold-tab/${name}/`;
