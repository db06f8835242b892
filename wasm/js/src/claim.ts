/**
 * Which databases are open in some tab. The files themselves are guarded by the browser; this lets
 * a page wait until nobody has them, to remove them, without asking again and again.
 *
 * @packageDocumentation
 */

import { later } from "./later.js";

const LOCK_PREFIX = "freehold-database-";

/** Says that this page has a database open, until the returned function is called or it closes. */
export function claim(name: string): () => void {
  const { locks } = navigator as { locks?: LockManager };
  const released = later<void>();
  locks
    ?.request(LOCK_PREFIX + name, { mode: "shared" }, () => released.promise)
    .catch(() => {
      // Without the lock others can't wait for this page; nothing else depends on it.
    });
  return released.resolve;
}

/**
 * Resolves when no tab has the database open any more; at once where none has.
 *
 * Another tab may be faster: `removeDatabase` can still reject with `held_by_another_tab`.
 *
 * @param signal - Ends the waiting; the promise then rejects with the signal's reason.
 */
export async function whenFree(name: string, signal?: AbortSignal): Promise<void> {
  const { locks } = navigator as { locks?: LockManager };
  await locks?.request(LOCK_PREFIX + name, signal ? { signal } : {}, () => {});
}
