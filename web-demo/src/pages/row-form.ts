/** The fields of a row: which there are, what they hold, and what the core says of them. */

import type { Issue, Row } from "@freehold/web";

import { controlFor } from "../fields/control";
import { Field, isAbout } from "../fields/field";
import { referenceControl } from "../fields/reference";
import { keyOf } from "../model/rows";
import type { ColumnView, TableView } from "../model/schema";
import { h } from "../ui/dom";
import { notifyError } from "../ui/toast";
import type { Workspace } from "../workspace";

/** A form for a new row, or for the row that is given. */
export class RowForm {
  readonly element: HTMLElement;
  readonly #fields: readonly Field[];
  #issues: readonly Issue[] = [];
  #request = 0;

  constructor(
    readonly workspace: Workspace,
    readonly table: TableView,
    readonly row: Row | undefined,
    readonly onRowIssues: (issues: readonly Issue[]) => void,
  ) {
    this.#fields = table.columns
      .filter((column) => isEditable(column, row !== undefined))
      .map((column) => this.#field(column));
    this.element = h(
      "div",
      { class: "fields" },
      this.#fields.map(({ element }) => element),
    );
  }

  get isChanged(): boolean {
    return this.#fields.some((field) => field.isChanged);
  }

  focus(): void {
    this.#fields[0]?.focus();
  }

  /** The row to insert: what is left empty is left to the core. */
  values(): Row {
    return entriesOf(this.#fields.filter((field) => field.isChanged || hasValue(field)));
  }

  /** The changes of the row. An emptied field that takes no NULL is sent for the core to refuse. */
  changes(): Row {
    const changed = this.#fields.filter((field) => field.isChanged);
    const entries = changed.map(({ column, control }) => [column.name, control.read() ?? null]);
    return Object.fromEntries(entries) as Row;
  }

  /** Shows all that is wrong, and goes to the first of it. */
  show(issues: readonly Issue[]): void {
    this.#issues = issues;
    for (const field of this.#fields) field.show(this.#issuesOf(field));
    this.#showRowIssues();
    this.#fields.find((field) => this.#issuesOf(field).length > 0)?.focus();
  }

  /** Shows what is wrong before the core is asked; whether something is. */
  showProblems(): boolean {
    const broken = this.#fields.filter((field) => showProblem(field));
    broken[0]?.focus();
    return broken.length > 0;
  }

  #field(column: ColumnView): Field {
    const value = this.row ? this.row[column.name] : this.#initial(column);
    const target = column.target && this.workspace.model.table(column.target.table);
    const control = target
      ? referenceControl(column, target, value, {
          workspace: this.workspace,
          tenant: () => this.#tenant(),
        })
      : controlFor(column, value);
    return new Field(column, control, (field) => void this.#check(field));
  }

  #initial(column: ColumnView): unknown {
    const { tenantKey } = this.table;
    if (column.target && column.name === tenantKey) return this.workspace.likelyTenant;
    return column.hasDefault ? column.defaultValue : undefined;
  }

  #tenant(): unknown {
    const { tenantKey } = this.table;
    if (tenantKey === undefined) return undefined;
    const field = this.#fields.find(({ column }) => column.name === tenantKey);
    return field ? field.control.read() : this.row?.[tenantKey];
  }

  /** Asks the core about the whole row, and shows what it says of the fields that were touched. */
  async #check(field: Field): Promise<void> {
    if (showProblem(field)) return;
    this.#request += 1;
    const request = this.#request;
    const { table, row } = this;
    const handle = this.workspace.rows;
    try {
      this.#issues = row
        ? await handle.validate(table.name, this.changes(), keyOf(table, row))
        : await handle.validate(table.name, this.values());
    } catch (error) {
      return notifyError(error);
    }
    if (request !== this.#request || !this.element.isConnected) return;
    for (const shown of this.#fields.filter(({ isTouched }) => isTouched)) {
      if (!showProblem(shown)) shown.show(this.#issuesOf(shown));
    }
    this.#showRowIssues();
  }

  /** A rule over several columns is said once, above, when all of them were touched. */
  #showRowIssues(): void {
    const shown = this.#fields.map(({ column }) => column.name);
    this.onRowIssues(
      this.#issues.filter((issue) => !shown.some((column) => isAbout(issue, column))),
    );
  }

  #issuesOf(field: Field): Issue[] {
    return this.#issues.filter((issue) => isAbout(issue, field.column.name));
  }
}

function showProblem(field: Field): boolean {
  const message = field.control.problem?.();
  if (message === undefined) return false;
  field.show([{ path: field.column.name, code: "unreadable", message }]);
  return true;
}

function hasValue({ control }: Field): boolean {
  const value = control.read();
  return value !== undefined && value !== null && value !== "";
}

function entriesOf(fields: readonly Field[]): Row {
  const entries = fields.map(({ column, control }) => [column.name, control.read()]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Row;
}

/** The core fills in ids and times; a key stays what it is; encrypted columns need a key first. */
function isEditable(column: ColumnView, isExisting: boolean): boolean {
  if (column.encrypted || column.auto || column.name === "deleted_at") return false;
  return !(isExisting && column.inKey);
}
