/** Who is measured, and in which mode: durable wherever there is a choice. */

/**
 * @typedef {object} Contender
 * @property {string} name Its page is `pages/<name>.html`, its code `contenders/<name>.js`.
 * @property {string} mode How it stores what it acknowledges.
 * @property {boolean} [forReader] Nothing is held against it, and it takes part in fewer
 *   repetitions.
 * @property {number} [share] How much of the work it does, its times being multiplied accordingly:
 *   for whoever would take minutes.
 */

/** @type {Contender[]} */
export const CONTENDERS = [
  {
    name: "freehold",
    mode: "a member's session over OPFS (pool of files), as `open` sets it up",
  },
  {
    name: "official",
    mode: "@sqlite.org/sqlite-wasm, opfs-sahpool in a worker as it ships: rollback journal, FULL",
  },
  {
    name: "official-wal",
    mode: "the same with locking_mode EXCLUSIVE, write-ahead log, FULL",
    forReader: true,
  },
  {
    name: "wa-sqlite",
    mode: "AccessHandlePoolVFS in a worker, rollback journal, FULL",
    forReader: true,
  },
  {
    name: "pglite",
    mode: "opfs-ahp in its worker, relaxedDurability off; a tenth of the work, times ten",
    forReader: true,
    share: 0.1,
  },
  {
    name: "powersync",
    mode: "AccessHandlePoolVFS in its worker, local-only table, rollback journal, FULL",
    forReader: true,
  },
  {
    name: "dexie",
    mode: "IndexedDB on the main thread, durability strict",
    forReader: true,
  },
];
