/** One table: its heading, what narrows it, its rows, and the way through its pages. */

import type { ListOptions, Row } from "@freehold/web";

import { filterOf } from "../model/filters";
import { formatCount } from "../model/rows";
import { isSortable } from "../model/schema";
import type { TableView } from "../model/schema";
import { go } from "../route";
import type { TableRoute } from "../route";
import { fill, h, rich } from "../ui/dom";
import { icon } from "../ui/icons";
import { notifyError } from "../ui/toast";
import type { Workspace } from "../workspace";
import { FilterBar } from "./filter-bar";
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
  /** The row that was just written, to be pointed at when it is shown. */
  #fresh: Row | undefined;
  readonly #left = new AbortController();

  constructor(
    readonly workspace: Workspace,
    readonly table: TableView,
    at: TableRoute,
  ) {
    this.#at = at;
    this.#filters = new FilterBar(workspace, table, at, {
      onFind: (find) => this.#go({ ...this.#at, find: find || undefined }, true),
      onFilters: (filters) => this.#go({ ...this.#at, filters }),
      onDeleted: (deleted) => this.#go({ ...this.#at, deleted }),
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
    workspace.onChange(() => void this.#load(), this.#left.signal);
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
    this.#left.abort();
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
        h("p", { class: "muted" }, rich(table.doc)),
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
    if (!changed || this.#left.signal.aborted) return;
    this.#fresh = changed.row;
    await this.workspace.refresh().catch(notifyError);
  }

  #go(at: TableRoute, replace = false): void {
    const { name, storage } = this.workspace;
    go({ page: "database", storage, name, at }, { replace });
  }

  async #load(): Promise<void> {
    this.#request += 1;
    const request = this.#request;
    const handle = this.workspace.rows;
    const { order } = this.#at;
    const filter = filterOf(this.table, this.#at);
    const options: ListOptions = { limit: PAGE_ROWS, includeDeleted: this.#at.deleted ?? false };
    if (filter) options.filter = filter;
    if (order && isKnownOrder(this.table, order)) options.order = [order];
    const after = this.#cursors[this.#cursors.length - 1];
    if (after !== undefined) options.after = after;
    this.#grid.element.setAttribute("aria-busy", "true");
    try {
      const [page, count] = await Promise.all([
        handle.list(this.table.name, options),
        // Deleted rows are not counted: their pages say only where they are.
        this.#at.deleted ? undefined : handle.count(this.table.name, filter),
      ]);
      const labels = await this.#grid.loadLabels(page.rows);
      // A later request has been made meanwhile: its answer is the one to show.
      if (request !== this.#request || this.#left.signal.aborted) return;
      const isDeleted = this.#at.deleted ?? false;
      this.#grid.show(page.rows, labels, { order, isFiltered: filter !== undefined, isDeleted });
      this.#showPager(page.rows.length, page.next, count);
      if (this.#fresh) this.#grid.highlight(this.#fresh);
      this.#fresh = undefined;
    } catch (error) {
      if (request !== this.#request || this.#left.signal.aborted) return;
      this.#grid.showFailure(() => void this.#load());
      fill(this.#pager);
      notifyError(error);
    } finally {
      if (request === this.#request) this.#grid.element.removeAttribute("aria-busy");
    }
  }

  #showPager(shown: number, next: string | null, count: number | undefined): void {
    const first = (this.#cursors.length - 1) * PAGE_ROWS;
    const isWhole = first === 0 && next === null;
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
        isWhole ? countRows(shown) : rangeOf(first, shown, count),
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

function countRows(count: number): string {
  return count === 1 ? "1 row" : `${formatCount(count)} rows`;
}

function rangeOf(first: number, shown: number, count: number | undefined): string {
  const range = `${formatCount(first + 1)}–${formatCount(first + shown)}`;
  return count === undefined ? range : `${range} of ${formatCount(count)}`;
}

/** An address may name a column that the model no longer has. */
function isKnownOrder(table: TableView, order: string): boolean {
  const name = order.split(" ")[0];
  return table.columns.some((column) => column.name === name && isSortable(column));
}
