/** Files that are saved from the page, and given to it. */

import { h } from "./dom";

/** Long enough for a browser to begin saving. */
const KEPT_MS = 1000;

/** Saves a file as the browser saves downloads. */
export function saveFile(file: File): void {
  const url = URL.createObjectURL(file);
  h("a", { href: url, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/** A button that asks for a file. */
export function fileButton(text: string, onFile: (file: File) => void): HTMLElement {
  const input = h("input", {
    type: "file",
    hidden: true,
    onchange: () => {
      const [file] = input.files ?? [];
      if (file) onFile(file);
      // The same file may be chosen again.
      input.value = "";
    },
  });
  const onclick = () => input.click();
  const button = h("button", { class: "button", type: "button", onclick }, text);
  return h("span", { class: "file-button" }, button, input);
}
