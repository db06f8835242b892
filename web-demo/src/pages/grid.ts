/** The rows of a table, as a grid whose heads sort and whose rows open. */

import type { Row } from "@freehold/web";

import { formatTime, formatValue, keyText, labelOf } from "../model/rows";
import { isSortable } from "../model/schema";
import type { ColumnView, TableView } from "../model/schema";
import { fill, h } from "../ui/dom";
import type { Child } from "../ui/dom";
import { icon } from "../ui/icons";
import type { Workspace } from "../workspace";
import type { Labels } from "./live-labels";

/** What the grid reports. */
export interface GridActions {
  readonly onOpen: (row: Row) => void;
  readonly onOrder: (order: string | undefined) => void;
}

/** How the shown rows came about. */
export interface GridState {
  readonly order: string | undefined;
  readonly isFiltered: boolean;
  readonly isDeleted: boolean;
}

/** A row as it is shown, and the labels that it was made with. */
interface ShownRow {
  readonly element: HTMLElement;
  readonly refers: string;
}

/** A grid. */
export class Grid {
  readonly element = h("div", {
    class: "grid",
    tabindex: "0",
    role: "region",
    "aria-label": "Rows",
  });
  /** What is shown of each row, in order. */
  readonly columns: readonly ColumnView[];
  readonly #head = h("thead", {});
  readonly #body = h("tbody", {});
  readonly #rows = h("table", { class: "rows" }, this.#head, this.#body);
  /** What is shown of each row: the same as long as the row and what it refers to are the same. */
  #shown = new Map<Row, ShownRow>();
  #order: string | undefined | null = null;

  constructor(
    readonly workspace: Workspace,
    readonly table: TableView,
    readonly actions: GridActions,
  ) {
    this.columns = columnsOf(table);
  }

  /** Shows rows. Those that were shown before stay where they are, with focus and selection. */
  show(rows: readonly Row[], labels: Labels, state: GridState): void {
    if (rows.length === 0) return fill(this.element, this.#nothing(state));
    if (this.#order !== state.order) {
      this.#order = state.order;
      fill(
        this.#head,
        h(
          "tr",
          {},
          this.columns.map((column) => this.#headOf(column, state.order)),
        ),
      );
    }
    const focused = this.#body.querySelector<HTMLElement>("tr:focus-within");
    const before = this.#shown;
    this.#shown = new Map(rows.map((row) => [row, this.#shownRow(row, labels, before.get(row))]));
    const elements = new Set([...this.#shown.values()].map(({ element }) => element));
    for (const { element } of before.values()) if (!elements.has(element)) element.remove();
    let at = this.#body.firstElementChild;
    for (const element of elements) {
      if (element === at) at = at.nextElementSibling;
      else this.#body.insertBefore(element, at);
    }
    if (this.#rows.parentElement !== this.element) fill(this.element, this.#rows);
    // A row that was made anew takes over the focus of the one that it stands for.
    if (focused && !focused.isConnected) this.#focus(focused.dataset["key"]);
  }

  #focus(key: string | undefined): void {
    const row = [...this.#body.rows].find(({ dataset }) => dataset["key"] === key);
    row?.querySelector<HTMLElement>(".row-open")?.focus({ preventScroll: true });
  }

  #shownRow(row: Row, labels: Labels, before: ShownRow | undefined): ShownRow {
    const texts = [...labels].map(([column, names]) => names.get(row[column]));
    const refers = JSON.stringify(texts.map((text) => text ?? null));
    return before?.refers === refers ? before : { element: this.#row(row, labels), refers };
  }

  /** Says that the rows could not be read, and offers to try again. */
  showFailure(onRetry: () => void): void {
    const retry = h("button", { class: "button", type: "button", onclick: onRetry }, "Try again");
    fill(
      this.element,
      h(
        "div",
        { class: "nothing" },
        icon("alert"),
        h("p", {}, "The rows could not be read."),
        retry,
      ),
    );
  }

  /** Points at a row for a moment. */
  highlight(row: Row): void {
    const wanted = keyText(this.table, row);
    for (const element of this.element.querySelectorAll<HTMLElement>("tbody tr")) {
      if (element.dataset["key"] === wanted) element.classList.add("is-fresh");
    }
  }

  scrollToTop(): void {
    this.element.scrollTo({ top: 0 });
  }

  #nothing(state: GridState): HTMLElement {
    return h("div", { class: "nothing" }, icon("table"), h("p", {}, nothingText(state)));
  }

  #headOf(column: ColumnView, order: string | undefined): HTMLElement {
    const title = [column.name, `${column.type}${column.array ? "[]" : ""}`, column.doc];
    const props = { scope: "col", "data-column": column.name, title: title.join(" · ") };
    const lock = column.encrypted && icon("lock");
    if (!isSortable(column)) return h("th", props, column.title, lock);
    const direction = directionOf(column, order);
    const next = { none: column.name, ascending: `${column.name} desc`, descending: undefined };
    return h(
      "th",
      { ...props, "aria-sort": direction },
      h(
        "button",
        {
          class: "sort",
          type: "button",
          onclick: () => this.actions.onOrder(next[direction]),
        },
        column.title,
        direction !== "none" && icon(direction === "ascending" ? "arrowUp" : "arrowDown"),
      ),
    );
  }

  #row(row: Row, labels: Labels): HTMLElement {
    const cells = this.columns.map((column, at) =>
      at === 0
        ? h("th", { scope: "row", "data-column": column.name }, this.#opener(row, column, labels))
        : h(
            "td",
            { "data-column": column.name, "data-type": column.array ? "array" : column.type },
            cell(column, row[column.name], labels),
          ),
    );
    const open = (event: MouseEvent) => {
      const target = event.target as Element;
      const isSelecting = !(getSelection()?.isCollapsed ?? true);
      if (!isSelecting && !target.closest("button, a")) this.actions.onOpen(row);
    };
    return h("tr", { "data-key": keyText(this.table, row), onclick: open }, cells);
  }

  #opener(row: Row, column: ColumnView, labels: Labels): HTMLElement {
    const text =
      labels.get(column.name)?.get(row[column.name]) ?? formatValue(column, row[column.name]);
    return h(
      "button",
      { class: "row-open", type: "button", onclick: () => this.actions.onOpen(row) },
      text || labelOf(this.table, row),
    );
  }
}

function nothingText({ isDeleted, isFiltered }: GridState): string {
  if (isDeleted) return "No deleted row is here.";
  return isFiltered ? "No row matches. Remove a filter to see more." : "There are no rows yet.";
}

/** The label first, what the core fills in last; what is secret is not read at all. */
function columnsOf(table: TableView): ColumnView[] {
  const shown = table.columns.filter((column) => !column.secret);
  const rank = (column: ColumnView) => {
    if (column.name === table.label) return 0;
    if (column.name === "deleted_at") return 2;
    if (column.auto === "id") return 4;
    return column.auto ? 3 : 1;
  };
  return [...shown].sort((a, b) => rank(a) - rank(b));
}

function directionOf(
  column: ColumnView,
  order: string | undefined,
): "none" | "ascending" | "descending" {
  if (order === column.name) return "ascending";
  return order === `${column.name} desc` ? "descending" : "none";
}

function cell(column: ColumnView, value: unknown, labels: Labels): Child {
  if (value === null || value === undefined) return h("span", { class: "null" }, "–");
  if (column.target) {
    const label = labels.get(column.name)?.get(value);
    return h(
      "span",
      { class: "ref", title: String(value) },
      label || formatValue({ ...column, type: "uuid" }, value),
    );
  }
  if (column.array) {
    const items = value as unknown[];
    if (items.length === 0) return h("span", { class: "null" }, "none");
    return items.map((item) =>
      h("span", { class: "pill" }, formatValue({ ...column, array: false }, item)),
    );
  }
  switch (column.type) {
    case "boolean":
      return value
        ? h("span", { class: "yes" }, icon("check"), "yes")
        : h("span", { class: "no" }, "no");
    case "enum":
      return h("span", { class: "pill" }, String(value));
    case "timestamp":
      return h(
        "time",
        { datetime: String(value), title: String(value) },
        formatTime(String(value)),
      );
    case "uuid":
      return h("code", { title: String(value) }, formatValue(column, value));
    case "json":
      return h("code", {}, formatValue(column, value));
    case "text":
      return colorSwatch(column, String(value));
    default:
      return formatValue(column, value);
  }
}

function colorSwatch(column: ColumnView, value: string): Child {
  if (column.format !== "color" || !CSS.supports("color", value)) return value;
  const swatch = h("span", { class: "swatch" });
  swatch.style.background = value;
  return [swatch, value];
}
