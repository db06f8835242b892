/** The choice on whose behalf the page reads and writes: the owner, or somebody in the database. */

import { fill, h } from "../ui/dom";
import { notifyError } from "../ui/toast";
import type { Workspace } from "../workspace";

/** A choice that fills itself; `onChange` runs after somebody else was chosen. */
export function actAs(workspace: Workspace, onChange: () => void): HTMLElement {
  const place = h("span", { class: "act-as" });
  const offer = async () => {
    const people = await workspace.people();
    if (people.length === 0) return;
    const options = people.map(({ label }, at) => h("option", { value: String(at) }, label));
    const chosen = people.findIndex(({ actor }) => isSame(actor, workspace.actor));
    const choice = h(
      "select",
      { class: "input", "aria-label": "Act as", onchange: () => void choose(choice.value) },
      h("option", { value: "" }, "Owner: everything"),
      ...options,
    );
    choice.value = chosen < 0 ? "" : String(chosen);
    const choose = async (value: string) => {
      workspace.actor = value === "" ? undefined : people[Number(value)]?.actor;
      await workspace.refresh().catch(notifyError);
      onChange();
    };
    fill(place, choice);
  };
  offer().catch(notifyError);
  return place;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
