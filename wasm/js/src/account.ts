/**
 * What the calls about accounts take and answer with: the rows of those tables that the model says
 * are tenants, people, members, invitations and API keys.
 *
 * @packageDocumentation
 */

import type { HandleKind, Key, KeyOf, Row, TableTypes } from "./tables.js";

/** What a table is for the calls about accounts. */
export type Part = "tenant" | "user" | "member" | "invitation" | "api_key";

/** The types of the table that plays a part. */
export type Playing<T, P extends Part> = {
  [N in keyof T]: T[N] extends { part: infer Q } ? (P extends Q ? T[N] : never) : never;
}[keyof T];

/** Whether the types say which table plays which part. */
type Says<T> = [T[keyof T]] extends [{ part: unknown }] ? true : false;

/** A row of the table that plays a part, as it is read; nothing where there is no such table. */
export type PartRow<T, P extends Part> =
  Says<T> extends true ? Member<Playing<T, P>, "row"> : Row;

/**
 * A row of the table that plays a part, as its call takes it: without columns that the core fills
 * in or that aren't for people to say. Nothing where there is no such table.
 */
export type PartGiven<T, P extends Part> =
  Says<T> extends true ? Member<Playing<T, P>, "given"> : Row;

/** The key of a row of the table that plays a part, as a handle takes it. */
export type PartKey<T, P extends Part, H extends HandleKind> =
  Says<T> extends true
    ? Playing<T, P> extends infer X extends TableTypes
      ? KeyOf<X, H>
      : never
    : Key;

/** A tenant that a person founds who has signed up; none where people belong to one tenant each. */
export type Founded<T> = HasOneTenantEach<T> extends true ? never : PartGiven<T, "tenant">;

/** A tenant that is founded along with an account, where people belong to one tenant each. */
export type FoundedAlong<T> = HasOneTenantEach<T> extends false ? never : PartGiven<T, "tenant">;

/** Whether people belong to one tenant each; unknown where the types don't say who is what. */
type HasOneTenantEach<T> =
  Says<T> extends true
    ? [Playing<T, "user">] extends [{ tenant: infer C }]
      ? [C] extends [never]
        ? false
        : true
      : false
    : unknown;

type Member<X, K extends string> = X extends { [P in K]: infer V } ? V : never;
