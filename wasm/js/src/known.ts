/**
 * Which bundles this build of the core has opened here before, so that it need not check them again
 * at each start. Another build may know of further mistakes, and checks anew.
 *
 * @packageDocumentation
 */

import { BUILD } from "./models.js";
import { inNode } from "./node.js";
import { fingerprint } from "./tabs/version.js";

/** What is known of a bundle. */
export interface Known {
  readonly fingerprint: number;
  /** Whether it was opened before. */
  readonly isKnown: boolean;
  /** Remembers that it was. */
  remember(): void;
}

/** Whether the bundle of a model that a database is opened by is known. */
export function knownBundle(name: string, model: string | object, bundle: object): Known {
  // A name: the built-in models were checked when they were written, and go with a build.
  if (typeof model === "string") {
    return { fingerprint: fingerprint([model, BUILD]), isKnown: true, remember: () => {} };
  }
  const key = `freehold-checked-${name}`;
  const hash = fingerprint(bundle);
  const value = `${BUILD} ${hash}`;
  return {
    fingerprint: hash,
    isKnown: attempt((storage) => storage.getItem(key) === value) ?? false,
    remember: () => attempt((storage) => storage.setItem(key, value)),
  };
}

/** Where a page may keep nothing, everything is new. */
function attempt<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return inNode() ? undefined : use(localStorage);
  } catch {
    return undefined;
  }
}
