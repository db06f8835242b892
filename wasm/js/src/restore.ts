/**
 * Restoring a stored database that no longer opens.
 *
 * @packageDocumentation
 */

import { readAnswer } from "./channel.js";
import { FreeholdError } from "./error.js";
import { bytesIn, rememberUse } from "./files.js";
import { startLink } from "./link.js";
import type { Link } from "./link.js";
import { requestToOpen } from "./open.js";
import type { OpenOptions } from "./open.js";

/** A worker that just gave up gives its files back late. */
const HELD_PATIENCE_MS = [50, 100, 200, 400];

/**
 * Puts a backup in the place of a stored database, whatever state that is in; the next `open`
 * finds it. The file is proven first as `Database.restore` does, and until then nothing is touched.
 * Where the database opens, `Database.restore` is the call to make.
 *
 * Rejects as `Database.restore` does, and with `held_by_another_tab` where it is open.
 */
export async function restoreDatabase(
  file: Blob | Uint8Array | ArrayBuffer,
  options: OpenOptions,
): Promise<void> {
  const text = await requestToOpen(options);
  const link = startLink();
  try {
    await replace(link, text, await bytesIn(file));
    await rememberUse(options.name);
  } finally {
    link.end();
  }
}

async function replace(link: Link, text: string, bytes: Uint8Array): Promise<void> {
  for (const patience of [...HELD_PATIENCE_MS, undefined]) {
    try {
      readAnswer(await link.ask({ kind: "replace", text, bytes }));
      return;
    } catch (error) {
      const isHeld = error instanceof FreeholdError && error.code === "held_by_another_tab";
      if (!isHeld || patience === undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, patience));
    }
  }
}
