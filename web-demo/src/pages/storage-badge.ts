/** Where the open database lives, always in sight. */

import { keepStorage, storageHealth } from "@freehold/web";
import type { Storage } from "@freehold/web";

import { fill, h } from "../ui/dom";
import { icon } from "../ui/icons";
import { notify } from "../ui/toast";

/** A badge that says so; pressed, it asks the browser to keep what it might clear. */
export function storageBadge(storage: Storage): HTMLElement {
  if (storage === "memory") {
    return h(
      "span",
      { class: "badge is-warning", "data-storage": "memory", title: "Gone when the page closes" },
      icon("memory"),
      h("span", { class: "badge-text" }, "Memory only"),
    );
  }
  const badge = h(
    "span",
    { class: "badge is-good", "data-storage": "opfs", title: "Found again after a reload" },
    icon("database"),
    h("span", { class: "badge-text" }, "Kept in this browser"),
  );
  void offerPersistence(badge);
  return badge;
}

async function offerPersistence(badge: HTMLElement): Promise<void> {
  if ((await storageHealth()).kind !== "evictable") return;
  const ask = async () => {
    const kept = await keepStorage();
    notify(
      kept
        ? "The browser will not clear this storage by itself."
        : "The browser made no promise: it may clear this storage when space runs short.",
    );
  };
  const title = "The browser may clear it when space runs short. Press to ask it not to.";
  fill(badge);
  badge.replaceWith(
    h(
      "button",
      { class: "badge is-good", type: "button", "data-storage": "opfs", title, onclick: ask },
      icon("database"),
      h("span", { class: "badge-text" }, "Kept in this browser"),
    ),
  );
}
