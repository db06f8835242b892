/**
 * What every browser test needs: a real Chromium, and a web server for built folders.
 *
 * The test command finds Chromium and passes its path in `CHROMIUM`; a test that is started by hand
 * looks on the search path.
 */

import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, dirname, extname, join, normalize, resolve, sep } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

/** The project's root folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/**
 * No sandbox, so that it also starts as root in a container; the others keep the browser from the
 * network.
 */
const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A name that is not this machine, so that a page under it is no secure context.
  "--host-resolver-rules=MAP insecure.test 127.0.0.1",
];

const CONTENT_TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/**
 * Starts a Chromium with a profile of its own that lasts until `close`.
 *
 * `restart` closes the browser and starts it again on the same profile, as a user does who comes
 * back the next day.
 *
 * @typedef {object} Browser
 * @property {import("playwright-core").BrowserContext} context Opens pages; `restart` changes it.
 * @property {() => Promise<void>} restart
 * @property {() => Promise<void>} crash Kills all of its processes at once, and starts it again.
 * @property {() => Promise<void>} close
 *
 * @param {object} options What Playwright takes besides.
 * @returns {Promise<Browser>}
 */
export async function startBrowser(options = {}) {
  const browser = {};
  await start(browser, options);
  return browser;
}

/**
 * A browser and a site for the tests of a suite: both are there when they run, and gone after them.
 *
 * @param {Record<string, string>} folders What is served, as `serve` takes it.
 * @param {object} options What Playwright takes besides.
 * @returns {{ browser: Browser, site: { address: string } }}
 */
export function useBrowser(folders, options = {}) {
  const [browser, site] = [{}, {}];
  before(async () => {
    Object.assign(site, await serve(folders));
    await start(browser, options);
  });
  after(async () => {
    await browser.close?.();
    await site.close?.();
  });
  return { browser, site };
}

async function start(browser, options) {
  const profile = mkdtempSync(join(tmpdir(), "freehold-browser-"));
  const launch = async () => {
    browser.context = await chromium.launchPersistentContext(profile, {
      executablePath: findChromium(),
      headless: true,
      args: CHROMIUM_ARGUMENTS,
      ...options,
    });
  };
  await launch();
  Object.assign(browser, {
    async restart() {
      await browser.context.close();
      await launch();
    },
    async crash() {
      // There is no public way to the process of a browser with a profile of its own.
      const inside = browser.context._connection.toImpl(browser.context);
      const { browserProcess } = inside._browser.options;
      const closed = new Promise((closed) => browser.context.once("close", closed));
      await browserProcess.kill();
      await closed;
      await launch();
    },
    async close() {
      await browser.context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  });
}

/**
 * Serves folders of the project on a free port of the loopback address.
 *
 * @param {Record<string, string>} folders What is served under which address, such as
 *   `{ "/": "web-demo/dist" }`: folders are relative to the project's root, and the longest address
 *   that fits wins.
 * @returns {Promise<{ address: string, close: () => Promise<void> }>} The address ends without a
 *   slash.
 */
export async function serve(folders) {
  const withSlash = (prefix) => (prefix.endsWith("/") ? prefix : `${prefix}/`);
  const mounts = Object.entries(folders)
    .map(([prefix, folder]) => [withSlash(prefix), resolve(root, folder)])
    .sort(([a], [b]) => b.length - a.length);
  const server = createServer((request, response) => {
    const file = locate(mounts, new URL(request.url, "http://localhost").pathname);
    if (!file) {
      response.writeHead(404).end("not found");
      return;
    }
    response.writeHead(200, {
      "content-type": CONTENT_TYPES[extname(file)] ?? "application/octet-stream",
      // Asked for each time; a page that forbids any keeping is not kept for the way back either.
      "cache-control": "no-cache",
    });
    createReadStream(file).pipe(response);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      }),
  };
}

function locate(mounts, pathname) {
  const wanted = decodeURIComponent(pathname);
  for (const [prefix, folder] of mounts) {
    if (!wanted.startsWith(prefix)) continue;
    const file = normalize(join(folder, wanted.slice(prefix.length) || "index.html"));
    const inside = file.startsWith(join(folder, sep));
    if (inside && existsSync(file) && statSync(file).isFile()) return file;
  }
  return undefined;
}

function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const files = CHROMIUM_NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = files.find((file) => existsSync(file));
  if (!found) throw new Error("no Chromium: install it, or set CHROMIUM to its path");
  return found;
}
