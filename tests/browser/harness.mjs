/** A page that holds nothing but the package, and what a test does inside of it. */

/** What is served for it. */
export const HARNESS = { "/": "tests/browser/harness", "/web": "wasm/js/dist" };

/**
 * Opens such a page.
 *
 * @param {import("playwright-core").BrowserContext} context
 * @param {string} address
 */
export async function openHarness(context, address) {
  const page = await context.newPage();
  await load(page, address);
  return page;
}

/** Loads the page, or loads it again. */
export async function load(page, address) {
  if (address) await page.goto(`${address}/`);
  else await page.reload();
  await page.waitForFunction(() => globalThis.freehold !== undefined);
}

/**
 * Runs a function inside of the page. What it throws is thrown here, with its `code` and `details`.
 *
 * The page's `db` is the database that the test has open, by convention.
 *
 * @param {import("playwright-core").Page} page
 * @param {(argument: any) => Promise<unknown>} work It sees `freehold`, `db` and its argument.
 */
export async function within(page, work, argument) {
  const body = `return (${work.toString()})(argument)`;
  const { value, error } = await page.evaluate(
    ([text, value]) => globalThis.run(text, value),
    [body, argument],
  );
  if (error) throw Object.assign(new Error(`${error.code}: ${error.message}`), error);
  return value;
}

/** Opens a database in the page as `db`. */
export function openDatabase(page, options) {
  return within(
    page,
    async (options) => {
      globalThis.db = await globalThis.freehold.open(options);
    },
    options,
  );
}
