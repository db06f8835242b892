/**
 * Validation in a page's own thread, at once, and without a database: the core's own code for it,
 * compiled alone. Each table's validators are Standard Schemas.
 *
 * What only a database can say is not asked here: whether a key is taken, a reference leads
 * somewhere, an encrypted column can be sealed. A handle's `schema` asks that too, and the write
 * itself has the last word.
 *
 * @packageDocumentation
 */

import { toWire } from "./actor.js";
import type { Actor } from "./actor.js";
import { FreeholdError } from "./error.js";
import type { Issue } from "./error.js";
import init, { Rules } from "./freehold_validate.js";
import type { TablesOfModel, TypedSource } from "./infer.js";
import type { Model } from "./model.js";
import { inNode, readFile } from "./node.js";
import type { BundleFiles } from "./open.js";
import { schemaOf } from "./standard-schema.js";
import type { Schema } from "./standard-schema.js";
import type { AnyTables, HandleKind, InsertOf, Row, TablesOf } from "./tables.js";
import { encode, toText } from "./values.js";

export type * from "./standard-schema.js";

/** How rows are to be judged. */
export interface ValidatorOptions {
  /**
   * Who will write the rows in a session: what the session fills in by itself (the tenant, the
   * person) may then be left out. Without one rows are the owner's, who says everything.
   */
  readonly actor?: Actor;
}

/** Whose rows they are, by the options. */
export type HandleOf<O> = O extends { readonly actor: Actor } ? "session" : "owner";

/** The validators of a model's tables. */
export type ValidatorOf<M, H extends HandleKind> =
  TablesOfModel<M> extends infer T ? (T extends TablesOf<T> ? Validator<T, H> : Validator) : never;

/**
 * Makes the validators of a model's tables. Everything that has to be loaded is loaded before the
 * promise resolves; validating itself waits for nothing.
 *
 * A model that the core has checked and written out, as `db.model()` and `checkModel` give it and
 * JSON keeps it, is taken as it is. Any other is first checked, for which the core is loaded in
 * its worker: templates, links and what else is implied are written out there alone.
 *
 * Rejects with `invalid_model`, `unknown_model`, and with `io` where a file can't be fetched.
 *
 * @typeParam M - The model, a literal or a built-in one's name: the types follow from it.
 *
 * @example
 * ```ts
 * import { defineModel } from "@freehold/web";
 * import { validator } from "@freehold/web/validate";
 *
 * const model = defineModel({
 *   name: "notebook",
 *   tables: { notes: { columns: { title: { type: "text", min: 1, max: 80 } } } },
 * });
 * const notes = (await validator(model)).table("notes");
 *
 * console.log(notes.insert.validate({ title: "" })); // [{ path: "title", code: "too_short", … }]
 * const result = notes.insert["~standard"].validate({ title: "Hello" });
 * if (!result.issues) console.log(result.value.title);
 * ```
 */
export function validator<const M extends TypedSource, const O extends ValidatorOptions = {}>(
  model: M,
  options?: O,
): Promise<ValidatorOf<M, HandleOf<O>>>;
/**
 * The same with tables' types from elsewhere, as `freehold generate ts` writes them.
 *
 * @typeParam T - The tables' types.
 * @typeParam H - Whose rows they are: `"session"` where there is an actor.
 */
export function validator<T extends TablesOf<T> = AnyTables, H extends HandleKind = "owner">(
  model: string | Model | BundleFiles,
  options?: ValidatorOptions,
): Promise<Validator<T, H>>;
export async function validator(
  model: string | Model | BundleFiles,
  { actor }: ValidatorOptions = {},
): Promise<Validator> {
  await load();
  let checked = model as Model;
  let rules = compile(model);
  if (!rules) {
    const { checkedModel } = await import("./checked.js");
    checked = await checkedModel(model);
    rules = compile(checked);
  }
  if (!rules) throw new Error("the core's own JSON of a model was not read");
  return new Validator(rules, Object.keys(checked.tables), actor);
}

/**
 * The validators of a model's tables.
 *
 * @typeParam T - The tables' types.
 * @typeParam H - Whose rows they are.
 */
export class Validator<T extends TablesOf<T> = AnyTables, H extends HandleKind = "owner"> {
  /** The tables' names. */
  readonly tables: readonly (keyof T & string)[];
  readonly #rules: Rules;
  readonly #actor: string;

  /** @internal */
  constructor(rules: Rules, tables: readonly (keyof T & string)[], actor: Actor | undefined) {
    this.#rules = rules;
    this.tables = tables;
    this.#actor = actor ? JSON.stringify(toWire(actor)) : "";
  }

  /** The validators of a table. Throws `unknown_table` where the model has none of this name. */
  table<N extends keyof T & string>(name: N): TableValidator<InsertOf<T[N], H>, T[N]["update"]> {
    if (!this.tables.includes(name)) {
      const message = `the model has no table \`${name}\``;
      throw new FreeholdError({ code: "unknown_table", message, table: name });
    }
    const changes = (current: () => string) =>
      schemaOf<T[N]["update"]>((row) => {
        const text = textOf(row);
        return read(this.#rules.update(name, text, current(), this.#actor, Date.now()));
      });
    return {
      insert: schemaOf((row) =>
        read(this.#rules.insert(name, textOf(row), this.#actor, Date.now())),
      ),
      update: changes(() => ""),
      updateOf: (current) => {
        const text = textOf(current as Row);
        return changes(() => text);
      },
    };
  }
}

/**
 * The validators of a table.
 *
 * @typeParam I - A row as it is inserted.
 * @typeParam U - A change of a row.
 */
export interface TableValidator<I, U> {
  /** Judges rows that are to be inserted. */
  readonly insert: Schema<I>;
  /** Judges changes by themselves: rules that read other columns too are not judged. */
  readonly update: Schema<U>;
  /**
   * Judges changes to this row, which is as it was read: rules that read other columns are judged
   * on the row as it will be. Throws `invalid_argument` where it holds what no row can.
   */
  updateOf(current: object): Schema<U>;
}

let loading: Promise<unknown> | undefined;

/** Loads the WebAssembly file that lies beside this module, once. */
async function load(): Promise<void> {
  // Bundlers look for exactly this form.
  const file = new URL("./freehold_validate_bg.wasm", import.meta.url);
  loading ??= init({ module_or_path: inNode() ? readFile(file) : file });
  try {
    await loading;
  } catch (error) {
    loading = undefined; // The next call tries again.
    const reason = error instanceof Error ? error.message : String(error);
    const message = `the file that validates could not be loaded from ${file}: ${reason}`;
    throw new FreeholdError({ code: "io", message });
  }
}

/** The rules of a checked model; nothing where the model is none. */
function compile(model: string | Model | BundleFiles): Rules | undefined {
  return typeof model === "object" ? Rules.compile(JSON.stringify(model)) : undefined;
}

function textOf(row: Row): string {
  return toText(encode(row, "row", "row"));
}

function read(issues: string): Issue[] {
  return issues === "[]" ? [] : (JSON.parse(issues) as Issue[]);
}
