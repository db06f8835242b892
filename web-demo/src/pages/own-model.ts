/** A model of one's own: pasted, checked as one types, and made into a database. */

import { checkModel } from "@freehold/web";
import type { Problem } from "@freehold/web";

import { keepOwnModel } from "../model/own-models";
import { go } from "../route";
import { debounce, fill, h } from "../ui/dom";
import type { Child } from "../ui/dom";
import { icon } from "../ui/icons";
import { notifyError } from "../ui/toast";
import { setTitle, topBar } from "./frame";
import type { Shown } from "./frame";

const CHECK_DELAY_MS = 250;

const EXAMPLE = `name = "notebook"
title = "Notebook"
description = "Books and the notes in them."

[enums]
mood = ["GOOD", "SO_SO", "BAD"]

[tables.books]
doc = "One row is one book."
columns.title = { type = "text", min = 1, max = 80 }
columns.color = { type = "text", max = 9, format = "color", default = "#3b7a57" }
columns.created_at = { type = "timestamp", auto = "created" }
unique = [["title"]]

[tables.notes]
doc = "One row is one note in a book."
columns.book_id = { type = "ref", to = "books", on_delete = "cascade" }
columns.body = { type = "text", min = 1, max = 2000 }
columns.mood = { type = "enum", of = "mood", default = "GOOD" }
columns.tags = { type = "text[]", default = [], max = 8 }
columns.due = { type = "date", optional = true }
columns.done = { type = "boolean", default = false }
columns.updated_at = { type = "timestamp", auto = "updated" }
checks.done_has_due = "done = FALSE OR due IS NOT NULL"
`;

/** Shows the editor. */
export function showOwnModel(root: HTMLElement): Shown {
  setTitle("Your own model");
  const result = h("div", { class: "own-result", role: "status" });
  const create = h(
    "button",
    { class: "button is-primary is-large", type: "submit" },
    "Use this model",
  );
  const text = h("textarea", {
    class: "input is-code own-text",
    spellcheck: "false",
    "aria-label": "The model, TOML or JSON",
    rows: 26,
    value: EXAMPLE,
    oninput: debounce(() => void check(), CHECK_DELAY_MS),
  });
  let name: string | undefined;

  async function check() {
    try {
      const { problems, model } = await checkModel(text.value);
      name = problems.length === 0 ? model?.name : undefined;
      create.disabled = name === undefined;
      const tables = Object.keys(model?.tables ?? {}).length;
      fill(result, problems.length > 0 ? list(problems) : fine(tables));
    } catch (error) {
      notifyError(error);
    }
  }

  async function use(event: Event) {
    event.preventDefault();
    await check();
    if (name === undefined) return;
    keepOwnModel(name, text.value);
    go({ page: "database", storage: "opfs", name });
  }

  fill(
    root,
    topBar(h("span", { class: "crumb", "aria-current": "page" }, "Your own model")),
    h(
      "main",
      { class: "own", id: "main", tabindex: "-1" },
      h("h1", {}, "Your own model"),
      h(
        "p",
        { class: "lead" },
        "Tables, rules and references in TOML or JSON. The core checks it as you type.",
      ),
      h(
        "form",
        { class: "own-form", onsubmit: (event: Event) => void use(event) },
        text,
        result,
        create,
      ),
    ),
  );
  void check();
  return { update: (route) => route.page === "own", leave: () => {} };
}

function fine(tables: number): Child {
  return h("p", { class: "good" }, icon("check"), ` A sound model of ${tables} tables.`);
}

function list(problems: readonly Problem[]): Child {
  const item = ({ line, column, path, message, code }: Problem) =>
    h(
      "li",
      {},
      line !== undefined && h("span", { class: "muted" }, `${line}:${column ?? 1} `),
      h("strong", {}, path),
      ` ${message} `,
      h("code", { class: "code" }, code),
    );
  return h("ul", { class: "finding-list" }, problems.map(item));
}
