/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Databases for an app's own tests: in memory, migrated and seeded, one for each test.
 *
 * @packageDocumentation
 */

import type { DatabaseOf, TypedSource } from "./infer.js";
import { openFrom } from "./open.js";
import type { OpenOptions } from "./open.js";

/** What a test's database starts with. */
export interface TestOptions<M> {
  /** The name of a built-in model, a model, or a model with its migrations and seed sets. */
  readonly model: M;
  /** The seed set; none unless given. */
  readonly seed?: string;
  /** Adds the app's own rows to what every test starts with. Runs once. */
  readonly prepare?: (db: DatabaseOf<M>) => Promise<void>;
  /** The master key of encrypted columns. */
  readonly masterKey?: Uint8Array;
  /** The first reading of the clock, which moves 1 ms per reading; the real one unless given. */
  readonly nowMs?: number;
}

/** Makes databases that all start alike. */
export interface TestDatabases<M> {
  /** A database of its own, as a copy of the first one. Close it, or say `await using`. */
  fresh(): Promise<DatabaseOf<M> & AsyncDisposable>;
}

/**
 * Prepares databases for tests: the first one is migrated, seeded and prepared, the others are
 * copies of it, so that no test sees what another one did.
 *
 * Ids and times of a test repeat from run to run where `nowMs` is given.
 *
 * @example
 * ```ts
 * import { testDatabases } from "@freehold/web/testing";
 *
 * const databases = testDatabases({ model: "workflow", seed: "development" });
 *
 * const db = await databases.fresh();
 * await db.owner().insert("tenants", { name: "Acme", slug: "acme" });
 * await db.close();
 *
 * const other = await databases.fresh();
 * console.log(await other.owner().count("tenants", { slug: "acme" })); // 0
 * await other.close();
 * ```
 */
export function testDatabases<const M extends TypedSource>(
  options: TestOptions<M>,
): TestDatabases<M> {
  const { model, masterKey, nowMs } = options;
  const optionsOf = (seed: number): OpenOptions => ({
    name: "test",
    model: model as OpenOptions["model"],
    storage: "memory",
    ...(masterKey ? { masterKey } : {}),
    ...(nowMs === undefined ? {} : { testing: { nowMs, seed } }),
  });
  let image: Promise<Uint8Array> | undefined;

  async function makeImage(): Promise<Uint8Array> {
    const db = await openFrom(optionsOf(1), undefined);
    await db.init({ seed: options.seed ?? null });
    await options.prepare?.(db as unknown as DatabaseOf<M>);
    const bytes = await db.export();
    await db.close();
    return bytes;
  }

  return {
    async fresh() {
      image ??= makeImage();
      const bytes = await image;
      // Other random bytes than the first one had: its rows keep the ids that those gave.
      const db = await openFrom(optionsOf(2), bytes);
      return Object.assign(db, {
        [Symbol.asyncDispose]: () => db.close(),
      }) as unknown as DatabaseOf<M> & AsyncDisposable;
    },
  };
}
