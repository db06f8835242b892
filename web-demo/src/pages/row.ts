/** One row in a drawer: a form made from the model, with the core's messages at its fields. */

import { FreeholdError } from "@freehold/web";
import type { Issue, Row } from "@freehold/web";

import { formatTime, keyOf, labelOf } from "../model/rows";
import type { TableView } from "../model/schema";
import { confirm, openDrawer } from "../ui/dialog";
import { fill, h } from "../ui/dom";
import type { Child } from "../ui/dom";
import { icon } from "../ui/icons";
import { notify, notifyError } from "../ui/toast";
import type { Workspace } from "../workspace";
import { deleteRow, restoreRow } from "./delete-row";
import { RowForm } from "./row-form";

/** What came of it. */
export interface Changed {
  /** The row as it is now; undefined where it was deleted. */
  readonly row: Row | undefined;
}

/** Opens a row, or a form for a new one; undefined where nothing was changed. */
export async function openRow(
  workspace: Workspace,
  table: TableView,
  listed?: Row,
): Promise<Changed | undefined> {
  const isDeleted = Boolean(listed?.["deleted_at"]);
  const row = isDeleted ? listed : listed && (await workspace.row(table, listed));
  if (row === null) {
    notify("This row is gone; another call deleted it.");
    return { row: undefined };
  }
  return new Promise((resolve) => {
    new RowDrawer(workspace, table, row, resolve);
  });
}

class RowDrawer {
  readonly #form: RowForm;
  readonly #save = h("button", { class: "button is-primary", type: "submit" }, "Save");
  readonly #summary = h("div", { class: "form-summary", role: "alert" });
  #result: Changed | undefined;

  constructor(
    readonly workspace: Workspace,
    readonly table: TableView,
    readonly row: Row | undefined,
    onClosed: (result: Changed | undefined) => void,
  ) {
    const isDeleted = Boolean(row?.["deleted_at"]);
    const isReadOnly = workspace.status.newer || isDeleted;
    this.#form = new RowForm(workspace, table, row, (issues) => this.#showRowIssues(issues));
    const form = h(
      "form",
      { class: "row-form", novalidate: true },
      h(
        "div",
        { class: "drawer-body" },
        isDeleted && deletedNotice(),
        this.#summary,
        this.#form.element,
        this.#about(),
      ),
      !isReadOnly && h("footer", { class: "drawer-foot" }, this.#save, this.#deleteButton()),
      isDeleted && h("footer", { class: "drawer-foot" }, this.#restoreButton()),
    );
    if (isReadOnly) this.#form.element.inert = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    const title = row ? labelOf(table, row) : `New row in ${table.title.toLowerCase()}`;
    const label = row ? `${table.title}: ${title}` : title;
    const drawer = openDrawer(title, label, form, () => this.#mayClose());
    drawer.element.addEventListener("close", () => onClosed(this.#result));
    this.#close = () => drawer.close();
    if (!row) this.#form.focus();
  }

  readonly #close: () => void;

  async #submit(): Promise<void> {
    const { workspace, table, row } = this;
    if (row && !this.#form.isChanged) return this.#close();
    if (this.#form.showProblems()) return;
    const handle = workspace.rows;
    this.#save.disabled = true;
    try {
      const saved = row
        ? await handle.update(table.name, keyOf(table, row), this.#form.changes())
        : await handle.insert(table.name, this.#form.values());
      this.#result = { row: saved };
      if (table.tenantKey) workspace.likelyTenant = saved[table.tenantKey];
      this.#close();
      notify(`${labelOf(table, saved)} was ${row ? "saved" : "added"}.`);
    } catch (error) {
      if (error instanceof FreeholdError && error.code === "invalid") this.#form.show(error.issues);
      else notifyError(error);
    } finally {
      this.#save.disabled = false;
    }
  }

  /** What is wrong with the row as a whole stands above it. */
  #showRowIssues(issues: readonly Issue[]): void {
    const item = ({ code, message }: Issue) =>
      h("p", { class: "message", "data-code": code }, icon("alert"), `This row ${message}.`);
    fill(this.#summary, issues.map(item));
  }

  #deleteButton(): Child {
    const { workspace, table, row } = this;
    if (!row) return null;
    const run = async () => {
      if (!(await deleteRow(workspace, table, row))) return;
      this.#result = { row: undefined };
      this.#close();
    };
    return h(
      "button",
      { class: "button is-quiet is-danger", type: "button", onclick: () => void run() },
      icon("trash"),
      "Delete…",
    );
  }

  #restoreButton(): Child {
    const { workspace, table, row } = this;
    const run = async () => {
      const restored = row && (await restoreRow(workspace, table, row));
      if (!restored) return;
      this.#result = { row: restored };
      this.#close();
    };
    return h(
      "button",
      { class: "button is-primary", type: "button", onclick: () => void run() },
      "Restore",
    );
  }

  /** What the core fills in, and the key. */
  #about(): Child {
    const { table, row } = this;
    if (!row) return null;
    const columns = table.columns.filter((column) => column.auto || column.inKey);
    const value = (name: string, type: string) => {
      const text = String(row[name] ?? "");
      return type === "timestamp" ? h("time", { title: text }, formatTime(text)) : copyable(text);
    };
    return h(
      "dl",
      { class: "about" },
      columns.map(({ name, type }) =>
        h("div", {}, h("dt", {}, name), h("dd", {}, value(name, type))),
      ),
    );
  }

  async #mayClose(): Promise<boolean> {
    if (!this.#form.isChanged) return true;
    return confirm({
      title: "Discard the changes?",
      body: h("p", {}, "What was typed here has not been saved."),
      action: "Discard",
      danger: true,
    });
  }
}

function deletedNotice(): HTMLElement {
  return h("p", { class: "notice" }, "This row was deleted. Restore it to change it.");
}

function copyable(text: string): HTMLElement {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      notify("Copied.");
    } catch (error) {
      notifyError(error);
    }
  };
  return h(
    "span",
    { class: "copyable" },
    h("code", {}, text),
    h(
      "button",
      { class: "icon-button", type: "button", "aria-label": `Copy ${text}`, onclick: copy },
      icon("copy"),
    ),
  );
}
