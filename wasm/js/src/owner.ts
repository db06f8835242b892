/**
 * The owner's handle.
 *
 * @packageDocumentation
 */

import { Rows } from "./rows.js";
import type { Reach } from "./rows.js";
import type { AnyTables, TablesOf } from "./tables.js";

/**
 * The unrestricted handle of whoever holds the database: it reaches every tenant's rows. Never
 * give it to code that acts for a user.
 *
 * Every call is all or nothing.
 *
 * @typeParam T - The tables' types.
 *
 * @example
 * ```ts
 * import { open } from "@freehold/web";
 *
 * const db = await open({ name: "app", model: "workflow", storage: "memory" });
 * await db.init();
 * const owner = db.owner();
 * const tenant = await owner.insert("tenants", { name: "Acme", slug: "acme" });
 * await owner.update("tenants", tenant.id, { name: "Acme Corp" });
 * const page = await owner.list("tenants", { filter: { slug: "acme" }, order: ["name"] });
 * console.log(page.rows.length, page.next);
 * ```
 */
export class Owner<T extends TablesOf<T> = AnyTables> extends Rows<T> {
  private constructor(reach: Reach) {
    super(reach);
  }

  /** @internal */
  static of<T extends TablesOf<T>>(reach: Reach): Owner<T> {
    return new Owner<T>(reach);
  }
}
