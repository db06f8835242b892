/** The database as a whole: where it stands, migrations, seeds, checks, and starting over. */

import { removeDatabase, storageHealth } from "@freehold/web";
import type { Finding, MigrationStatus } from "@freehold/web";

import { formatBytes, formatCount, formatTime } from "../model/rows";
import { titleOf } from "../model/schema";
import { confirm } from "../ui/dialog";
import { fill, h } from "../ui/dom";
import type { Child } from "../ui/dom";
import { fileButton, saveFile } from "../ui/files";
import { icon } from "../ui/icons";
import { notify, notifyError } from "../ui/toast";
import type { Workspace } from "../workspace";
import type { TablesActions } from "./tables";

/** The overview. */
export function overviewPage(workspace: Workspace, actions: TablesActions): HTMLElement {
  const { model, status } = workspace;
  return h(
    "div",
    { class: "overview" },
    h("h1", {}, model.title),
    h("p", { class: "lead" }, model.description),
    status.newer &&
      h(
        "p",
        { class: "notice is-warning" },
        icon("lock"),
        " A newer version of this app wrote the database. It can be read, not changed.",
      ),
    facts(workspace),
    section("Migrations", migrations(workspace, actions)),
    section("Seeds", seeds(workspace)),
    section("Checks", checks(workspace)),
    section("The whole database", whole(workspace, actions)),
  );
}

function section(title: string, ...content: Child[]): HTMLElement {
  return h("section", { class: "section" }, h("h2", { class: "section-title" }, title), ...content);
}

function facts(workspace: Workspace): HTMLElement {
  const { model, status, storage, counts } = workspace;
  const rows = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const size = h("dd", {}, storage === "memory" ? "In memory" : "…");
  if (storage === "opfs") {
    void storageHealth().then((health) => {
      const space = `${formatBytes(health.usedBytes)} of ${formatBytes(health.quotaBytes)}`;
      size.textContent = health.kind === "persistent" ? `${space}, persistent` : space;
    });
  }
  const fact = (name: string, value: Child) => h("div", {}, h("dt", {}, name), value);
  return h(
    "dl",
    { class: "facts" },
    fact("Tables", h("dd", {}, String(model.tables.length))),
    fact("Rows", h("dd", {}, formatCount(rows))),
    fact("Version", h("dd", {}, h("code", {}, status.current))),
    fact("Storage", size),
  );
}

function migrations(workspace: Workspace, actions: TablesActions): HTMLElement {
  const entries = workspace.status.migrations;
  const undoText = (at: number) => (at === entries.length - 1 ? "Undo" : "Undo from here");
  const row = (entry: MigrationStatus, at: number) =>
    h(
      "li",
      { class: "step", "data-state": entry.state === "applied" ? "done" : "pending" },
      h("span", { class: "step-mark" }, icon("check")),
      h(
        "span",
        { class: "step-name" },
        titleOf(entry.name),
        entry.state !== "applied" && h("span", { class: "badge is-warning" }, entry.state),
        h("span", { class: "muted" }, entry.appliedOn ? formatTime(entry.appliedOn) : ""),
      ),
      h("code", { class: "step-version" }, entry.version),
      entry.state === "applied" &&
        h(
          "button",
          {
            class: "button is-small",
            type: "button",
            "aria-label": `${undoText(at)}: ${titleOf(entry.name)}`,
            onclick: () => void undo(workspace, entry, entries[at - 1]?.version ?? "0", actions),
          },
          undoText(at),
        ),
    );
  return h("ol", { class: "steps" }, entries.map(row));
}

async function undo(
  workspace: Workspace,
  entry: MigrationStatus,
  to: string,
  actions: TablesActions,
): Promise<void> {
  const yes = await confirm({
    title: `Undo “${titleOf(entry.name)}”?`,
    body: h(
      "p",
      {},
      to === "0"
        ? "All tables go, with all of their rows."
        : `The database goes back to version ${to}. What later versions added goes with its data.`,
      workspace.storage === "opfs" && " A backup is made before.",
    ),
    action: "Undo",
    danger: true,
  });
  if (!yes) return;
  try {
    await workspace.db.migrate.down({ to });
    await workspace.refresh();
    notify(`The database is at version ${to}.`);
    actions.onState();
  } catch (error) {
    notifyError(error);
  }
}

function seeds(workspace: Workspace): Child {
  if (workspace.seeds.length === 0)
    return h("p", { class: "muted" }, "This model has no seed sets.");
  const run = async (set: string) => {
    try {
      const report = await workspace.db.seed(set);
      await workspace.refresh();
      notify(
        report.inserted === 0
          ? `All rows of “${set}” are there already; nothing was changed.`
          : `“${set}” brought ${formatCount(report.inserted)} rows.`,
      );
    } catch (error) {
      notifyError(error);
    }
  };
  const button = (set: string) =>
    h("button", { class: "button", type: "button", onclick: () => void run(set) }, titleOf(set));
  return [
    h("p", { class: "muted" }, "Seeding adds what is missing and leaves your edits alone."),
    h("div", { class: "actions" }, workspace.seeds.map(button)),
  ];
}

function checks(workspace: Workspace): Child {
  const result = h("div", { class: "findings", role: "status" });
  const run = async () => {
    try {
      fill(result, findings(await workspace.db.inspect()));
    } catch (error) {
      notifyError(error);
    }
  };
  return [
    h("p", { class: "muted" }, "Looks at the file, the schema, every reference and every rule."),
    h("button", { class: "button", type: "button", onclick: () => void run() }, "Check everything"),
    result,
  ];
}

function findings(found: readonly Finding[]): Child {
  if (found.length === 0) return h("p", { class: "good" }, icon("check"), " Nothing is wrong.");
  const item = ({ code, table, path, message }: Finding) =>
    h(
      "li",
      {},
      h("code", { class: "code" }, code),
      table && h("strong", {}, ` ${table}${path ? `.${path}` : ""}: `),
      ` ${message}`,
    );
  return h("ul", { class: "finding-list" }, found.map(item));
}

function whole(workspace: Workspace, actions: TablesActions): Child {
  return h(
    "div",
    { class: "actions" },
    h(
      "button",
      { class: "button", type: "button", onclick: () => void download(workspace) },
      icon("download"),
      "Download a backup",
    ),
    fileButton("Restore a backup…", (backup) => void restore(workspace, actions, backup)),
    h(
      "button",
      { class: "button is-danger", type: "button", onclick: () => void startOver(workspace) },
      "Start over…",
    ),
    workspace.storage === "opfs" &&
      h(
        "button",
        {
          class: "button is-danger",
          type: "button",
          onclick: () => void remove(workspace, actions),
        },
        "Remove from this browser…",
      ),
  );
}

async function download(workspace: Workspace): Promise<void> {
  try {
    saveFile(await workspace.db.backup());
  } catch (error) {
    notifyError(error);
  }
}

async function restore(
  workspace: Workspace,
  actions: TablesActions,
  backup: File,
): Promise<void> {
  const yes = await confirm({
    title: "Restore this backup?",
    body: h("p", {}, h("strong", {}, backup.name), " takes the place of all that is here."),
    action: "Restore",
    danger: true,
  });
  if (!yes) return;
  try {
    await workspace.db.restore(backup);
    await workspace.refresh();
    notify("The backup was restored.");
    actions.onState();
  } catch (error) {
    notifyError(error);
  }
}

async function startOver(workspace: Workspace): Promise<void> {
  const chosen = h(
    "select",
    { class: "input", id: "start-over-seed" },
    workspace.seeds.map((set) => h("option", { value: set }, titleOf(set))),
    h("option", { value: "" }, "Empty tables"),
  );
  const yes = await confirm({
    title: "Start over?",
    body: [
      h("p", {}, "All rows of all tables are removed. The tables are made anew and seeded."),
      h("label", { class: "label", for: "start-over-seed" }, "Start with"),
      chosen,
    ],
    action: "Start over",
    danger: true,
  });
  if (!yes) return;
  try {
    await workspace.db.reset({ seed: chosen.value || null });
    await workspace.refresh();
    notify("Everything was made anew.");
  } catch (error) {
    notifyError(error);
  }
}

async function remove(workspace: Workspace, actions: TablesActions): Promise<void> {
  const yes = await confirm({
    title: "Remove the database?",
    body: h("p", {}, "The database and its backups are removed from this browser for good."),
    action: "Remove",
    danger: true,
  });
  if (!yes) return;
  try {
    await workspace.close();
    await removeDatabase(workspace.name);
    actions.onRemoved();
  } catch (error) {
    notifyError(error);
  }
}
