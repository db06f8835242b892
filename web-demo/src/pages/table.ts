/** One table: its heading, what narrows it, its rows, and the way through its pages. */

import type { LiveAnswer, LiveQuery, Row } from "@freehold/web";

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
import { LiveLabels } from "./live-labels";
import { openRow } from "./row";

const PAGE_ROWS = 50;

/** A table's page. */
export class TablePage {
  readonly element: HTMLElement;
  readonly #filters: FilterBar;
  readonly #grid: Grid;
  readonly #labels: LiveLabels;
  readonly #pager = h("div", { class: "pager" });
  #at: TableRoute;
  /** Where the shown page and those before it start; the first has no cursor. */
  #cursors: (string | undefined)[] = [undefined];
  /** The rows of the shown page, as long as it is shown. */
  #live: LiveQuery | undefined;
  /** What was heard of them last; undefined while they are waited for. */
  #heard: LiveAnswer<Row> | undefined;
  #request = 0;
  /** The rows that were written since the page is shown, to be pointed at when they are shown. */
  #fresh: Row[] = [];
  #isTurned = false;
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
    this.#labels = new LiveLabels(workspace, this.#grid.columns, () => {
      // What is wrong with the rows is said already.
      if (!this.#heard?.error) void this.#show();
    });
    this.element = h(
      "div",
      { class: "table-page" },
      this.#head(),
      this.#filters.element,
      this.#grid.element,
      this.#pager,
    );
    workspace.onChange(() => void this.#show(), this.#left.signal);
    this.update(at);
  }

  /** Takes up another order or filter. */
  update(at: TableRoute): void {
    this.#at = at;
    this.#cursors = [undefined];
    this.#filters.update(at);
    this.#watch();
  }

  leave(): void {
    this.#left.abort();
    this.#live?.close();
    this.#labels.close();
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
    await openRow(this.workspace, this.table, row).catch(notifyError);
  }

  #go(at: TableRoute, replace = false): void {
    const { name, storage } = this.workspace;
    go({ page: "database", storage, name, at }, { replace });
  }

  /** What the address asks for, from where the shown page starts. */
  #query() {
    const { order, deleted } = this.#at;
    const filter = filterOf(this.table, this.#at);
    const after = this.#cursors[this.#cursors.length - 1];
    return {
      table: this.table.name,
      includeDeleted: deleted ?? false,
      ...(filter ? { filter } : {}),
      ...(order && isKnownOrder(this.table, order) ? { order: [order] } : {}),
      ...(after === undefined ? {} : { after }),
    };
  }

  /** Hears of the page's rows, and of each change of them, instead of those heard of before. */
  #watch(): void {
    this.#live?.close();
    this.#heard = undefined;
    this.#fresh = [];
    this.#request += 1;
    this.#grid.element.setAttribute("aria-busy", "true");
    // One more than is shown tells whether there is a next page.
    const query = { ...this.#query(), limit: PAGE_ROWS + 1 };
    this.#live = this.workspace.rows.live(query, (answer) => {
      const { inserted, updated } = answer.changes;
      if (this.#heard) this.#fresh.push(...inserted, ...updated);
      this.#heard = answer;
      void this.#show();
    });
  }

  /** Shows what was heard last, with what it refers to. */
  async #show(): Promise<void> {
    if (!this.#heard) return;
    const { rows: heard, error } = this.#heard;
    // The rows of the last page may all have gone.
    if (!error && heard.length === 0 && this.#cursors.length > 1) return this.#previous();
    this.#request += 1;
    const request = this.#request;
    const isOld = () => request !== this.#request || this.#left.signal.aborted;
    const rows = heard.slice(0, PAGE_ROWS);
    try {
      if (error) throw error;
      const [count, labels] = await Promise.all([this.#count(), this.#labels.of(rows)]);
      if (isOld()) return;
      const { order, deleted: isDeleted = false } = this.#at;
      const isFiltered = filterOf(this.table, this.#at) !== undefined;
      this.#grid.show(rows, labels, { order, isFiltered, isDeleted });
      this.#showPager(rows.length, heard.length > PAGE_ROWS, count);
      for (const row of this.#fresh.splice(0)) this.#grid.highlight(row);
      if (this.#isTurned) this.#grid.scrollToTop();
      this.#isTurned = false;
    } catch (error) {
      if (isOld()) return;
      this.#grid.showFailure(() => {
        this.#labels.close();
        this.#watch();
      });
      fill(this.#pager);
      notifyError(error);
    }
    this.#grid.element.removeAttribute("aria-busy");
  }

  /** How many rows the pages have together; unknown of deleted ones, which are not counted. */
  async #count(): Promise<number | undefined> {
    if (this.#at.deleted) return undefined;
    const { name } = this.table;
    const filter = filterOf(this.table, this.#at);
    const counted = filter ? undefined : this.workspace.counts.get(name);
    return counted ?? this.workspace.rows.count(name, filter);
  }

  #previous(): void {
    this.#cursors.pop();
    this.#turn();
  }

  async #next(): Promise<void> {
    const at = this.#at;
    const { table, ...options } = this.#query();
    const page = { ...options, limit: PAGE_ROWS, columns: this.table.key };
    const { next } = await this.workspace.rows.list(table, page);
    if (next === null || at !== this.#at || this.#left.signal.aborted) return;
    this.#cursors.push(next);
    this.#turn();
  }

  #showPager(shown: number, hasNext: boolean, count: number | undefined): void {
    const first = (this.#cursors.length - 1) * PAGE_ROWS;
    const isWhole = first === 0 && !hasNext;
    const forward = () => void this.#next().catch(notifyError);
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
          onclick: () => this.#previous(),
        },
        icon("arrowLeft"),
        "Previous",
      ),
      h(
        "button",
        { class: "button is-small", type: "button", disabled: !hasNext, onclick: forward },
        "Next",
        icon("arrowRight"),
      ),
    );
  }

  #turn(): void {
    this.#isTurned = true;
    this.#watch();
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
