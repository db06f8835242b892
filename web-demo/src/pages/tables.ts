/** The tables of an open database: the list of them, and beside it one table or the overview. */

import { formatCount } from "../model/rows";
import { formatRoute } from "../route";
import type { TableRoute } from "../route";
import { fill, h } from "../ui/dom";
import { icon } from "../ui/icons";
import type { Workspace } from "../workspace";
import { actAs } from "./act-as";
import { topBar, setTitle } from "./frame";
import { overviewPage } from "./overview";
import { storageBadge } from "./storage-badge";
import { TablePage } from "./table";

/** What leads away from here. */
export interface TablesActions {
  readonly onRemoved: () => void;
  /** The schema is another one now: tables may have gone, or migrations be pending. */
  readonly onState: () => void;
}

/** The shown tables. */
export interface Tables {
  show(at: TableRoute | undefined): void;
  leave(): void;
}

/** Shows the tables of a database. */
export function showTables(
  root: HTMLElement,
  workspace: Workspace,
  actions: TablesActions,
): Tables {
  const left = new AbortController();
  const side = new Side(workspace);
  const main = h("main", { class: "content", id: "main", tabindex: "-1" });
  const crumbs = h("span", { class: "crumbs-inner" });
  const menu = h(
    "button",
    {
      class: "icon-button menu-button",
      type: "button",
      "aria-label": "Tables",
      "aria-expanded": "false",
      "aria-controls": "side",
      onclick: () => toggle(!side.isOpen),
    },
    icon("menu"),
  );
  fill(
    root,
    topBar([menu, crumbs], actAs(workspace, showAgain), storageBadge(workspace.storage)),
    h("div", { class: "split" }, side.element, main),
  );
  workspace.onChange(() => side.update(), left.signal);
  let page: TablePage | undefined;
  let shown: TableRoute | undefined;

  /** What was shown may be somebody else's. */
  function showAgain() {
    page?.leave();
    page = undefined;
    show(shown);
  }

  function toggle(open: boolean) {
    side.isOpen = open;
    menu.setAttribute("aria-expanded", String(open));
  }

  function show(at: TableRoute | undefined) {
    shown = at;
    toggle(false);
    const table = at && workspace.model.table(at.table);
    side.select(table?.name);
    showCrumbs(crumbs, workspace, table?.title);
    setTitle(...(table ? [table.title] : []), workspace.model.title);
    if (page && at && page.table === table) return page.update(at);
    page?.leave();
    page = undefined;
    if (at && table) {
      page = new TablePage(workspace, table, at);
      fill(main, page.element);
    } else {
      fill(main, overviewPage(workspace, actions));
    }
    main.scrollTo(0, 0);
  }

  return {
    show,
    leave() {
      left.abort();
      page?.leave();
    },
  };
}

function showCrumbs(crumbs: HTMLElement, workspace: Workspace, table: string | undefined): void {
  const { name, storage, model } = workspace;
  const here = { class: "crumb", "aria-current": "page" };
  const home = formatRoute({ page: "database", storage, name });
  if (table === undefined) return fill(crumbs, h("span", here, model.title));
  fill(crumbs, h("a", { class: "crumb", href: home }, model.title), h("span", here, table));
}

/** The list at the side. */
class Side {
  readonly element: HTMLElement;
  readonly #links = new Map<string | undefined, HTMLElement>();
  readonly #counts = new Map<string, HTMLElement>();

  constructor(readonly workspace: Workspace) {
    const { name, storage, model } = workspace;
    const list = h("ul", { class: "side-list" });
    const overview = this.#link(undefined, "Overview", undefined);
    list.append(h("li", {}, overview));
    for (const table of model.tables) {
      const count = h("span", { class: "side-count" });
      this.#counts.set(table.name, count);
      list.append(h("li", {}, this.#link(table.name, table.title, count)));
    }
    this.element = h("nav", { class: "side", id: "side", "aria-label": "Tables" }, list);
    this.element.dataset["database"] = `${storage}:${name}`;
    this.update();
  }

  get isOpen(): boolean {
    return this.element.classList.contains("is-open");
  }

  set isOpen(open: boolean) {
    this.element.classList.toggle("is-open", open);
  }

  update(): void {
    for (const [table, element] of this.#counts) {
      const count = this.workspace.counts.get(table);
      element.textContent = count === undefined ? "" : formatCount(count);
    }
  }

  select(table: string | undefined): void {
    for (const [name, link] of this.#links) {
      if (name === table) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  #link(table: string | undefined, title: string, count: HTMLElement | undefined): HTMLElement {
    const { name, storage } = this.workspace;
    const at = table === undefined ? undefined : { table, filters: [] };
    const link = h(
      "a",
      {
        class: "side-link",
        href: formatRoute({ page: "database", storage, name, at }),
        "data-table": table ?? "",
        title: table,
      },
      h("span", { class: "side-title" }, title),
      count,
    );
    this.#links.set(table, link);
    return link;
  }
}
