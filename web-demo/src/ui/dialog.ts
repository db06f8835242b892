/** Dialogs: a question to confirm, and a drawer at the side. Both keep the focus inside. */

import { h } from "./dom";
import type { Child } from "./dom";
import { icon } from "./icons";
import { rescueToasts } from "./toast";

/** A question before something that can't be taken back. */
export interface Question {
  readonly title: string;
  readonly body: Child;
  /** What the button says that does it: "Delete", "Start over". */
  readonly action: string;
  readonly danger?: boolean;
}

/** Asks; whether the answer was yes. */
export function confirm(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    const actionClass = question.danger ? "button is-danger is-solid" : "button is-primary";
    const form = h(
      "form",
      { method: "dialog", class: "confirm" },
      h("h2", { class: "dialog-title" }, question.title),
      h("div", { class: "confirm-body" }, question.body),
      h(
        "div",
        { class: "dialog-actions" },
        h("button", { class: "button", value: "", autofocus: true }, "Cancel"),
        h("button", { class: actionClass, value: "yes" }, question.action),
      ),
    );
    const dialog = show("dialog", form, () => resolve(dialog.returnValue === "yes"));
    dialog.setAttribute("role", "alertdialog");
    dialog.setAttribute("aria-label", question.title);
  });
}

/** A panel at the side of the page. */
export interface Drawer {
  readonly element: HTMLDialogElement;
  close(): void;
}

/**
 * Opens a drawer. `mayClose` is asked before Escape or the close button closes it.
 */
export function openDrawer(
  title: Child,
  label: string,
  content: Child,
  mayClose: () => boolean | Promise<boolean> = () => true,
): Drawer {
  const tryClose = async () => {
    if (await mayClose()) dialog.close();
  };
  const head = h(
    "header",
    { class: "drawer-head" },
    h("h2", { class: "dialog-title" }, title),
    h(
      "button",
      { class: "icon-button", type: "button", "aria-label": "Close", onclick: tryClose },
      icon("close"),
    ),
  );
  const dialog = show("drawer", [head, content], () => {});
  dialog.setAttribute("aria-label", label);
  dialog.addEventListener("cancel", (event) => {
    if (event.target !== dialog) return;
    event.preventDefault();
    void tryClose();
  });
  return { element: dialog, close: () => dialog.close() };
}

function show(className: string, content: Child, onClose: () => void): HTMLDialogElement {
  const dialog = h("dialog", { class: className }, content);
  dialog.addEventListener("close", () => {
    rescueToasts(dialog);
    dialog.remove();
    onClose();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
