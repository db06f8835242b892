// The hooks, rendered by React: over a real database, with a live query that tests stand in for.

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

/** A session with live queries: those that run are asked again when a test says so. */
function liveSession(session) {
  const running = new Set();
  return {
    running,
    async live(query, callback) {
      const { table, sql: text, params, ...options } = query;
      const ask = () => (table ? session.list(table, options) : session.sql(text, params).objects());
      const live = {
        query,
        async refresh() {
          const answer = await ask().then(
            (found) => ({ rows: found.rows ?? found }),
            (error) => ({ rows: [], error }),
          );
          if (running.has(live)) callback(answer);
        },
        close: () => running.delete(live),
      };
      running.add(live);
      await live.refresh();
      return live;
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
    const { running, live } = liveSession(db.owner());
    source = {
      running,
      live(query, callback) {
        let closed;
        const started = live(query, callback);
        started.then((one) => closed && one.close());
        return {
          close() {
            closed = true;
            started.then((one) => one.close());
          },
        };
      },
    };
    main = window.document.querySelector("main");
    root = createRoot(main);
  });

  afterEach(() => act(() => root.unmount()));

  const render = (element, session = source) =>
    act(async () => {
      root.render(h(StrictMode, null, h(FreeholdProvider, { session }, element)));
      await settled();
    });

  /** Waits until everything that was asked is answered: calls are answered in their order. */
  const settled = async () => {
    await db.status();
    await db.status();
  };

  const refresh = () =>
    act(async () => {
      for (const live of source.running) await live.refresh();
    });

  function Tenants({ slug }) {
    const filter = slug ? { slug } : {};
    const { rows, isLoading, error } = useLive({ table: "tenants", order: ["slug"], filter });
    if (error) return h("b", null, error.code);
    return isLoading ? "…" : rows.map((row) => h("li", { key: row.id }, row.slug));
  }

  it("show rows, and show them again when they change", async () => {
    await render(h(Tenants));
    assert.equal(main.textContent, "default");
    const { id } = await db.owner().insert("tenants", { name: "Acme", slug: "acme" });
    await refresh();
    assert.equal(main.textContent, "acmedefault");
    await db.owner().delete("tenants", id);
    await refresh();
    assert.equal(main.textContent, "default");
  });

  it("run a query once however often it is rendered, and another one when it changes", async () => {
    await render(h(Tenants, { slug: "default" }));
    const [first] = source.running;
    await render(h(Tenants, { slug: "default" }));
    assert.deepEqual([...source.running], [first]);
    await render(h(Tenants, { slug: "none" }));
    assert.equal(main.textContent, "");
    assert.equal(source.running.size, 1);
    assert.ok(!source.running.has(first));
  });

  it("end their queries with the component", async () => {
    await render(h(Tenants));
    assert.equal(source.running.size, 1);
    await render(null);
    await act(settled);
    assert.equal(source.running.size, 0);
  });

  it("say why a query was refused", async () => {
    await render(h(Tenants, { slug: { above: 3 } }));
    assert.equal(main.textContent, "invalid_argument");
  });

  it("follow one row, by its id or its key", async () => {
    const [tenant] = (await db.owner().list("tenants")).rows;
    function Name({ given }) {
      const { row, isLoading } = useRow("tenants", given);
      return isLoading ? "…" : (row?.name ?? "none");
    }
    await render(h(Name, { given: tenant.id }));
    assert.equal(main.textContent, tenant.name);
    await db.owner().update("tenants", tenant.id, { name: "Renamed" });
    await refresh();
    assert.equal(main.textContent, "Renamed");
    await render(h(Name, { given: { id: tenant.id } }));
    assert.equal(main.textContent, "Renamed");
    await render(h(Name, { given: "0198c7a8-75f8-7031-854b-3cdf44a4f7e1" }));
    assert.equal(main.textContent, "none");
    await render(h(Name, { given: null }));
    assert.equal(main.textContent, "…");
    assert.equal(source.running.size, 0);
  });

  it("take SQL", async () => {
    function Count() {
      return useLive(sql`SELECT count(*) AS n FROM tenants WHERE slug = ${"default"}`).rows[0]?.n;
    }
    await render(h(Count));
    assert.equal(main.textContent, "1");
  });

  it("ask for nothing while nobody is signed in", async () => {
    function Who() {
      return useSession() === null ? "nobody" : h(Tenants);
    }
    await render(h(Who), null);
    assert.equal(main.textContent, "nobody");
    await render(h(Tenants), null);
    assert.equal(main.textContent, "…");
    await render(h(Who), source);
    assert.equal(main.textContent, "default");
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
