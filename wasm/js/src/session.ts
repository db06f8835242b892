/**
 * Sessions: somebody's handle on an open database.
 *
 * @packageDocumentation
 */

import type { Founded, PartGiven, PartKey, PartRow } from "./account.js";
import type { Actor } from "./actor.js";
import type { CreatedApiKey, Invited } from "./results.js";
import { Rows } from "./rows.js";
import type { Reach } from "./rows.js";
import type { AnyTables, TablesOf } from "./tables.js";

/**
 * An actor's handle: it reads and writes what the model's policies let the actor, and nothing
 * else. Rows that they may not see don't exist in it: reads leave them out, writes reject with
 * `not_found`; what they see and may not change rejects with `denied`.
 *
 * What the actor may do is looked up with every call. A call of somebody who has no access (any
 * more) rejects with `session_ended`. Cheap to make; several may be used side by side.
 *
 * @typeParam T - The tables' types.
 *
 * @example
 * ```ts
 * import { open } from "@freehold/web";
 *
 * const db = await open({ name: "app", model: "workflow", storage: "memory" });
 * await db.init({ seed: "development" });
 * const actor = await db.authenticate({ email: "admin@example.com", password: "admin123" });
 * const session = db.session(actor);
 * const { rows } = await session.list("workflows", { order: ["name"] });
 * console.log(await session.role(), rows.length);
 * ```
 */
export class Session<T extends TablesOf<T> = AnyTables> extends Rows<T, "session"> {
  /** Whose session it is. */
  readonly actor: Actor;

  private constructor(reach: Reach, actor: Actor) {
    super(reach);
    this.actor = actor;
  }

  /** @internal */
  static of<T extends TablesOf<T>>(reach: Reach, actor: Actor): Session<T> {
    return new Session<T>(reach, actor);
  }

  /** The role that the actor holds in the session's tenant; `null` where there is none. */
  role(): Promise<string | null> {
    return this.call("role", {}) as Promise<string | null>;
  }

  /**
   * Founds a tenant with the actor as its first member; the tenant's row. For sessions of a person
   * without a tenant, in models whose people may belong to several.
   *
   * Rejects with `unavailable` (the slug), `denied`, `invalid`.
   */
  createTenant(row: Founded<T>): Promise<PartRow<T, "tenant">> {
    return this.call("create_tenant", { row }) as Promise<PartRow<T, "tenant">>;
  }

  /** Changes the slug of the session's tenant; its row. Rejects with `unavailable`, `denied`. */
  changeSlug(slug: string): Promise<PartRow<T, "tenant">> {
    return this.call("change_slug", { slug }) as Promise<PartRow<T, "tenant">>;
  }

  /** Changes the actor's own password. Rejects with `bad_credentials` for a wrong old one. */
  async changePassword(change: { readonly old: string; readonly new: string }): Promise<void> {
    await this.call("change_password", change);
  }

  /**
   * Changes the actor's own e-mail address; their row. That the address is theirs is for the app
   * to prove beforehand.
   *
   * Rejects with `bad_credentials`, `unavailable`, `invalid`.
   */
  changeEmail(change: {
    readonly email: string;
    readonly password: string;
  }): Promise<PartRow<T, "user">> {
    return this.call("change_email", change) as Promise<PartRow<T, "user">>;
  }

  /**
   * Invites an address into the session's tenant. The token is shown this once: send it to the
   * address. Rejects with `denied`, `invalid`.
   */
  invite(row: PartGiven<T, "invitation">): Promise<Invited<PartRow<T, "invitation">>> {
    return this.call("invite", { row }) as Promise<Invited<PartRow<T, "invitation">>>;
  }

  /**
   * Accepts an invitation to the actor's own address; the membership. For sessions of a person
   * without a tenant. Rejects with `bad_credentials`, whatever is wrong with the token.
   */
  acceptInvitation(token: string): Promise<PartRow<T, "member">> {
    return this.call("accept_invitation", { token }) as Promise<PartRow<T, "member">>;
  }

  /**
   * Makes an API key, which begins with a prefix of 2 to 16 lower-case letters and digits. The key
   * is shown this once. Rejects with `denied`, `invalid`.
   */
  createApiKey(
    prefix: string,
    row: PartGiven<T, "api_key">,
  ): Promise<CreatedApiKey<PartRow<T, "api_key">>> {
    const made = this.call("create_api_key", { prefix, row });
    return made as Promise<CreatedApiKey<PartRow<T, "api_key">>>;
  }

  /** Revokes an API key at once; its row. Rejects with `not_found`, `denied`. */
  revokeApiKey(key: PartKey<T, "api_key", "session">): Promise<PartRow<T, "api_key">> {
    return this.call("revoke_api_key", { key }) as Promise<PartRow<T, "api_key">>;
  }
}
