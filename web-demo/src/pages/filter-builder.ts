/** The panel that makes a filter: a column, a condition, a value. */

import { controlFor } from "../fields/control";
import type { Control } from "../fields/field";
import { referenceControl } from "../fields/reference";
import { operatorOf, operatorsOf } from "../model/filters";
import { titleOf } from "../model/schema";
import type { ColumnView, TableView } from "../model/schema";
import type { FilterItem } from "../route";
import { fill, freshId, h } from "../ui/dom";
import { icon } from "../ui/icons";
import type { Workspace } from "../workspace";

const PANEL_WIDTH_PX = 304;
const MARGIN_PX = 16;

/** A button with its panel. */
export function filterBuilder(
  workspace: Workspace,
  table: TableView,
  onFilter: (filter: FilterItem) => void,
): HTMLElement {
  const columns = table.columns.filter((column) => operatorsOf(column).length > 0);
  const id = freshId("filter");
  const panel = h("form", { class: "popover", id, popover: "auto", novalidate: true });
  const column = h(
    "select",
    { class: "input", "aria-label": "Column" },
    columns.map(({ name, title }) => h("option", { value: name }, title)),
  );
  const operator = h("select", { class: "input", "aria-label": "Condition" });
  const value = h("div", { class: "filter-value" });
  let control: Control | undefined;

  const chosen = () => columns.find(({ name }) => name === column.value);
  const showValue = () => {
    const found = chosen();
    const hasValue = operatorOf(operator.value)?.hasValue ?? false;
    control = found && hasValue ? valueControl(workspace, found) : undefined;
    control?.input.setAttribute("aria-label", "Value");
    fill(value, control?.element);
  };
  const showOperators = () => {
    const found = chosen();
    const names = found ? operatorsOf(found) : [];
    const option = (name: string) =>
      h("option", { value: name }, operatorOf(name)?.title ?? titleOf(name));
    fill(operator, names.map(option));
    showValue();
  };
  column.addEventListener("change", showOperators);
  operator.addEventListener("change", showValue);
  panel.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = control?.read();
    if (control && (given === undefined || given === null || control.problem?.())) {
      return control.input.focus();
    }
    panel.hidePopover();
    onFilter({ column: column.value, operator: operator.value, value: String(given ?? "") });
    showValue();
  });
  const add = h("button", { class: "button is-primary is-small", type: "submit" }, "Add filter");
  fill(panel, column, operator, value, add);
  showOperators();

  const button = h(
    "button",
    { class: "button", type: "button", popovertarget: id },
    icon("filter"),
    "Filter",
  );
  panel.addEventListener("beforetoggle", () => placeBelow(panel, button));
  return h("span", { class: "filter-builder" }, button, panel);
}

/** The value's input is the one that a form has for the column. */
function valueControl(workspace: Workspace, column: ColumnView): Control {
  const single: ColumnView = { ...column, array: false, optional: column.type === "boolean" };
  const target = column.target && workspace.model.table(column.target.table);
  return target
    ? referenceControl(single, target, undefined, { workspace, tenant: () => undefined })
    : controlFor(single, undefined);
}

/** A popover stands in the top layer and knows nothing of its button. */
function placeBelow(panel: HTMLElement, button: HTMLElement): void {
  const { left, bottom } = button.getBoundingClientRect();
  const most = window.innerWidth - PANEL_WIDTH_PX - MARGIN_PX;
  panel.style.top = `${bottom + 6}px`;
  panel.style.left = `${Math.max(MARGIN_PX, Math.min(left, most))}px`;
}
