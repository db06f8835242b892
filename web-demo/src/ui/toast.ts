/** Short messages at the edge of the page: what was done, with a way back, or what went wrong. */

import { FreeholdError } from "@freehold/web";

import { fill, h } from "./dom";
import { icon } from "./icons";

const SHOWN_MS = 6000;

/** What a message offers to do. */
export interface ToastAction {
  readonly label: string;
  readonly run: () => void;
}

let region: HTMLElement | undefined;

/** Says that something was done. Goes away by itself, unless it is pointed at. */
export function notify(message: string, action?: ToastAction): void {
  const toast = show("toast", "status", message, action);
  let timer = setTimeout(() => toast.remove(), SHOWN_MS);
  const stay = () => clearTimeout(timer);
  const leave = () => {
    timer = setTimeout(() => toast.remove(), SHOWN_MS);
  };
  for (const event of ["pointerenter", "focusin"]) toast.addEventListener(event, stay);
  for (const event of ["pointerleave", "focusout"]) toast.addEventListener(event, leave);
}

/** Says what went wrong, with its code. Stays until it is dismissed. */
export function notifyError(error: unknown): void {
  const code = error instanceof FreeholdError ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  show("toast is-error", "alert", message, undefined, code);
}

/** Takes all messages away. */
export function clearToasts(): void {
  if (region) fill(region);
}

function show(
  className: string,
  role: string,
  message: string,
  action?: ToastAction,
  code?: string,
): HTMLElement {
  const toast: HTMLElement = h(
    "div",
    { class: className, role },
    h("p", {}, message, code && h("code", { class: "toast-code" }, code)),
    action &&
      h(
        "button",
        {
          class: "toast-action",
          type: "button",
          onclick: () => {
            toast.remove();
            action.run();
          },
        },
        action.label,
      ),
    h(
      "button",
      {
        class: "icon-button",
        type: "button",
        "aria-label": "Dismiss",
        onclick: () => toast.remove(),
      },
      icon("close"),
    ),
  );
  place().append(toast);
  return toast;
}

/** Inside the topmost modal dialog, where there is one: everything outside of it is inert. */
function place(): HTMLElement {
  region ??= h("div", { class: "toasts" });
  const modals = document.querySelectorAll<HTMLDialogElement>("dialog:modal");
  const host = modals[modals.length - 1] ?? document.body;
  if (region.parentElement !== host) host.append(region);
  return region;
}

/** Puts the messages back onto the page before a dialog goes. */
export function rescueToasts(dialog: HTMLElement): void {
  if (region && dialog.contains(region)) document.body.append(region);
}
