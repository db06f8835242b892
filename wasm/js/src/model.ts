/**
 * The model format as TypeScript types: the same structure that `model.toml` and JSON have.
 *
 * Names are checked while one types: a reference must name a table of the model, an enum column
 * one of its enums. What types can't say (a key naming a column, an expression) the core checks
 * when the model loads.
 *
 * @packageDocumentation
 */

/**
 * The declarative description of an app's data.
 *
 * @typeParam T - The names of the tables.
 * @typeParam E - The names of the enums.
 */
export interface Model<T extends string = string, E extends string = string> {
  /** The JSON Schema for editors. */
  readonly $schema?: string;
  /** The model's name, snake_case. */
  readonly name: string;
  /** The name for people. */
  readonly title?: string;
  /** One sentence for people. */
  readonly description?: string;
  /** Whose rows are kept apart. Without it the model has no tenants. */
  readonly tenancy?: Tenancy<NoInfer<T>>;
  /** Named lists of values. */
  readonly enums?: Readonly<Record<E, readonly string[]>>;
  /** Reusable conditions for policies: `"in_team(id)": "id IN (…)"`. */
  readonly predicates?: Readonly<Record<string, string>>;
  /** The tables, in the order in which people see them. */
  readonly tables: Readonly<Record<T, Table<NoInfer<T>, NoInfer<E>>>>;
  /** Many-to-many relations: the names of two columns and the tables they refer to. */
  readonly links?: Readonly<Record<string, Link<NoInfer<T>>>>;
}

/** Which tables and which column carry the tenancy. */
export interface Tenancy<T extends string = string> {
  /** The table whose rows are the tenants. */
  readonly tenant: T;
  /** The column that tenant-scoped tables carry. */
  readonly key: string;
  /** The table of people. */
  readonly user?: T;
  /** The table that says which people belong to which tenants. */
  readonly member?: T;
  /** The column that holds a person's role; `role`, where there is one, unless given. */
  readonly role?: string;
  /** An expression: what must be true of a user's row for them to act. */
  readonly user_active?: string;
  /** An expression: what must be true of a membership's row for it to count. */
  readonly member_active?: string;
  /** An expression: what must be true of a tenant's row for anybody to act in it. */
  readonly tenant_active?: string;
  /** An expression: what must be true of an API key's row for it to count. */
  readonly key_active?: string;
  /** The role of whoever creates a tenant. */
  readonly founder?: string;
  /** The table to one row of which a session in a tenant can be narrowed. */
  readonly narrow?: T;
}

/** A table. */
export interface Table<T extends string = string, E extends string = string> {
  /** "One row is …". */
  readonly doc?: string;
  /** The stable id: the table's first name. */
  readonly id?: string;
  /** Whose rows it holds; a tenant's, unless said otherwise. */
  readonly scope?: Scope;
  /** With scope `user`: the column that names the user. */
  readonly owner?: string;
  /** The standard table that this one extends. */
  readonly template?: Template;
  /** Columns of the template to leave out. */
  readonly without?: readonly string[];
  /** The columns, in order. */
  readonly columns?: Readonly<Record<string, Column<T, E>>>;
  /** The primary key; `["id"]` unless given. The tenant key is put first by itself. */
  readonly primary_key?: readonly string[];
  /** Unique keys. The tenant key is put first by itself. */
  readonly unique?: readonly Unique[];
  /** Secondary indexes. The tenant key is put first by itself. */
  readonly indexes?: readonly Index[];
  /** References over several columns. */
  readonly references?: readonly WideReference<T>[];
  /** Cross-field rules by name. */
  readonly checks?: Readonly<Record<string, string>>;
  /** Whether deleting hides; with `cascade`, children are hidden along. */
  readonly soft_delete?: boolean | { readonly cascade?: boolean };
  /** Whether every version of a row is kept. */
  readonly versioned?: boolean;
  /** Whether every change leaves an audit entry. */
  readonly audited?: boolean;
  /** Overrules the choice between a rowid table and one without. */
  readonly rowid?: boolean;
  /** Who may do what; nothing said means denied. */
  readonly policy?: Policy;
}

/** A many-to-many relation: two columns with the tables they refer to, and who may do what. */
export type Link<T extends string = string> = Readonly<Record<string, T | Policy>>;

/** Whose rows a table holds. */
export type Scope = "tenant" | "user" | "public";

/** The standard tables. */
export type Template =
  | "tenant"
  | "user"
  | "membership"
  | "team"
  | "invitation"
  | "api_key"
  | "permission"
  | "audit_log"
  | "versions";

/** A unique key: its columns, or with what NULLs do. */
export type Unique =
  | readonly string[]
  | { readonly columns: readonly string[]; readonly nulls?: "equal" | "distinct" };

/** An index: its columns (`"created_at desc"`), or with whether it crosses tenants. */
export type Index =
  readonly string[] | { readonly columns: readonly string[]; readonly cross_tenant?: boolean };

/** A reference over several columns. */
export interface WideReference<T extends string = string> {
  /** The referring columns. */
  readonly columns: readonly string[];
  /** The table referred to. */
  readonly to: T;
  /** The columns referred to. */
  readonly to_columns: readonly string[];
  /** What happens when the row referred to is deleted; `restrict` unless given. */
  readonly on_delete?: OnDelete;
}

/** What happens to a referring row when the row referred to is deleted. */
export type OnDelete = "cascade" | "restrict" | "set_null";

/** Who may do what with a table's rows: an expression, or a list of roles. */
export interface Policy {
  /** Who may read. */
  readonly read?: Grant;
  /** Who may insert, update and delete, where those aren't given. */
  readonly write?: Grant;
  /** Who may insert. */
  readonly insert?: Grant;
  /** Who may update. */
  readonly update?: Grant;
  /** Who may delete. */
  readonly delete?: Grant;
}

/** An expression, or the roles that may. */
export type Grant = string | readonly [string, ...string[]];

/** A column: its type with what that type takes, and what every column takes. */
export type Column<T extends string = string, E extends string = string> =
  | TextColumn
  | NumberColumn
  | DecimalColumn
  | PlainColumn
  | JsonColumn
  | EnumColumn<E>
  | ReferenceColumn<T>;

/** A type, or an array of it. */
export type Many<K extends string> = K | `${K}[]`;

/** What every column takes. */
export interface ColumnBase {
  /** What it holds, for people. */
  readonly doc?: string;
  /** The stable id: the column's first name. */
  readonly id?: string;
  /** Whether it may be NULL. */
  readonly optional?: boolean;
  /** The value when the column is left out. */
  readonly default?: unknown;
  /** Whether it is encrypted at rest. */
  readonly encrypted?: boolean;
  /** Whether equality can be asked of an encrypted column. */
  readonly blind_index?: boolean;
  /** Whether it never leaves the core: hashes of passwords and keys. */
  readonly secret?: boolean;
  /** When sessions may write it: always, only with the insert, or never. */
  readonly write?: "always" | "once" | "never";
  /** The least value, or the least length in characters, bytes or items. */
  readonly min?: number;
  /** The greatest value, or the greatest length in characters, bytes or items. */
  readonly max?: number;
}

/** Text. */
export interface TextColumn extends ColumnBase {
  /** The type. */
  readonly type: Many<"text">;
  /** A regular expression without look-around and back-references. */
  readonly pattern?: string;
  /** A named format. */
  readonly format?: Format;
}

/** A named format of text. */
export type Format =
  "email" | "url" | "slug" | "hostname" | "ip" | "semver" | "mime" | "color" | "timezone" | "phone";

/** A number: `integer` within ±(2^53−1), `bigint` of 64 bits, `real` a finite double. */
export interface NumberColumn extends ColumnBase {
  /** The type. */
  readonly type: Many<"integer" | "bigint" | "real">;
}

/** A decimal number, exact. */
export interface DecimalColumn extends ColumnBase {
  /** The type. */
  readonly type: Many<"decimal">;
  /** All digits, at most 18. */
  readonly precision: number;
  /** The digits after the point. */
  readonly scale: number;
}

/** A type that takes nothing of its own, apart from what the core fills in. */
export interface PlainColumn extends ColumnBase {
  /** The type. */
  readonly type: Many<"boolean" | "uuid" | "timestamp" | "date" | "time" | "blob">;
  /** What the core fills in: a new id, the time of the insert, the time of the last write. */
  readonly auto?: "id" | "created" | "updated";
}

/** JSON. */
export interface JsonColumn extends ColumnBase {
  /** The type. */
  readonly type: Many<"json">;
  /** What the outermost value must be. */
  readonly shape?: "any" | "object" | "array";
}

/** One of an enum's values. */
export interface EnumColumn<E extends string = string> extends ColumnBase {
  /** The type. */
  readonly type: Many<"enum">;
  /** The enum's name. */
  readonly of: E;
}

/** A reference to a row of another table. */
export interface ReferenceColumn<T extends string = string> extends ColumnBase {
  /** The type. */
  readonly type: "ref";
  /** The table, or `"plans.code"` for a unique column other than its key. */
  readonly to: T | `${T}.${string}`;
  /** What happens when the row referred to is deleted; `restrict` unless given. */
  readonly on_delete?: OnDelete;
  /** What the core fills in: the person in whose session the row is inserted. */
  readonly auto?: "user";
}

// A literal is checked name by name: a type that is inferred lets keys through that the format does
// not have, and a message about a record of columns would not say which of them is meant.

/** What no key of the format may be. */
type NoOther<Given, Known> = { readonly [K in Exclude<keyof Given, keyof Known>]?: never };

/** What columns of a type take. */
type ColumnOf<K, C = Column> = C extends { readonly type: infer Known }
  ? K extends Known
    ? C
    : never
  : never;

type CheckedColumn<C, T extends string, E extends string> = Column<T, E> &
  (C extends { readonly type: infer K } ? NoOther<C, ColumnOf<K>> : unknown);

type CheckedTable<D, T extends string, E extends string> = Omit<Table<T, E>, "columns"> &
  NoOther<D, Table> & {
    readonly columns?: {
      readonly [C in keyof ColumnsIn<D>]: CheckedColumn<ColumnsIn<D>[C], T, E>;
    };
  };

/** What a literal has to be in order to be a model. */
export type CheckedModel<
  M,
  T extends string = keyof TablesIn<M> & string,
  E extends string = keyof EnumsIn<M> & string,
> = Omit<Model<T, E>, "tables" | "enums"> &
  NoOther<M, Model> & {
    readonly enums?: { readonly [N in keyof EnumsIn<M>]: readonly string[] };
    readonly tables: { readonly [N in keyof TablesIn<M>]: CheckedTable<TablesIn<M>[N], T, E> };
  };

type TablesIn<M> = M extends { readonly tables: infer T } ? T : never;
type EnumsIn<M> = M extends { readonly enums: infer E } ? E : {};
type ColumnsIn<D> = D extends { readonly columns: infer C } ? C : {};

/**
 * Hands a model back as it is, with its names checked by the compiler. What is opened with it has
 * the types of its tables.
 *
 * Whatever else is wrong with it, the core says when the model loads: `invalid_model`, all
 * problems at once.
 *
 * @example
 * ```ts
 * import { defineModel, open } from "@freehold/web";
 *
 * const model = defineModel({
 *   name: "notebook",
 *   enums: { mood: ["GOOD", "BAD"] },
 *   tables: {
 *     books: { columns: { id: { type: "uuid", auto: "id" }, title: { type: "text", max: 80 } } },
 *     notes: {
 *       columns: {
 *         id: { type: "uuid", auto: "id" },
 *         book_id: { type: "ref", to: "books", on_delete: "cascade" },
 *         mood: { type: "enum", of: "mood", default: "GOOD" },
 *       },
 *     },
 *   },
 * });
 * const db = await open({ name: "notebook", model, storage: "memory" });
 * await db.init();
 * const book = await db.owner().insert("books", { title: "Diary" });
 * const note = await db.owner().insert("notes", { book_id: book.id });
 * console.log(note.mood); // "GOOD" | "BAD"
 * ```
 */
export function defineModel<const M extends object>(model: M & CheckedModel<M>): M {
  return model;
}
