/** Light or dark: as the system has it, until somebody chooses. */

import { fill, h } from "./dom";
import { icon } from "./icons";

const STORAGE_KEY = "freehold.theme";

/** Applies what was chosen before. */
export function applyTheme(): void {
  const chosen = localStorage.getItem(STORAGE_KEY);
  if (chosen) document.documentElement.dataset["theme"] = chosen;
}

/** The button that changes between the two. */
export function themeButton(): HTMLElement {
  const button = h("button", { class: "icon-button", type: "button", onclick: toggle });
  const show = () => {
    const next = isDark() ? "light" : "dark";
    fill(button, icon(isDark() ? "sun" : "moon"));
    button.setAttribute("aria-label", `Use the ${next} theme`);
    button.title = `Use the ${next} theme`;
  };
  function toggle() {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset["theme"] = next;
    localStorage.setItem(STORAGE_KEY, next);
    show();
  }
  show();
  return button;
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}
