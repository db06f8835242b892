/** A reference: a searchable list of the rows that it may name, each by its label. */

import type { Row } from "@freehold/web";

import { labelOf, shorten } from "../model/rows";
import type { ColumnView, TableView } from "../model/schema";
import { debounce, fill, freshId, h } from "../ui/dom";
import { notifyError } from "../ui/toast";
import type { Workspace } from "../workspace";
import type { Control } from "./field";

const SHOWN_MAX = 20;
const SEARCH_DELAY_MS = 120;

/** What a reference needs to know of its form. */
export interface ReferenceContext {
  readonly workspace: Workspace;
  /** The tenant that the row belongs to, as the form has it now. */
  readonly tenant: () => unknown;
  readonly onChange?: () => void;
}

/** An input whose list follows what is typed (the ARIA combobox pattern). */
export function referenceControl(
  column: ColumnView,
  target: TableView,
  value: unknown,
  context: ReferenceContext,
): Control {
  return new Reference(column, target, value, context);
}

class Reference implements Control {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  readonly #list: HTMLElement;
  readonly #column: string;
  #value: unknown;
  /** What the input says while the value stands. */
  #label = "";
  #options: Row[] = [];
  #active = -1;
  #request = 0;

  constructor(
    readonly column: ColumnView,
    readonly target: TableView,
    value: unknown,
    readonly context: ReferenceContext,
  ) {
    this.#column = column.target?.column ?? "id";
    this.#value = value ?? null;
    const listId = freshId("options");
    this.#list = h("ul", { class: "options", role: "listbox", id: listId, hidden: true });
    this.input = h("input", {
      class: "input",
      type: "text",
      role: "combobox",
      autocomplete: "off",
      placeholder: `Search ${target.title.toLowerCase()}…`,
      "aria-expanded": "false",
      "aria-controls": listId,
      "aria-autocomplete": "list",
      oninput: debounce(() => void this.#search(), SEARCH_DELAY_MS),
      onfocus: () => this.input.select(),
      onclick: () => void this.#search(true),
      onkeydown: (event: KeyboardEvent) => this.#key(event),
      onblur: () => this.#settle(),
    });
    this.element = h("div", { class: "combobox" }, this.input, this.#list);
    void this.#showValue();
  }

  read(): unknown {
    return this.#value ?? (this.column.optional ? null : undefined);
  }

  problem(): string | undefined {
    const isSettled = this.input.value === this.#label || this.input.value === "";
    return isSettled ? undefined : `No row of ${this.target.title} is chosen`;
  }

  async #showValue(): Promise<void> {
    if (this.#value === null) return;
    const { workspace } = this.context;
    const labels = await workspace
      .labels(this.target.name, this.#column, [this.#value])
      .catch(() => new Map<unknown, string>());
    this.#label = labels.get(this.#value) || shorten(String(this.#value));
    if (document.activeElement !== this.input) this.input.value = this.#label;
  }

  async #search(all = false): Promise<void> {
    this.#request += 1;
    const request = this.#request;
    const { label, name, tenantKey, key } = this.target;
    const text = this.input.value.trim();
    const filter: Record<string, unknown> = {};
    if (label && text && !all && text !== this.#label) filter[label] = { contains: text };
    const tenant = this.context.tenant();
    if (tenantKey && tenantKey !== this.#column && tenant) filter[tenantKey] = tenant;
    const columns = [...new Set([...key, this.#column, ...(label ? [label] : [])])];
    try {
      const handle = this.context.workspace.rows;
      const order = label ? [label] : [];
      const page = await handle.list(name, { filter, order, limit: SHOWN_MAX, columns });
      if (request !== this.#request || document.activeElement !== this.input) return;
      this.#open(page.rows);
    } catch (error) {
      notifyError(error);
    }
  }

  #open(rows: Row[]): void {
    this.#options = rows;
    this.#active = rows.findIndex((row) => row[this.#column] === this.#value);
    const option = (row: Row, at: number) =>
      h(
        "li",
        {
          class: "option",
          role: "option",
          id: `${this.#list.id}-${at}`,
          "aria-selected": String(row[this.#column] === this.#value),
          // Before the input loses the focus.
          onmousedown: (event: Event) => {
            event.preventDefault();
            this.#choose(row);
          },
        },
        h("span", {}, labelOf(this.target, row)),
        h("code", {}, shorten(String(row[this.#column]))),
      );
    fill(
      this.#list,
      rows.length > 0 ? rows.map(option) : h("li", { class: "option is-none" }, "No row matches"),
    );
    this.#list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.#mark();
  }

  #close(): void {
    this.#request += 1;
    this.#list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  #key(event: KeyboardEvent): void {
    const isOpen = !this.#list.hidden;
    const last = this.#options.length - 1;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        event.preventDefault();
        if (!isOpen) return void this.#search(true);
        const step = event.key === "ArrowDown" ? 1 : -1;
        this.#active = Math.max(0, Math.min(last, this.#active + step));
        return this.#mark();
      }
      case "Enter": {
        const row = this.#options[this.#active];
        if (!isOpen || !row) return;
        event.preventDefault();
        return this.#choose(row);
      }
      case "Escape":
        if (!isOpen) return;
        event.preventDefault();
        event.stopPropagation();
        this.input.value = this.#label;
        return this.#close();
    }
  }

  #mark(): void {
    for (const [at, element] of [...this.#list.children].entries()) {
      element.classList.toggle("is-active", at === this.#active);
      if (at === this.#active) element.scrollIntoView({ block: "nearest" });
    }
    if (this.#active >= 0) {
      this.input.setAttribute("aria-activedescendant", `${this.#list.id}-${this.#active}`);
    }
  }

  #choose(row: Row): void {
    this.#value = row[this.#column];
    this.#label = labelOf(this.target, row);
    this.input.value = this.#label;
    this.#close();
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
    this.#request += 1;
    this.context.onChange?.();
  }

  /** An emptied input means no row; one half typed stays and is refused. */
  #settle(): void {
    this.#close();
    if (this.input.value.trim() === "") {
      this.#value = null;
      this.#label = "";
      this.context.onChange?.();
    }
  }
}
