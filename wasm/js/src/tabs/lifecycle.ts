/**
 * When the browser puts a page to sleep, and when it wakes up.
 *
 * A page that is frozen, or kept for the way back, runs no code and may never wake up, so that it
 * has to let go of what others wait for before.
 *
 * @packageDocumentation
 */

/** Calls back when the page falls asleep or goes away, and when it wakes up; what ends that. */
export function whenAsleep(sleep: () => void, wake: () => void): () => void {
  if (typeof document === "undefined") return () => {};
  const watch = new AbortController();
  const options = { signal: watch.signal };
  let isAwake = true;
  const fallAsleep = () => {
    if (isAwake) sleep();
    isAwake = false;
  };
  const wakeUp = () => {
    if (!isAwake) wake();
    isAwake = true;
  };
  document.addEventListener("freeze", fallAsleep, options);
  document.addEventListener("resume", wakeUp, options);
  window.addEventListener("pagehide", fallAsleep, options);
  window.addEventListener("pageshow", wakeUp, options);
  return () => watch.abort();
}
