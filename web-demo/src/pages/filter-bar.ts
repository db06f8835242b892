/** What narrows a table: words to find in its label, and conditions column by column. */

import type { Filter } from "@freehold/web";

import type { ColumnView, TableView } from "../model/schema";
import type { FilterItem, TableRoute } from "../route";
import { debounce, fill, freshId, h } from "../ui/dom";
import { icon } from "../ui/icons";

const FIND_DELAY_MS = 200;

/** Operators by name: what people read, and whether a value follows. */
const OPERATORS: Readonly<Record<string, { title: string; hasValue: boolean }>> = {
  eq: { title: "is", hasValue: true },
  ne: { title: "is not", hasValue: true },
  contains: { title: "contains", hasValue: true },
  starts_with: { title: "starts with", hasValue: true },
  gt: { title: "is more than", hasValue: true },
  gte: { title: "is at least", hasValue: true },
  lt: { title: "is less than", hasValue: true },
  lte: { title: "is at most", hasValue: true },
  is_empty: { title: "is empty", hasValue: false },
  is_set: { title: "is set", hasValue: false },
};

/** What the bar reports. */
export interface FilterActions {
  readonly onFind: (text: string) => void;
  readonly onFilters: (filters: readonly FilterItem[]) => void;
}

/** The bar above a table's rows. */
export class FilterBar {
  readonly element: HTMLElement;
  readonly #find: HTMLInputElement;
  readonly #chips = h("div", { class: "chips" });
  #filters: readonly FilterItem[];

  constructor(
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
      value: at.find ?? "",
      oninput: debounce(() => actions.onFind(this.#find.value.trim()), FIND_DELAY_MS),
    });
    const find = h("span", { class: "find-box" }, icon("search"), this.#find);
    this.element = h("div", { class: "filter-bar" }, label && find, this.#builder(), this.#chips);
    this.update(at);
  }

  /** Shows other filters, and leaves what somebody is typing alone. */
  update(at: TableRoute): void {
    this.#filters = at.filters;
    if (document.activeElement !== this.#find) this.#find.value = at.find ?? "";
    fill(
      this.#chips,
      at.filters.map((filter, index) => this.#chip(filter, index)),
    );
  }

  #chip(filter: FilterItem, index: number): HTMLElement {
    const column = this.table.columns.find(({ name }) => name === filter.column);
    const operator = OPERATORS[filter.operator];
    const text = [column?.title ?? filter.column, operator?.title ?? filter.operator];
    const remove = () => this.actions.onFilters(this.#filters.filter((_, at) => at !== index));
    return h(
      "span",
      { class: "chip" },
      `${text.join(" ")} `,
      operator?.hasValue && h("strong", {}, filter.value),
      h(
        "button",
        {
          class: "icon-button",
          type: "button",
          "aria-label": `Remove the filter ${text.join(" ")} ${filter.value}`,
          onclick: remove,
        },
        icon("close"),
      ),
    );
  }

  /** The panel that makes a filter. */
  #builder(): HTMLElement {
    const columns = this.table.columns.filter(isFilterable);
    const id = freshId("filter");
    const column = h(
      "select",
      { class: "input", "aria-label": "Column" },
      columns.map(({ name, title }) => h("option", { value: name }, title)),
    );
    const operator = h("select", { class: "input", "aria-label": "Condition" });
    const value = h("span", { class: "filter-value" });
    const panel = h("form", { class: "popover", id, popover: "auto" });
    const chosen = () => columns.find(({ name }) => name === column.value);
    const showValue = () => {
      const found = chosen();
      fill(value, found && OPERATORS[operator.value]?.hasValue && valueInput(found));
    };
    const showOperators = () => {
      const found = chosen();
      const names = found ? operatorsOf(found) : [];
      fill(
        operator,
        names.map((name) => h("option", { value: name }, OPERATORS[name]?.title)),
      );
      showValue();
    };
    column.addEventListener("change", showOperators);
    operator.addEventListener("change", showValue);
    panel.addEventListener("submit", (event) => {
      event.preventDefault();
      const input = value.querySelector<HTMLInputElement | HTMLSelectElement>("input, select");
      const item = { column: column.value, operator: operator.value, value: input?.value ?? "" };
      panel.hidePopover();
      this.actions.onFilters([...this.#filters, item]);
    });
    fill(
      panel,
      column,
      operator,
      value,
      h("button", { class: "button is-primary is-small", type: "submit" }, "Add filter"),
    );
    showOperators();
    const button = h(
      "button",
      { class: "button", type: "button", popovertarget: id },
      icon("filter"),
      "Filter",
    );
    panel.addEventListener("beforetoggle", () => placeBelow(panel, button));
    return h("span", { class: "filter-builder" }, button, panel);
  }
}

/** A popover stands in the top layer and knows nothing of its button. */
function placeBelow(panel: HTMLElement, button: HTMLElement): void {
  const { left, bottom } = button.getBoundingClientRect();
  const room = window.innerWidth - 16;
  panel.style.top = `${bottom + 6}px`;
  panel.style.left = `${Math.max(16, Math.min(left, room - 304))}px`;
}

function valueInput(column: ColumnView): HTMLElement {
  const props = { class: "input", "aria-label": "Value", required: true };
  if (column.values.length > 0) {
    return h(
      "select",
      props,
      column.values.map((value) => h("option", { value }, value)),
    );
  }
  if (column.type === "boolean") {
    return h(
      "select",
      props,
      h("option", { value: "true" }, "yes"),
      h("option", { value: "false" }, "no"),
    );
  }
  const types: Record<string, string> = { timestamp: "datetime-local", date: "date", time: "time" };
  return h("input", { ...props, type: types[column.type] ?? "text" });
}

function operatorsOf(column: ColumnView): string[] {
  const empty = column.optional ? ["is_empty", "is_set"] : [];
  if (column.array) return column.type === "json" ? empty : ["contains", ...empty];
  switch (column.type) {
    case "json":
    case "blob":
      return empty;
    case "text":
      return ["contains", "eq", "ne", "starts_with", ...empty];
    case "boolean":
    case "enum":
    case "uuid":
    case "ref":
      return ["eq", "ne", ...empty];
    default:
      return ["eq", "ne", "gt", "gte", "lt", "lte", ...empty];
  }
}

function isFilterable(column: ColumnView): boolean {
  return !column.secret && !column.encrypted && operatorsOf(column).length > 0;
}

/** The filter that an address means; undefined where nothing is narrowed. */
export function filterOf(table: TableView, at: TableRoute): Filter | undefined {
  const conditions: Filter[] = [];
  if (at.find && table.label) conditions.push({ [table.label]: { contains: at.find } });
  for (const { column: name, operator, value } of at.filters) {
    const column = table.columns.find((known) => known.name === name);
    if (!column || !(operator in OPERATORS)) continue;
    if (operator === "is_empty") conditions.push({ [name]: { is_null: true } });
    else if (operator === "is_set") conditions.push({ [name]: { is_null: false } });
    else conditions.push({ [name]: { [operator]: typed(column, value) } });
  }
  return conditions.length === 0 ? undefined : { and: conditions };
}

/** A value as its column takes it; the core says what is wrong with one that does not fit. */
function typed(column: ColumnView, value: string): unknown {
  switch (column.type) {
    case "integer":
    case "real":
      return value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
    case "boolean":
      return value === "true";
    case "timestamp": {
      const time = new Date(value);
      return Number.isNaN(time.getTime()) ? value : time.toISOString();
    }
    default:
      return value;
  }
}
