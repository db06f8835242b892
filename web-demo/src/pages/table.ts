/** One table: its heading, what narrows it, its rows, and the way through its pages. */

import type { ListOptions, Row } from "@freehold/web";

import { formatCount } from "../model/rows";
import { isSortable } from "../model/schema";
import type { TableView } from "../model/schema";
import { go } from "../route";
import type { FilterItem, TableRoute } from "../route";
import { fill, h } from "../ui/dom";
import { icon } from "../ui/icons";
import { notifyError } from "../ui/toast";
import type { Workspace } from "../workspace";
import { FilterBar, filterOf } from "./filter-bar";
import { Grid } from "./grid";
import { openRow } from "./row";

const PAGE_ROWS = 50;

/** A table's page. */
export class TablePage {
  readonly element: HTMLElement;
  readonly #filters: FilterBar;
  readonly #grid: Grid;
  readonly #pager = h("div", { class: "pager" });
  #at: TableRoute;
  /** Where the shown page and those before it start; the first has no cursor. */
  #cursors: (string | undefined)[] = [undefined];
  #request = 0;
  #left = false;

  constructor(
    readonly workspace: Workspace,
    readonly table: TableView,
    at: TableRoute,
  ) {
    this.#at = at;
    this.#filters = new FilterBar(table, at, {
      onFind: (find) => this.#go({ ...this.#at, find: find || undefined }, true),
      onFilters: (filters) => this.#go({ ...this.#at, filters }),
    });
    this.#grid = new Grid(workspace, table, {
      onOpen: (row) => void this.#open(row),
      onOrder: (order) => this.#go({ ...this.#at, order }),
    });
    this.element = h(
      "div",
      { class: "table-page" },
      this.#head(),
      this.#filters.element,
      this.#grid.element,
      this.#pager,
    );
    this.update(at);
  }

  /** Takes up another order or filter. */
  update(at: TableRoute): void {
    this.#at = at;
    this.#cursors = [undefined];
    this.#filters.update(at);
    void this.#load();
  }

  leave(): void {
    this.#left = true;
  }

  #head(): HTMLElement {
    const { table, workspace } = this;
    return h(
      "header",
      { class: "table-head" },
      h(
        "div",
        {},
        h("h1", {}, table.title, h("code", { class: "table-name" }, table.name)),
        h("p", { class: "muted" }, table.doc),
      ),
      !workspace.status.newer &&
        h(
          "button",
          { class: "button is-primary", type: "button", onclick: () => void this.#open() },
          icon("plus"),
          "New row",
        ),
    );
  }

  async #open(row?: Row): Promise<void> {
    const changed = await openRow(this.workspace, this.table, row).catch(notifyError);
    if (!changed || this.#left) return;
    await Promise.all([this.#load(), this.workspace.refresh().catch(notifyError)]);
    if (changed.row) this.#grid.highlight(changed.row);
  }

  #go(at: TableRoute, replace = false): void {
    const { name, storage } = this.workspace;
    go({ page: "database", storage, name, at }, { replace });
  }

  async #load(): Promise<void> {
    this.#request += 1;
    const request = this.#request;
    const owner = this.workspace.db.owner();
    const { order } = this.#at;
    const filter = filterOf(this.table, this.#at);
    const options: ListOptions = { limit: PAGE_ROWS };
    if (filter) options.filter = filter;
    if (order && isKnownOrder(this.table, order)) options.order = [order];
    const after = this.#cursors[this.#cursors.length - 1];
    if (after !== undefined) options.after = after;
    this.#grid.element.setAttribute("aria-busy", "true");
    try {
      const [page, count] = await Promise.all([
        owner.list(this.table.name, options),
        owner.count(this.table.name, filter),
      ]);
      const labels = await this.#grid.loadLabels(page.rows);
      // A later request has been made meanwhile: its answer is the one to show.
      if (request !== this.#request || this.#left) return;
      this.#grid.show(page.rows, labels, { order, isFiltered: filter !== undefined });
      this.#showPager(page.rows.length, page.next, count);
    } catch (error) {
      if (request === this.#request && !this.#left) notifyError(error);
    } finally {
      if (request === this.#request) this.#grid.element.removeAttribute("aria-busy");
    }
  }

  #showPager(shown: number, next: string | null, count: number): void {
    const first = (this.#cursors.length - 1) * PAGE_ROWS;
    const range =
      shown === 0 ? "No rows" : `${formatCount(first + 1)}–${formatCount(first + shown)}`;
    const previous = () => {
      this.#cursors.pop();
      this.#turn();
    };
    const forward = () => {
      this.#cursors.push(next ?? undefined);
      this.#turn();
    };
    fill(
      this.#pager,
      h(
        "span",
        { class: "pager-range", role: "status" },
        shown === 0 ? range : `${range} of ${formatCount(count)}`,
      ),
      h(
        "button",
        {
          class: "button is-small",
          type: "button",
          disabled: this.#cursors.length === 1,
          onclick: previous,
        },
        icon("arrowLeft"),
        "Previous",
      ),
      h(
        "button",
        { class: "button is-small", type: "button", disabled: next === null, onclick: forward },
        "Next",
        icon("arrowRight"),
      ),
    );
  }

  #turn(): void {
    void this.#load().then(() => this.#grid.scrollToTop());
  }
}

/** An address may name a column that the model no longer has. */
function isKnownOrder(table: TableView, order: string): boolean {
  const name = order.split(" ")[0];
  return table.columns.some((column) => column.name === name && isSortable(column));
}

export type { FilterItem };
