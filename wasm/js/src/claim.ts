/**
 * Which databases are open in some tab. The files themselves are guarded by the browser; this lets
 * another tab wait for them without asking again and again.
 *
 * @packageDocumentation
 */

const LOCK_PREFIX = "freehold-database-";

/** Says that this page has a database open, until the returned function is called or it closes. */
export function claim(name: string): () => void {
  const { locks } = navigator as { locks?: LockManager };
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  locks
    ?.request(LOCK_PREFIX + name, () => held)
    .catch(() => {
      // Without the lock others can't wait for this page; nothing else depends on it.
    });
  return release;
}

/**
 * Resolves when no tab has the database open any more; at once where none has.
 *
 * Another tab may be faster: `open` can still reject with `held_by_another_tab` afterwards.
 *
 * @param signal - Ends the waiting; the promise then rejects with the signal's reason.
 */
export async function whenFree(name: string, signal?: AbortSignal): Promise<void> {
  const { locks } = navigator as { locks?: LockManager };
  const options: LockOptions = { mode: "shared", ...(signal ? { signal } : {}) };
  await locks?.request(LOCK_PREFIX + name, options, () => {});
}
