/** What every page has: the bar at the top, and a main part that takes the focus. */

import type { Route } from "../route";
import { h } from "../ui/dom";
import type { Child } from "../ui/dom";
import { themeButton } from "../ui/theme";

/** A page that is shown. */
export interface Shown {
  /** Takes up another place within the same page; whether it could. */
  update(route: Route): boolean;
  leave(): void;
}

/** The bar at the top: the name, where one is, and what the page adds at its end. */
export function topBar(crumbs: Child, ...end: Child[]): HTMLElement {
  return h(
    "header",
    { class: "top-bar" },
    h("a", { class: "skip", href: "#main", onclick: skip }, "Skip to content"),
    h("a", { class: "brand", href: "#/" }, mark(), "Freehold"),
    h("nav", { class: "crumbs", "aria-label": "You are here" }, crumbs),
    h("div", { class: "top-end" }, ...end, themeButton()),
  );
}

/** The hash names the place, so the link moves the focus by itself. */
function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("main")?.focus();
}

function mark(): HTMLElement {
  return h("span", { class: "mark", "aria-hidden": "true" });
}

/** Says in the tab's title where one is. */
export function setTitle(...parts: string[]): void {
  document.title = [...parts, "Freehold"].join(" · ");
}
