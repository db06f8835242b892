/** Making a database, or bringing it up to date: the migrations as they run, then the seeds. */

import type { Initialized, MigrationStatus, SeedReport, Storage } from "@freehold/web";

import { formatCount } from "../model/rows";
import { titleOf } from "../model/schema";
import { fill, freshId, h } from "../ui/dom";
import { icon } from "../ui/icons";
import { notifyError } from "../ui/toast";
import type { Workspace } from "../workspace";

/** What happens next. */
export interface SetupActions {
  readonly onDone: () => void;
  readonly onStorage: (storage: Storage) => void;
}

/** What each of the usual seed sets is for. */
const SETS: Readonly<Record<string, string>> = {
  development: "Sample people and data, with passwords that everybody knows.",
  staging: "Fewer rows, close to the real thing.",
  production: "Only what a first start needs.",
};

/** The page for a database without tables, or with pending migrations. */
export function setupPage(workspace: Workspace, actions: SetupActions): HTMLElement {
  const { model, status, isEmpty } = workspace;
  const pending = status.migrations.filter(({ state }) => state !== "applied");
  const steps = new Steps(status.migrations);
  const chosen = { seed: workspace.seeds[0] ?? null };
  const form = h("form", { class: "setup-form" });
  const button = h(
    "button",
    { class: "button is-primary is-large", type: "submit" },
    isEmpty ? "Create the database" : `Apply ${pending.length} pending`,
  );
  fill(
    form,
    isEmpty && workspace.seeds.length > 0 && seedChooser(workspace.seeds, chosen),
    isEmpty && storageChooser(workspace.storage, actions.onStorage),
    button,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run();
  });
  const result = h("div", { class: "setup-result", role: "status" });

  async function run() {
    form.inert = true;
    button.textContent = "Working…";
    const start = performance.now();
    try {
      const done = await workspace.withProgress(
        ({ migration }) => steps.start(migration),
        () => workspace.db.init({ seed: isEmpty ? chosen.seed : null }),
      );
      steps.finish(done, chosen.seed);
      await workspace.refresh();
      form.remove();
      fill(result, summary(workspace, performance.now() - start, actions.onDone));
      result.querySelector("button")?.focus();
    } catch (error) {
      steps.fail();
      form.inert = false;
      button.textContent = "Try again";
      notifyError(error);
    }
  }

  return h(
    "div",
    { class: "setup" },
    h("h1", {}, model.title),
    h("p", { class: "lead" }, model.description),
    !isEmpty &&
      h("p", { class: "notice" }, icon("clock"), ` The database is at version ${status.current}.`),
    h(
      "div",
      { class: "setup-columns" },
      h("div", {}, form, result),
      h("div", {}, h("h2", { class: "section-title" }, "Migrations"), steps.element),
    ),
  );
}

function seedChooser(seeds: readonly string[], chosen: { seed: string | null }): HTMLElement {
  const option = (value: string | null, title: string, text: string) =>
    h(
      "label",
      { class: "choice" },
      h("input", {
        type: "radio",
        name: "seed",
        value: value ?? "",
        checked: value === chosen.seed,
        onchange: () => {
          chosen.seed = value;
        },
      }),
      h("span", { class: "choice-title" }, title),
      h("span", { class: "choice-text" }, text),
    );
  return h(
    "fieldset",
    { class: "choices" },
    h("legend", { class: "section-title" }, "Start with"),
    seeds.map((set) => option(set, titleOf(set), SETS[set] ?? "A seed set of this model.")),
    option(null, "Empty tables", "No rows at all."),
  );
}

function storageChooser(storage: Storage, onStorage: (storage: Storage) => void): HTMLElement {
  const id = freshId("storage");
  const isMemory = storage === "memory";
  return h(
    "p",
    { class: "setup-storage" },
    h("input", {
      type: "checkbox",
      id,
      checked: !isMemory,
      onchange: () => onStorage(isMemory ? "opfs" : "memory"),
    }),
    h("label", { for: id }, "Keep it in this browser"),
    h("span", { class: "muted" }, isMemory ? "In memory: gone when the page closes." : ""),
  );
}

function summary(workspace: Workspace, ms: number, onDone: () => void): HTMLElement {
  const rows = [...workspace.counts.values()].reduce((sum, count) => sum + count, 0);
  const facts = `${workspace.model.tables.length} tables, ${formatCount(rows)} rows`;
  return h(
    "div",
    { class: "summary" },
    h("p", {}, icon("check"), h("strong", {}, "Ready."), ` ${facts}, in ${Math.round(ms)} ms.`),
    h("button", { class: "button is-primary", type: "button", onclick: onDone }, "Browse the data"),
  );
}

/** The migrations as a list that ticks them off. */
class Steps {
  readonly element = h("ol", { class: "steps" });
  readonly #items = new Map<string, HTMLElement>();
  #running: HTMLElement | undefined;

  constructor(migrations: readonly MigrationStatus[]) {
    for (const { version, name, state } of migrations) {
      const item = h(
        "li",
        { class: "step", "data-state": state === "applied" ? "done" : "pending" },
        h("span", { class: "step-mark" }, icon("check")),
        h("span", { class: "step-name" }, titleOf(name)),
        h("code", { class: "step-version" }, version),
      );
      this.#items.set(`V${version}__${name}`, item);
      this.element.append(item);
    }
  }

  start(migration: string): void {
    this.#settle("done");
    this.#running = this.#items.get(migration);
    this.#settle("running");
  }

  finish({ migrated, seeded }: Initialized, set: string | null): void {
    for (const migration of migrated.migrations) {
      this.#items.get(migration)?.setAttribute("data-state", "done");
    }
    if (seeded && set) this.element.append(seedStep(set, seeded));
  }

  /** A run is all or nothing: what seemed done is not. */
  fail(): void {
    for (const item of this.#items.values()) {
      if (item.dataset["state"] !== "done") item.dataset["state"] = "pending";
    }
    this.#settle("failed");
  }

  #settle(state: string): void {
    this.#running?.setAttribute("data-state", state);
  }
}

function seedStep(set: string, { inserted }: SeedReport): HTMLElement {
  return h(
    "li",
    { class: "step", "data-state": "done" },
    h("span", { class: "step-mark" }, icon("check")),
    h("span", { class: "step-name" }, `Seeds: ${titleOf(set).toLowerCase()}`),
    h("span", { class: "step-version" }, `${formatCount(inserted)} rows`),
  );
}
