/** What narrows a table: words to find in its label, and conditions column by column. */

import { operatorOf } from "../model/filters";
import { formatValue } from "../model/rows";
import type { ColumnView, TableView } from "../model/schema";
import type { FilterItem, TableRoute } from "../route";
import { debounce, fill, h } from "../ui/dom";
import { icon } from "../ui/icons";
import type { Workspace } from "../workspace";
import { filterBuilder } from "./filter-builder";

const FIND_DELAY_MS = 200;

/** What the bar reports. */
export interface FilterActions {
  readonly onFind: (text: string) => void;
  readonly onFilters: (filters: readonly FilterItem[]) => void;
  readonly onDeleted: (deleted: boolean) => void;
}

/** The bar above a table's rows. */
export class FilterBar {
  readonly element: HTMLElement;
  readonly #find: HTMLInputElement;
  readonly #deleted: HTMLInputElement;
  readonly #chips = h("div", { class: "chips" });
  #filters: readonly FilterItem[];

  constructor(
    readonly workspace: Workspace,
    readonly table: TableView,
    at: TableRoute,
    readonly actions: FilterActions,
  ) {
    this.#filters = at.filters;
    const label = table.columns.find((column) => column.name === table.label);
    const what = label ? `Find in ${label.title.toLowerCase()}` : "";
    this.#find = h("input", {
      class: "input find",
      type: "search",
      placeholder: `${what}…`,
      "aria-label": what,
      oninput: debounce(() => actions.onFind(this.#find.value.trim()), FIND_DELAY_MS),
    });
    this.#deleted = h("input", {
      type: "checkbox",
      onchange: () => actions.onDeleted(this.#deleted.checked),
    });
    const onFilter = (filter: FilterItem) => actions.onFilters([...this.#filters, filter]);
    this.element = h(
      "div",
      { class: "filter-bar" },
      label && h("span", { class: "find-box" }, icon("search"), this.#find),
      filterBuilder(workspace, table, onFilter),
      table.softDelete && h("label", { class: "check" }, this.#deleted, "Deleted rows"),
      this.#chips,
    );
    this.update(at);
  }

  /** Shows other filters, and leaves what somebody is typing alone. */
  update(at: TableRoute): void {
    this.#filters = at.filters;
    this.#deleted.checked = at.deleted ?? false;
    if (document.activeElement !== this.#find) this.#find.value = at.find ?? "";
    fill(
      this.#chips,
      at.filters.map((filter, index) => this.#chip(filter, index)),
    );
  }

  #chip(filter: FilterItem, index: number): HTMLElement {
    const column = this.table.columns.find(({ name }) => name === filter.column);
    const operator = operatorOf(filter.operator);
    const text = [column?.title ?? filter.column, operator?.title ?? filter.operator].join(" ");
    const remove = () => this.actions.onFilters(this.#filters.filter((_, at) => at !== index));
    const value = h("strong", {}, column ? formatValue(column, filter.value) : filter.value);
    if (column?.target) void this.#showLabel(value, column, filter.value);
    return h(
      "span",
      { class: "chip" },
      `${text} `,
      operator?.hasValue && value,
      h(
        "button",
        {
          class: "icon-button",
          type: "button",
          "aria-label": `Remove the filter ${text} ${filter.value}`,
          onclick: remove,
        },
        icon("close"),
      ),
    );
  }

  async #showLabel(element: HTMLElement, { target }: ColumnView, value: string): Promise<void> {
    if (!target) return;
    const labels = await this.workspace.labels(target.table, target.column, [value]);
    element.textContent = labels.get(value) ?? value;
  }
}
