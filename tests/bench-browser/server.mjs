/** A web server for the built pages, and for the database that all contenders start from. */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";

const CONTENT_TYPES = {
  ".data": "application/octet-stream",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/**
 * Serves a folder on a free port of the loopback address. Files whose names carry a hash may be
 * kept by the browser, as on any web server; the pages themselves are asked for anew.
 *
 * @param {string} folder
 * @returns {Promise<{ address: string, put: (path: string, body: Buffer) => void,
 *   close: () => void }>}
 */
export async function serve(folder) {
  const put = new Map();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (request.method === "PUT") {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      put.set(pathname, Buffer.concat(chunks));
      return response.writeHead(204).end();
    }
    const body = put.get(pathname) ?? read(folder, pathname);
    if (!body) return response.writeHead(pathname === "/favicon.ico" ? 204 : 404).end();
    const isKept = pathname.startsWith("/assets/");
    response.writeHead(200, {
      "content-type": CONTENT_TYPES[extname(pathname)] ?? "application/octet-stream",
      "cache-control": isKept ? "max-age=31536000, immutable" : "no-cache",
    });
    response.end(body);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    put: (path, body) => put.set(path, body),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function read(folder, pathname) {
  const file = normalize(join(folder, decodeURIComponent(pathname)));
  if (!file.startsWith(join(folder, sep))) return undefined;
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
