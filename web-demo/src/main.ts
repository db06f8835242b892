/** The page: shows the place that its address names, and holds the one open database. */

import "./styles/index.css";

import { showDatabase } from "./pages/database";
import type { Shown } from "./pages/frame";
import { showOwnModel } from "./pages/own-model";
import { showPicker } from "./pages/picker";
import { parseRoute } from "./route";
import type { Route } from "./route";
import { clearToasts } from "./ui/toast";
import { applyTheme } from "./ui/theme";

applyTheme();

const app = document.querySelector<HTMLElement>("#app");
if (!app) throw new Error("the page has no #app");

let shown: Shown | undefined;

function show(): void {
  const route = parseRoute(location.hash);
  if (shown?.update(route)) return;
  shown?.leave();
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  clearToasts();
  shown = start(app as HTMLElement, route);
}

function start(root: HTMLElement, route: Route): Shown {
  switch (route.page) {
    case "picker":
      return showPicker(root);
    case "own":
      return showOwnModel(root);
    case "database":
      return showDatabase(root, route);
  }
}

window.addEventListener("hashchange", show);
show();
