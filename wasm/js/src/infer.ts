/**
 * The types of a model's tables, inferred from the model itself where it is a literal.
 *
 * What is done here with types is what the core does when it loads a model: templates, links, the
 * tenant key and other implied columns are added, and references followed to the type of the
 * column that they lead to. Tests hold the outcome against what `freehold generate ts` writes.
 *
 * @packageDocumentation
 */

import type { Part } from "./account.js";
import type { Database } from "./database.js";
import type { Builtin } from "./models.js";
import type { BundleFiles } from "./open.js";
import type { Standard } from "./standard.js";
import type { AnyTables, TablesOf } from "./tables.js";

/** A UUID in lower case. */
export type Uuid = string;
/** A time as it is read: RFC 3339, UTC, milliseconds. */
export type Timestamp = string;
/** `2025-01-31`. A `Date` is an instant, which is another day elsewhere: none is taken here. */
export type PlainDate = string;
/** `23:59:59.000`. */
export type PlainTime = string;
/** A decimal number as text, so that no digit is lost. */
export type Decimal = string;
/** A 64-bit integer as it is read: text, so that no digit is lost and rows stay JSON. */
export type BigInteger = string;
/** Bytes as they are read: base64. `bytesOf` makes an array of them. */
export type Base64 = string;
/** Stands for an encrypted value while no key is at hand. */
export type Locked = { $locked: true };
/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The names of the built-in models. */
export type BuiltinName = keyof Builtin;

/**
 * The types of the tables of a model: of a built-in one by its name, of a literal by what it says.
 * What says nothing, such as a model that is a text, has tables of any form.
 */
export type TablesOfModel<M> = M extends BuiltinName
  ? Builtin[M]
  : M extends { readonly model: infer Inner }
    ? Inner extends string
      ? AnyTables
      : TablesOfModel<Inner>
    : M extends { readonly tables: infer T }
      ? string extends keyof T
        ? AnyTables
        : { [N in keyof AllTables<M> & string]: TypesOf<M, N> }
      : AnyTables;

/** A database with the tables of a model. */
export type DatabaseOf<M> =
  TablesOfModel<M> extends infer T ? (T extends TablesOf<T> ? Database<T> : Database) : never;

/** What can be opened with types of its own. */
export type TypedSource = BuiltinName | { readonly tables: object } | BundleFiles;

type Flat<T> = { [K in keyof T]: T[K] };
type Prop<T, K extends string> = T extends { readonly [P in K]: infer V } ? V : never;

/** The types of one table. */
interface TypesOf<M, N extends string> {
  row: RowOf<M, ColumnsOf<M, N>>;
  insert: InsertRow<M, ColumnsOf<M, N>>;
  update: UpdateRow<M, ColumnsOf<M, N>, PrimaryKey<M, N>>;
  key: KeyRow<M, ColumnsOf<M, N>, PrimaryKey<M, N>>;
  filter: Filterable<ColumnsOf<M, N>>;
  order: Sortable<ColumnsOf<M, N>>;
  tenant: TenantColumn<M, N>;
  part: PartOf<M, N>;
  given: GivenRow<M, N, PartOf<M, N>>;
}

// Tables and their columns.

type TenantKey<M> = Prop<Prop<M, "tenancy">, "key"> & string;
type TenantTable<M> = Prop<Prop<M, "tenancy">, "tenant">;

type Links<M> = M extends { readonly links: infer L } ? L : {};

type AllTables<M> = Flat<Prop<M, "tables"> & { [L in keyof Links<M>]: LinkTable<Links<M>[L]> }>;

interface LinkTable<L> {
  readonly columns: {
    [C in Exclude<keyof L, "policy">]: { readonly type: "ref"; readonly to: L[C] };
  };
  readonly primary_key: readonly (Exclude<keyof L, "policy"> & string)[];
}

type TableOf<M, N> = AllTables<M>[N & keyof AllTables<M>];

/** The tenant key, where the table's rows carry it. */
type TenantColumn<M, N> = [TenantKey<M>] extends [never]
  ? never
  : N extends TenantTable<M>
    ? never
    : TableOf<M, N> extends { readonly scope: "user" | "public" }
      ? never
      : TenantKey<M>;

type OwnKey<T> = T extends { readonly primary_key: readonly (infer C)[] } ? C : "id";
type PrimaryKey<M, N> = OwnKey<TableOf<M, N>> | TenantColumn<M, N>;

type Without<T> = T extends { readonly without: readonly (infer C extends string)[] } ? C : never;
type Own<T> = T extends { readonly columns: infer C } ? C : {};
type Template<M, T> = T extends { readonly template: infer P extends keyof Standard<unknown> }
  ? Standard<Prop<Prop<M, "tenancy">, "user">>[P]
  : {};

/** The columns that a table writes down, and those of its template. */
type Written<M, T> = Flat<Own<T> & Omit<Template<M, T>, (keyof Own<T> & string) | Without<T>>>;

/** All columns of a table. */
type ColumnsOf<M, N> =
  Written<M, TableOf<M, N>> extends infer W ? Flat<W & Implied<M, N, TableOf<M, N>, W>> : never;

type Missing<W, C, V> = C extends keyof W ? unknown : { [K in C & string]: V };

type Implied<M, N, T, W> = (T extends { readonly primary_key: unknown }
  ? unknown
  : Missing<W, "id", { readonly type: "uuid"; readonly auto: "id" }>) &
  ([TenantColumn<M, N>] extends [never]
    ? unknown
    : Missing<W, TenantColumn<M, N>, { readonly type: "ref"; readonly to: TenantTable<M> }>) &
  (T extends { readonly soft_delete: true | object }
    ? Missing<W, "deleted_at", { readonly type: "timestamp"; readonly optional: true }>
    : unknown);

// What tables are for calls about accounts.

type UserTable<M> = Prop<Prop<M, "tenancy">, "user">;
type MemberTable<M> = [Prop<Prop<M, "tenancy">, "member">] extends [never]
  ? HasOneTenantEach<M> extends true
    ? UserTable<M>
    : never
  : Prop<Prop<M, "tenancy">, "member">;
type HasOneTenantEach<M> = [TenantColumn<M, UserTable<M>>] extends [never] ? false : true;

type PartOf<M, N> =
  | Plays<N, TenantTable<M>, "tenant">
  | Plays<N, UserTable<M>, "user">
  | Plays<N, MemberTable<M>, "member">
  | Plays<Prop<TableOf<M, N>, "template">, "invitation", "invitation">
  | Plays<Prop<TableOf<M, N>, "template">, "api_key", "api_key">;
type Plays<N, Named, P extends Part> = [Named] extends [never]
  ? never
  : N extends Named
    ? P
    : never;

/** A row as the call about accounts takes it: what the core makes, and withholds, is missing. */
type GivenRow<M, N, P> = [Extract<P, "tenant" | "user">] extends [never]
  ? [Extract<P, "invitation" | "api_key">] extends [never]
    ? never
    : Said<M, N, Made<P>, TenantColumn<M, N>>
  : Said<M, N, Withheld<M, N>, P extends "tenant" ? Answering<M, N> : never>;

type Made<P> = P extends "invitation"
  ? "token_hash"
  : P extends "api_key"
    ? "key_prefix" | "key_hash"
    : never;

type Said<M, N, Out, Completed> = Flat<
  Omit<InsertRow<M, ColumnsOf<M, N>>, (Out | Completed | KeptColumns<M, N>) & string> & {
    [C in Completed & keyof ColumnsOf<M, N>]?: ValueOf<M, ColumnsOf<M, N>[C], Given>;
  }
>;

/** What nobody but the core and the database's holder writes. */
type KeptColumns<M, N> =
  | Secret<ColumnsOf<M, N>>
  | Like<ColumnsOf<M, N>, { readonly write: "never" }>
  | (TableOf<M, N> extends { readonly soft_delete: true | object } ? "deleted_at" : never);

/** What people don't say of themselves, or of a tenant that they found. */
type Withheld<M, N> = PrimaryKey<M, N> | RoleColumn<M>;

type RoleColumn<M> = [Prop<Prop<M, "tenancy">, "role">] extends [never]
  ? "role" & keyof ColumnsOf<M, MemberTable<M>>
  : Prop<Prop<M, "tenancy">, "role">;

type ToUser<M> = UserTable<M> | `${UserTable<M> & string}.${string}`;

/** The columns of the tenants' table that name whoever answers for a tenant: its founder. */
type Answering<M, N> =
  HasOneTenantEach<M> extends true
    ? never
    : Exclude<
        Like<ColumnsOf<M, N>, { readonly type: "ref"; readonly to: ToUser<M> }>,
        Like<ColumnsOf<M, N>, { readonly optional: true }>
      >;

// Columns and their values.

interface Read {
  text: string;
  integer: number;
  bigint: BigInteger;
  decimal: Decimal;
  real: number;
  boolean: boolean;
  uuid: Uuid;
  timestamp: Timestamp;
  date: PlainDate;
  time: PlainTime;
  blob: Base64;
}

interface Given extends Omit<Read, "bigint" | "timestamp" | "blob"> {
  bigint: BigInteger | number | bigint;
  timestamp: Timestamp | Date;
  blob: Base64 | Uint8Array | ArrayBuffer;
}

/** The value of a column: as it is read, or as it is given. */
type ValueOf<M, C, As> = C extends { readonly type: "ref"; readonly to: infer To }
  ? Referred<M, To, As>
  : C extends { readonly type: `${infer K}[]` }
    ? Scalar<M, C, K, As>[]
    : Scalar<M, C, Prop<C, "type">, As>;

type Scalar<M, C, K, As> = K extends keyof As
  ? As[K]
  : K extends "enum"
    ? Values<Prop<M, "enums">, Prop<C, "of">>
    : K extends "json"
      ? C extends { readonly shape: "object" }
        ? { [key: string]: Json }
        : C extends { readonly shape: "array" }
          ? Json[]
          : Json
      : never;

type Values<E, N> = N extends keyof E ? (E[N] extends readonly (infer V)[] ? V : never) : never;

type Referred<M, To, As> = To extends `${infer N}.${infer C}`
  ? Cell<M, ColumnsOf<M, N>, C, As>
  : Cell<M, ColumnsOf<M, To>, Exclude<OwnKey<TableOf<M, To>>, TenantKey<M>>, As>;

type Cell<M, Columns, C, As> = C extends keyof Columns ? ValueOf<M, Columns[C], As> : never;

type OrNull<C> = C extends { readonly optional: true } ? null : never;
type OrLocked<C> = C extends { readonly encrypted: true } ? Locked : never;

/** The columns whose description is like `D`. */
type Like<Columns, D> = {
  [C in keyof Columns]: Columns[C] extends D ? C : never;
}[keyof Columns];

type Secret<Columns> = Like<Columns, { readonly secret: true }>;
type Encrypted<Columns> = Like<Columns, { readonly encrypted: true }>;
type BlindIndexed<Columns> = Like<Columns, { readonly blind_index: true }>;
type WithJson<Columns> = Like<Columns, { readonly type: "json" | `${string}[]` }>;
type LeftOut<Columns> =
  | Like<Columns, { readonly optional: true }>
  | Like<Columns, { readonly auto: string }>
  | Like<Columns, { readonly default: unknown }>;

type RowOf<M, Columns> = {
  [C in Exclude<keyof Columns, Secret<Columns>>]:
    | ValueOf<M, Columns[C], Read>
    | OrLocked<Columns[C]>
    | OrNull<Columns[C]>;
};

type InsertRow<M, Columns> = Flat<
  { [C in Exclude<keyof Columns, LeftOut<Columns>>]: ValueOf<M, Columns[C], Given> } & {
    [C in LeftOut<Columns>]?: ValueOf<M, Columns[C], Given> | OrNull<Columns[C]>;
  }
>;

type UpdateRow<M, Columns, K> = {
  [C in Exclude<keyof Columns, K>]?: ValueOf<M, Columns[C], Given> | OrNull<Columns[C]>;
};

type KeyRow<M, Columns, K> = { [C in K & keyof Columns]: ValueOf<M, Columns[C], Given> };

type Filterable<Columns> = Exclude<
  keyof Columns & string,
  Secret<Columns> | Exclude<Encrypted<Columns>, BlindIndexed<Columns>>
>;

type Sortable<Columns> = Exclude<
  keyof Columns & string,
  Secret<Columns> | Encrypted<Columns> | WithJson<Columns>
>;
