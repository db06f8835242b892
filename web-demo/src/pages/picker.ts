/** The first page: pick a model. */

import { databases, models, storageHealth } from "@freehold/web";
import type { ModelSummary, StorageHealth } from "@freehold/web";

import { ownModelNames } from "../model/own-models";
import { formatBytes } from "../model/rows";
import { titleOf } from "../model/schema";
import { formatRoute } from "../route";
import { fill, h } from "../ui/dom";
import type { Child } from "../ui/dom";
import { icon } from "../ui/icons";
import { notifyError } from "../ui/toast";
import { setTitle, topBar } from "./frame";
import type { Shown } from "./frame";

/** Shows the models. */
export function showPicker(root: HTMLElement): Shown {
  setTitle("Models");
  const list = h("ul", { class: "cards", "aria-busy": "true" });
  list.append(...Array.from({ length: 5 }, () => h("li", { class: "card is-empty" })));
  const kept = h("p", { class: "muted" });
  fill(
    root,
    topBar(null),
    h(
      "main",
      { class: "picker", id: "main", tabindex: "-1" },
      h("h1", {}, "Pick a model"),
      h(
        "p",
        { class: "lead" },
        "Each one is a complete app’s data: tables, rules, migrations and seeds. The database is " +
          "made in this browser, by the same core that runs natively.",
      ),
      list,
      kept,
    ),
  );
  void load(list, kept);
  return { update: (route) => route.page === "picker", leave: () => {} };
}

async function load(list: HTMLElement, kept: HTMLElement): Promise<void> {
  try {
    const [known, names, health] = await Promise.all([models(), databases(), storageHealth()]);
    const own = ownModelNames().filter((name) => !known.some((model) => model.name === name));
    const cards = known.map((model) => modelCard(model, names.includes(model.name)));
    fill(
      list,
      cards,
      own.map((name) => ownCard(name, names.includes(name))),
      newCard(),
    );
    list.removeAttribute("aria-busy");
    fill(kept, describe(health, names.length));
  } catch (error) {
    fill(list);
    notifyError(error);
  }
}

function modelCard(model: ModelSummary, isKept: boolean): HTMLElement {
  const facts = [
    plural(model.tables, "table"),
    plural(model.migrations, "migration"),
    plural(model.seeds.length, "seed set"),
  ];
  return card(model.name, model.title, model.description, facts.join(" · "), isKept);
}

function ownCard(name: string, isKept: boolean): HTMLElement {
  return card(name, titleOf(name), "Your own model.", "Given to this page", isKept);
}

function card(
  name: string,
  title: string,
  description: string,
  facts: string,
  isKept: boolean,
): HTMLElement {
  const href = formatRoute({ page: "database", storage: "opfs", name });
  return h(
    "li",
    { class: "card", "data-model": name },
    h("h2", { class: "card-title" }, h("a", { class: "card-link", href }, title)),
    h("p", { class: "card-text" }, description),
    h(
      "p",
      { class: "card-foot" },
      h("span", {}, facts),
      isKept && h("span", { class: "badge is-good" }, icon("database"), "Kept here"),
    ),
  );
}

function newCard(): HTMLElement {
  return h(
    "li",
    { class: "card is-new" },
    h(
      "h2",
      { class: "card-title" },
      h("a", { class: "card-link", href: "#/own" }, "Your own model"),
    ),
    h("p", { class: "card-text" }, "Paste a model in TOML or JSON and get its database at once."),
    h("p", { class: "card-foot" }, h("span", {}, icon("plus"), "TOML or JSON")),
  );
}

function describe(health: StorageHealth, count: number): Child {
  switch (health.kind) {
    case "unavailable":
      return [
        icon("alert"),
        " This browser keeps no databases here; a private window does that. They can live in " +
          "memory, until the page is closed.",
      ];
    case "evictable":
    case "persistent":
      return count === 0
        ? "Nothing is stored yet."
        : `${plural(count, "database")} kept in this browser, ${formatBytes(health.usedBytes)}.`;
  }
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
