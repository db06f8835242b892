/**
 * What the browser's locks tell of others: who is there, and when they are gone.
 *
 * @packageDocumentation
 */

import { leaderLock } from "./messages.js";

/** The names of the locks that are held, in any tab of this origin. */
export async function heldLocks(): Promise<string[]> {
  const { held = [] } = await navigator.locks.query();
  return held.map(({ name = "" }) => name);
}

/** Whether some tab has a database open, or is about to. */
export async function isLed(name: string): Promise<boolean> {
  return (await heldLocks()).includes(leaderLock(name));
}

/**
 * Waits until whoever holds a lock is gone, however they went; whether that is so, and not only
 * the signal's wish to wait no longer.
 */
export function whenReleased(lock: string, signal: AbortSignal): Promise<boolean> {
  const released = navigator.locks.request(lock, { mode: "shared", signal }, () => {});
  return released.then(
    () => true,
    () => false,
  );
}
