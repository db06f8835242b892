/** Why a database could not be opened, and what can be done about it. */

import { FreeholdError, exportFile, exportLog } from "@freehold/web";

import { formatRoute } from "../route";
import { h } from "../ui/dom";
import type { Child } from "../ui/dom";
import { fileButton, saveFile } from "../ui/files";
import { icon } from "../ui/icons";
import { notifyError } from "../ui/toast";

/** What can be done. */
export interface BlockedActions {
  readonly name: string;
  readonly onRetry: () => void;
  readonly onMemory?: () => void;
  /** Puts a backup in the place of what is stored. */
  readonly onRestore?: (backup: File) => void;
}

/** The page that says so. */
export function blocked(error: unknown, actions: BlockedActions): HTMLElement {
  const code = error instanceof FreeholdError ? error.code : "";
  const { title, text, retry } = explain(code, actions.name);
  const detail = error instanceof Error ? error.message : String(error);
  const { name, onMemory, onRestore } = actions;
  return h(
    "section",
    { class: "blocked", "data-code": code, role: "alert" },
    h("span", { class: "blocked-icon" }, icon(code === "held_by_another_tab" ? "stack" : "alert")),
    h("h1", {}, title),
    h("p", { class: "lead" }, text),
    h(
      "div",
      { class: "actions" },
      h("button", { class: "button is-primary", type: "button", onclick: actions.onRetry }, retry),
      onMemory &&
        h("button", { class: "button", type: "button", onclick: onMemory }, "Use memory instead"),
      onRestore && [saveButton(name), fileButton("Restore a backup…", onRestore)],
      h("a", { class: "button", href: formatRoute({ page: "picker" }) }, "Other models"),
    ),
    h(
      "details",
      { class: "details" },
      h("summary", {}, "Details"),
      h("p", {}, detail, code && h("code", { class: "code" }, code)),
    ),
  );
}

/** What stands here while tabs with an older version of this page let go. */
export function waitingForOlder(name: string): HTMLElement {
  return h(
    "p",
    { class: "waiting", role: "status" },
    "An older version of this page has ",
    h("strong", {}, name),
    " open in another tab. It was asked to let go; close it, if this stays here.",
  );
}

/** Saves what is stored, as it lies there: somebody may be able to rescue it. */
function saveButton(name: string): HTMLElement {
  const save = async () => {
    const files = [await exportFile(name), await exportLog(name)];
    files.filter((file) => file !== undefined).forEach(saveFile);
  };
  const onclick = () => void save().catch(notifyError);
  return h("button", { class: "button", type: "button", onclick }, "Save what is there");
}

function explain(code: string, name: string): { title: string; text: Child; retry: string } {
  const retry = "Try again";
  switch (code) {
    case "held_by_another_tab":
      return {
        title: "Open in another tab",
        text: [
          h("strong", {}, name),
          " is open in another tab of this browser, and one tab at a time can write to it. " +
            "Close it there, and it opens here by itself. Nothing is lost.",
        ],
        retry,
      };
    case "no_opfs":
      return {
        title: "This browser keeps no databases here",
        text:
          "Private windows and some older browsers offer no storage for databases. You can go on " +
          "in memory: everything works, and everything is gone when the page closes.",
        retry,
      };
    case "held_by_newer_version":
      return {
        title: "A newer version of this page is open",
        text: ["It has ", h("strong", {}, name), " open in another tab. Reload to get it here."],
        retry: "Reload",
      };
    case "storage_cleared":
      return {
        title: "This site’s data was removed",
        text: "The browser, or somebody at its settings, removed what was stored here.",
        retry: "Begin anew",
      };
    case "newer_database":
      return {
        title: "The database is ahead of this page",
        text: "A newer version of this page wrote it. Reload to get that version.",
        retry: "Reload",
      };
    case "storage_full":
      return {
        title: "The browser’s storage is full",
        text: "Free some space, or remove databases that you no longer need, and try again.",
        retry,
      };
    case "unknown_model":
      return {
        title: "There is no such model",
        text: ["Neither a built-in model nor one of yours is called ", h("strong", {}, name), "."],
        retry,
      };
    case "corrupt":
    case "not_a_database":
      return {
        title: "The database is damaged",
        text: "It was left as it is. Restore a backup, or remove it and begin anew.",
        retry,
      };
    default:
      return { title: "The database could not be opened", text: "Nothing was changed.", retry };
  }
}
