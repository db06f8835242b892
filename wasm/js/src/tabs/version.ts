/**
 * Which version of an app this is, told by its model alone, before any core is loaded.
 *
 * @packageDocumentation
 */

import type { BundleFiles } from "../open.js";

/** The version that the core gives to the one migration that it makes where a model has none. */
export const FIRST_MIGRATION = "1";

/** The newest migration of a bundle: digits. */
export function newestMigration({ up }: BundleFiles): string {
  const names = Object.keys(up ?? {});
  const versions = names.map((name) => /^V(\d+)__/.exec(name)?.[1] ?? "0");
  return versions.reduce((a, b) => (BigInt(a) < BigInt(b) ? b : a), versions[0] ?? FIRST_MIGRATION);
}

/** A hash that tells bundles apart which were not made to be alike (FNV-1a, two lanes). */
export function fingerprint(bundle: object): number {
  const text = JSON.stringify(bundle);
  let [low, high] = [0x811c9dc5, 0xc9dc5118];
  for (let at = 0; at < text.length; at += 1) {
    low = Math.imul(low ^ text.charCodeAt(at), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(at), 0x01000197);
  }
  return (high & 0x1fffff) * 0x100000000 + (low >>> 0);
}

/** A request to open for another tab's core: what this build has checked, another one has not. */
export function unchecked(request: string): string {
  return request.replace('"checked":true,', "");
}
