/** What a person does on the demonstration page, as steps of a test. */

import { HARNESS } from "./harness.mjs";

/** What is served for it; with it the harness, whose databases it then finds. */
export const STUDIO = {
  "/": "web-demo/dist",
  "/harness": HARNESS["/"],
  "/web": HARNESS["/web"],
};

/** Opens the page. Whatever it logs as an error fails the test at its end, by `page.errors`. */
export async function openStudio(context, address, hash = "#/") {
  const page = await context.newPage();
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(error.message));
  page.on("console", (line) => {
    if (line.type() === "error") page.errors.push(line.text());
  });
  await page.goto(`${address}/${hash}`);
  return page;
}

/** Picks a model, and makes its database with the seed set that is offered first. */
export async function createDatabase(page, model) {
  await page.locator(`[data-model="${model}"] a`).click();
  await page.getByRole("button", { name: "Create the database" }).click();
  await page.getByText("Ready.").waitFor();
}

/** Goes to a table by the list at the side; answers with how many rows the list says it has. */
export async function openTable(page, table) {
  const link = page.locator(`.side-link[data-table="${table}"]`);
  await link.click();
  await page.locator(".table-name", { hasText: new RegExp(`^${table}$`) }).waitFor();
  await page.locator(".grid:not([aria-busy])").waitFor();
  await page.locator(".rows, .nothing").waitFor();
  return Number(await link.locator(".side-count").innerText());
}

/** Opens the row with a label. */
export async function openRow(page, label) {
  await page.getByRole("button", { name: label, exact: true }).click();
  await page.locator(".drawer").waitFor();
}

/** A field of the open form. */
export const field = (page, name) => page.locator(`.drawer [data-field="${name}"]`);

/** Types into a field. */
export const fill = (page, name, text) =>
  field(page, name).locator("input, textarea").first().fill(text);

/** The codes of the messages that stand at a field. */
export const messages = (page, name) =>
  field(page, name)
    .locator(".message")
    .evaluateAll((found) => found.map((message) => message.dataset.code));

/** Saves the open form. */
export const save = (page) => page.getByRole("button", { name: "Save" }).click();

/** A cell of a column of the grid with a text, to be waited for. */
export const cell = (page, column, text) =>
  page.locator(`.rows tbody [data-column="${column}"]`, { hasText: text });

/** The texts of a column of the grid. */
export const cells = (page, column) =>
  page
    .locator(`.rows tbody [data-column="${column}"]`)
    .evaluateAll((found) => found.map((cell) => cell.innerText.trim()));
