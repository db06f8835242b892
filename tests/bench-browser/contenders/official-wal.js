/** The official SQLite with a write-ahead log. */

import "./official.js";

const { open } = globalThis.contender;
globalThis.contender.open = (options) => open({ ...options, wal: true });
