/**
 * On whose behalf something is called, and the form in which that crosses to the core.
 *
 * @packageDocumentation
 */

/** Who acts: a person by id, a program by its API key's id, or the host's own background work. */
export type Principal = { readonly user: string } | { readonly apiKey: string } | "system";

/** Where a call comes from, as far as the app knows; it ends up in the audit trail. */
export interface Origin {
  /** The caller's IP address. */
  readonly ipAddress?: string;
  /** The caller's user agent. */
  readonly userAgent?: string;
}

/**
 * Who acts, and where. Authentication answers with one; an app that knows otherwise who its user
 * is makes one itself, and vouches for them with that.
 */
export interface Actor {
  /** Who. */
  readonly principal: Principal;
  /** The id of the tenant that they work in; none for a session of the user alone. */
  readonly tenant?: string;
  /** The id of the sub-tenant that they are held to, where the model has sub-tenants. */
  readonly narrowedTo?: string;
  /** Where they are. */
  readonly origin?: Origin;
}

/** An origin as the core reads it. */
export interface WireOrigin {
  /** The IP address. */
  readonly ip_address?: string | undefined;
  /** The user agent. */
  readonly user_agent?: string | undefined;
}

/** An actor as the core reads it. */
export interface WireActor {
  readonly principal: { readonly user: string } | { readonly api_key: string } | "system";
  readonly tenant?: string | undefined;
  readonly narrowed_to?: string | undefined;
  readonly origin?: WireOrigin | undefined;
}

/** @internal What is undefined is left out of JSON. */
export function toWire({ principal, tenant, narrowedTo, origin }: Actor): WireActor {
  const isKey = typeof principal === "object" && "apiKey" in principal;
  return {
    principal: isKey ? { api_key: principal.apiKey } : principal,
    tenant,
    narrowed_to: narrowedTo,
    origin: originToWire(origin),
  };
}

/** @internal */
export function originToWire(origin: Origin | undefined): WireOrigin | undefined {
  return origin && { ip_address: origin.ipAddress, user_agent: origin.userAgent };
}

/** @internal */
export function fromWire({ principal, tenant, narrowed_to, origin }: WireActor): Actor {
  const isKey = typeof principal === "object" && "api_key" in principal;
  const { ip_address, user_agent } = origin ?? {};
  return {
    principal: isKey ? { apiKey: principal.api_key } : principal,
    ...(tenant === undefined ? {} : { tenant }),
    ...(narrowed_to === undefined ? {} : { narrowedTo: narrowed_to }),
    ...(origin === undefined
      ? {}
      : {
          origin: {
            ...(ip_address === undefined ? {} : { ipAddress: ip_address }),
            ...(user_agent === undefined ? {} : { userAgent: user_agent }),
          },
        }),
  };
}
