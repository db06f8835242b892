/** From times to a table: which ratio is held against which limit, and whether it is met. */

/** @typedef {{ what: string, key: string, against?: string, limit: number, goal?: number }} Row */

/** @type {Row[]} */
const ROWS = [
  { what: "SQL in the worker: insert 100,000 rows", key: "sql.insert", limit: 1.1 },
  { what: "SQL in the worker: scan them", key: "sql.scan", limit: 1.1 },
  { what: "SQL in the worker: sort them", key: "sql.sort", limit: 1.1 },
  { what: "SQL in the worker: group them", key: "sql.group", limit: 1.25 },
  { what: "10,000 awaited point reads by key", key: "pointReads", limit: 0.6 },
  { what: "1,000 pages of 50, filtered and ordered", key: "pages", limit: 0.3 },
  {
    what: "10,000 rows in one call / awaited inserts",
    key: "insertAll",
    against: "insertEach",
    limit: 0.35,
    goal: 0.2,
  },
  { what: "1,000 durable single-row commits", key: "commits", limit: 0.7, goal: 0.5 },
  { what: "cold start to the first page of 50", key: "cold", limit: 0.8 },
];

const LIVE_LIMIT_MS = 2.5;
const SIZES = [
  { what: "WebAssembly, gzip -9", of: ({ wasm }) => wasm.gzip, limit: 600_000, goal: 500_000 },
  { what: "WebAssembly, brotli", of: ({ wasm }) => wasm.brotli, limit: 500_000, goal: 420_000 },
  { what: "JavaScript, gzip -9", of: ({ javascript }) => javascript.gzip, limit: 40_000 },
];

const least = (times) => Math.min(...times);
const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];

/**
 * The rows of the table, and every contender's least and median times.
 *
 * @param {{ times: Record<string, Record<string, number[]>>,
 *   checks: Record<string, Record<string, Set<string>>>,
 *   missing: Record<string, Record<string, boolean>> }} results
 */
export function summarise({ times, checks, missing }, sizes) {
  const rows = ROWS.map((row) => ratioRow(row, times)).filter((row) => row !== undefined);
  if (missing.live?.freehold) {
    rows.push({ what: "a write to its live callback", figure: "not yet", holds: true });
  } else if (times.live) {
    const ms = least(times.live.freehold);
    const holds = ms <= LIVE_LIMIT_MS;
    const [figure, limit] = [`${ms.toFixed(2)} ms`, `${LIVE_LIMIT_MS} ms`];
    rows.push({ what: "a write to its live callback", figure, limit, holds });
  }
  for (const { what, of, limit, goal } of SIZES) {
    const kilobytes = (bytes) => `${Math.round(bytes / 1000)} KB`;
    const row = { what, figure: kilobytes(of(sizes)), limit: kilobytes(limit) };
    rows.push({ ...row, ...(goal && { goal: kilobytes(goal) }), holds: of(sizes) <= limit });
  }
  return { rows: [...rows, ...differences(checks)], times: allTimes(times) };
}

function ratioRow({ what, key, against = key, limit, goal }, times) {
  const [ours, theirs] = [times[key]?.freehold, times[against]?.official];
  if (!ours || !theirs) return undefined;
  const ratio = least(ours) / least(theirs);
  const medians = median(ours) / median(theirs);
  return {
    what,
    figure: ratio.toFixed(2),
    medians: medians.toFixed(2),
    limit: limit.toFixed(2),
    ...(goal && { goal: goal.toFixed(2) }),
    holds: ratio <= limit,
  };
}

/** A failed row for every workload that contenders answered differently. */
function differences(checks) {
  return Object.entries(checks).flatMap(([workload, byName]) => {
    const answers = new Set(Object.values(byName).flatMap((seen) => [...seen]));
    if (answers.size === 1) return [];
    const who = Object.entries(byName).map(([name, seen]) => `${name} ${[...seen].join(" and ")}`);
    return [{ what: `${workload}: different answers`, figure: who.join("; "), holds: false }];
  });
}

function allTimes(times) {
  const entries = Object.entries(times).map(([key, byName]) => {
    const each = Object.entries(byName).map(([name, all]) => [
      name,
      { least: least(all), median: median(all), all },
    ]);
    return [key, Object.fromEntries(each)];
  });
  return Object.fromEntries(entries);
}

/** Prints the table, and all contenders' least times below it. */
export function print({ chromium, machine, rows, times }, contenders) {
  console.log(`\nChromium ${chromium}, ${machine}; the least of the repetitions\n`);
  console.log(line(["", "Freehold / official", "medians", "limit", "goal"]));
  for (const { what, figure, medians = "", limit = "", goal = "", holds } of rows) {
    const mark = limit === "" && holds ? " " : holds ? "✓" : "✗";
    console.log(line([`${mark} ${what}`, figure, medians, limit, goal]));
  }
  console.log("\nMilliseconds, the least of the repetitions:\n");
  const names = contenders.map(({ name }) => name);
  console.log(["".padEnd(14), ...names.map((name) => name.padStart(13))].join(""));
  for (const [key, byName] of Object.entries(times)) {
    const cells = names.map((name) => byName[name]?.least.toFixed(1) ?? "-");
    console.log([key.padEnd(14), ...cells.map((cell) => cell.padStart(13))].join(""));
  }
  console.log("");
  for (const { name, mode } of contenders) console.log(`${name}: ${mode}`);
}

function line([what, ...cells]) {
  return [what.padEnd(46), ...cells.map((cell) => cell.padStart(10))].join("");
}
