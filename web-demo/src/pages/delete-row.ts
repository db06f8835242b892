/** Deleting a row: says what goes along before, and offers a way back after, where there is one. */

import type { Row } from "@freehold/web";

import { keyOf, labelOf } from "../model/rows";
import type { TableView } from "../model/schema";
import { confirm } from "../ui/dialog";
import { h } from "../ui/dom";
import type { Child } from "../ui/dom";
import { notify, notifyError } from "../ui/toast";
import type { Workspace, ReferrerCount } from "../workspace";

/** Asks and deletes; whether it was done. */
export async function deleteRow(
  workspace: Workspace,
  table: TableView,
  row: Row,
): Promise<boolean> {
  const label = labelOf(table, row);
  try {
    const referrers = await workspace.referrersOf(table, row);
    const yes = await confirm({
      title: `Delete ${label}?`,
      body: consequences(workspace, table, referrers),
      action: "Delete",
      danger: true,
    });
    if (!yes) return false;
    await workspace.rows.delete(table.name, keyOf(table, row));
    const back = canComeBack(table, referrers)
      ? { label: "Undo", run: () => void bringBack(workspace, table, row) }
      : undefined;
    notify(`${label} was deleted.`, back);
    return true;
  } catch (error) {
    notifyError(error);
    return false;
  }
}

function consequences(
  workspace: Workspace,
  table: TableView,
  referrers: readonly ReferrerCount[],
): Child {
  if (table.softDelete) {
    return h("p", {}, "It is hidden, not removed: this table keeps what is deleted.");
  }
  if (referrers.length === 0) return h("p", {}, "No other row refers to it.");
  const item = ({ table: name, onDelete, rows }: ReferrerCount) =>
    h(
      "li",
      {},
      h("strong", {}, `${rows} `),
      `in ${workspace.model.table(name)?.title ?? name}: `,
      {
        cascade: "deleted along with what refers to them",
        restrict: "they forbid it",
        set_null: "they stay, without the reference",
      }[onDelete],
    );
  return [h("p", {}, "Other rows refer to it:"), h("ul", {}, referrers.map(item))];
}

/**
 * A hidden row always comes back; a removed one when nothing went along with it and all of it could
 * be read.
 */
function canComeBack(table: TableView, referrers: readonly ReferrerCount[]): boolean {
  const isWhole = table.columns.every(({ secret, encrypted }) => !secret && !encrypted);
  return table.softDelete || (isWhole && referrers.length === 0);
}

/** Brings back a row that is hidden; undefined where that was refused. */
export async function restoreRow(
  workspace: Workspace,
  table: TableView,
  row: Row,
): Promise<Row | undefined> {
  try {
    const restored = await workspace.rows.restore(table.name, keyOf(table, row));
    notify(`${labelOf(table, restored)} is back.`);
    return restored;
  } catch (error) {
    notifyError(error);
    return undefined;
  }
}

async function bringBack(workspace: Workspace, table: TableView, row: Row): Promise<void> {
  try {
    if (table.softDelete) {
      if (!(await restoreRow(workspace, table, row))) return;
    } else {
      await workspace.rows.insert(table.name, row);
      notify(`${labelOf(table, row)} is back.`);
    }
  } catch (error) {
    notifyError(error);
  }
}
