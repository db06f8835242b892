// The dedicated worker that owns the database: OPFS hands out synchronous files nowhere else.
import init, { openProbe } from "/wasm/freehold_wasm.js";

const ready = init();
let database;

const methods = {
  async open(name) {
    await ready;
    database = await openProbe(name);
  },
  migrate: () => database.migrate(),
  add: (body) => String(database.add(body)),
  query: (sql) => JSON.parse(database.query(sql)),
};

onmessage = async ({ data: { id, method, values } }) => {
  try {
    postMessage({ id, answer: await methods[method](...values) });
  } catch (error) {
    const { code = "none", message = String(error) } = error;
    postMessage({ id, error: { code, message } });
  }
};
