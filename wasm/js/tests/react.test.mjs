// The hooks, rendered by React: over a real database and its live queries.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { JSDOM } from "jsdom";

import { FreeholdError, sql } from "../dist/index.js";
import { testDatabases } from "../dist/testing.js";

const { window } = new JSDOM("<!doctype html><main></main>");
const { document, navigator } = window;
for (const [name, value] of Object.entries({ window, document, navigator })) {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}
globalThis.IS_REACT_ACT_ENVIRONMENT = true;
const { StrictMode, act, createElement: h } = await import("react");
const { createRoot } = await import("react-dom/client");
const { FreeholdProvider, createHooks, useLive, useRow, useSession } = await import(
  "../dist/react.js"
);

const databases = testDatabases({ model: "workflow", seed: "development" });

/** A handle whose live queries are counted while they run. */
function counted(handle) {
  const running = new Set();
  return {
    running,
    live(query, callback) {
      const live = handle.live(query, callback);
      running.add(live);
      return {
        close() {
          live.close();
          running.delete(live);
        },
      };
    },
  };
}

describe("the React hooks", () => {
  let db, source, root, main;

  before(async () => {
    db = await databases.fresh();
  });

  after(() => db.close());

  beforeEach(() => {
    source = counted(db.owner());
    main = window.document.querySelector("main");
    root = createRoot(main);
  });

  afterEach(() => act(() => root.unmount()));

  const render = (element, session = source) =>
    act(async () => {
      root.render(h(StrictMode, null, h(FreeholdProvider, { session }, element)));
    });

  /** Waits until the page shows a text, since changes come by themselves. */
  async function shows(text) {
    const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    for (let round = 0; round < 1_000 && main.textContent !== text; round += 1) await act(pause);
    assert.equal(main.textContent, text);
  }

  function Tenants({ slug }) {
    const filter = slug ? { slug } : {};
    const { rows, isLoading, error } = useLive({ table: "tenants", order: ["slug"], filter });
    if (error) return h("b", null, error.code);
    return isLoading ? "…" : rows.map((row) => h("li", { key: row.id }, row.slug));
  }

  it("show rows, and show them again when they change", async () => {
    await render(h(Tenants));
    await shows("default");
    const { id } = await db.owner().insert("tenants", { name: "Acme", slug: "acme" });
    await shows("acmedefault");
    await db.owner().delete("tenants", id);
    await shows("default");
  });

  it("run a query once however often it is rendered, and another one when it changes", async () => {
    await render(h(Tenants, { slug: "default" }));
    const [first] = source.running;
    await render(h(Tenants, { slug: "default" }));
    assert.deepEqual([...source.running], [first]);
    await render(h(Tenants, { slug: "none" }));
    await shows("");
    assert.equal(source.running.size, 1);
    assert.ok(!source.running.has(first));
  });

  it("end their queries with the component", async () => {
    await render(h(Tenants));
    assert.equal(source.running.size, 1);
    await render(null);
    assert.equal(source.running.size, 0);
  });

  it("say why a query was refused", async () => {
    await render(h(Tenants, { slug: { above: 3 } }));
    await shows("invalid_argument");
  });

  it("follow one row, by its id or its key", async () => {
    const [tenant] = (await db.owner().list("tenants")).rows;
    function Name({ given }) {
      const { row, isLoading } = useRow("tenants", given);
      return isLoading ? "…" : (row?.name ?? "none");
    }
    await render(h(Name, { given: tenant.id }));
    await shows(tenant.name);
    await db.owner().update("tenants", tenant.id, { name: "Renamed" });
    await shows("Renamed");
    await render(h(Name, { given: { id: tenant.id } }));
    await shows("Renamed");
    await render(h(Name, { given: "0198c7a8-75f8-7031-854b-3cdf44a4f7e1" }));
    await shows("none");
    await render(h(Name, { given: null }));
    await shows("…");
    assert.equal(source.running.size, 0);
  });

  it("take SQL", async () => {
    function Count() {
      return useLive(sql`SELECT count(*) AS n FROM tenants WHERE slug = ${"default"}`).rows[0]?.n;
    }
    await render(h(Count));
    await shows("1");
  });

  it("ask for nothing while nobody is signed in", async () => {
    function Who() {
      return useSession() === null ? "nobody" : h(Tenants);
    }
    await render(h(Who), null);
    await shows("nobody");
    await render(h(Tenants), null);
    await shows("…");
    await render(h(Who), source);
    await shows("default");
  });

  it("say that a provider is missing, those of another set aside", async () => {
    const other = createHooks();
    const Lost = () => other.useSession();
    const lost = createRoot(main.appendChild(window.document.createElement("p")));
    const provider = h(FreeholdProvider, { session: source }, h(Lost));
    const rendered = async () => await act(async () => lost.render(provider));
    await assert.rejects(rendered, (error) => {
      assert.ok(error instanceof FreeholdError, String(error));
      return /FreeholdProvider/.test(error.message);
    });
    await act(() => lost.unmount());
    main.querySelector("p")?.remove();
  });
});
