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

/**
 * Changes the file of a stored database that is closed: cut to a size, bytes written at a place,
 * both counted from the start of the pool's file, whose first 4096 bytes are its header.
 *
 * @param {import("playwright-core").Page} page
 * @param {string} name
 * @param {{ size?: number, at?: number, bytes?: number[] }} harm
 */
export function damage(page, name, harm) {
  return within(
    page,
    async ({ name, size, at, bytes }) => {
      const root = await navigator.storage.getDirectory();
      const directory = await root.getDirectoryHandle(`.freehold-${name}`);
      const pool = await directory.getDirectoryHandle(".opaque");
      for await (const handle of pool.values()) {
        const file = await handle.getFile();
        const named = await file.slice(0, 512).text();
        if (named.slice(0, named.indexOf("\0")) !== "freehold.db") continue;
        const writable = await handle.createWritable({ keepExistingData: true });
        if (size !== undefined) await writable.truncate(size);
        const data = Uint8Array.from(bytes ?? []);
        if (bytes) await writable.write({ type: "write", position: at, data });
        await writable.close();
        return;
      }
      throw new Error("there is no such file");
    },
    { name, ...harm },
  );
}
