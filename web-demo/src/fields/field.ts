/** One field of a form: a column's label, its input, its help and its messages. */

import type { Issue } from "@freehold/web";

import type { ColumnView } from "../model/schema";
import { fill, freshId, h, rich } from "../ui/dom";
import type { Child } from "../ui/dom";
import { icon } from "../ui/icons";

/** What an input takes, and how its value is read. */
export interface Control {
  /** What stands below the label. */
  readonly element: HTMLElement;
  /** What the label belongs to. */
  readonly input: HTMLElement;
  /** The value as the core takes it; undefined where nothing is given. */
  read(): unknown;
  /** What is wrong before the core is asked: a text that is no JSON. */
  problem?(): string | undefined;
}

/** A column in a form. */
export class Field {
  readonly element: HTMLElement;
  readonly control: Control;
  readonly #messages: HTMLElement;
  #isTouched = false;
  readonly #initial: string;

  constructor(
    readonly column: ColumnView,
    control: Control,
    onBlur: (field: Field) => void,
  ) {
    this.control = control;
    this.#initial = JSON.stringify(control.read()) ?? "";
    const messagesId = freshId("messages");
    const helpId = freshId("help");
    this.#messages = h("div", { class: "field-messages", id: messagesId, "aria-live": "polite" });
    control.input.id ||= freshId("field");
    control.input.setAttribute("aria-describedby", `${helpId} ${messagesId}`);
    if (isRequired(column)) control.input.setAttribute("aria-required", "true");
    const isGroup = control.input.getAttribute("role") === "group";
    const labelProps = { class: "label", id: freshId("label") };
    const label = h(isGroup ? "span" : "label", labelProps, ...labelText(column));
    if (isGroup) control.input.setAttribute("aria-labelledby", labelProps.id);
    else label.setAttribute("for", control.input.id);
    this.element = h(
      "div",
      { class: "field", "data-field": column.name, "data-type": column.type },
      label,
      control.element,
      this.#messages,
      h("p", { class: "field-help", id: helpId }, rich(help(column))),
    );
    this.element.addEventListener("input", () => {
      this.#isTouched = true;
    });
    this.element.addEventListener("focusout", (event) => {
      const to = event.relatedTarget;
      if (this.#isTouched && !(to instanceof Node && this.element.contains(to))) onBlur(this);
    });
  }

  /** Whether somebody has changed something here, and then maybe back. */
  get isTouched(): boolean {
    return this.#isTouched;
  }

  /** Whether the value is another than at first. */
  get isChanged(): boolean {
    return (JSON.stringify(this.control.read()) ?? "") !== this.#initial;
  }

  /** Shows what is wrong; nothing where nothing is. */
  show(issues: readonly Pick<Issue, "path" | "code" | "message">[]): void {
    const { name } = this.column;
    const item = ({ path, code, message }: Pick<Issue, "path" | "code" | "message">) =>
      h("p", { class: "message", "data-code": code }, place(path, name), sentence(message));
    fill(this.#messages, issues.map(item));
    this.element.classList.toggle("is-invalid", issues.length > 0);
    if (issues.length > 0) this.control.input.setAttribute("aria-invalid", "true");
    else this.control.input.removeAttribute("aria-invalid");
  }

  focus(): void {
    const { input } = this.control;
    const inner = input.matches("input, select, textarea, button")
      ? input
      : input.querySelector<HTMLElement>("input, select, textarea, button");
    inner?.focus();
  }
}

/** Whether an issue is about a column: `tags`, `tags[2]`, `settings.color`. */
export function isAbout(issue: Pick<Issue, "path">, column: string): boolean {
  const rest = issue.path.startsWith(column) ? issue.path.slice(column.length) : undefined;
  return rest !== undefined && /^($|\[|\.)/.test(rest);
}

/** Whether an insert must name it. */
export function isRequired(column: ColumnView): boolean {
  return !column.optional && !column.hasDefault && column.auto === undefined;
}

function labelText(column: ColumnView): Child[] {
  return [
    column.title,
    isRequired(column) && h("span", { class: "required", "aria-hidden": "true" }, "*"),
    (column.encrypted || column.secret) && icon("lock"),
    h("code", { class: "label-name", "aria-hidden": "true" }, column.name),
  ];
}

function help(column: ColumnView): string {
  return [column.doc, limits(column)].filter(Boolean).join(" ");
}

function limits({ type, array, min, max, optional }: ColumnView): string {
  const isLength = array || type === "text" || type === "blob";
  const unit = array ? "items" : type === "text" ? "characters" : type === "blob" ? "bytes" : "";
  const parts = optional ? ["Optional."] : [];
  const what = isLength ? ` ${unit}` : "";
  if (min !== undefined && max !== undefined) parts.push(`${min} to ${max}${what}.`);
  else if (max !== undefined) parts.push(`At most ${max}${what}.`);
  else if (min !== undefined) parts.push(`At least ${min}${what}.`);
  return parts.join(" ");
}

function place(path: string, column: string): Child {
  return path === column ? null : h("code", {}, `${path.slice(column.length)} `);
}

function sentence(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1);
}
