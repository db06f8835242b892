/** PGlite's own worker. */

import { PGlite } from "@electric-sql/pglite";
import { worker } from "@electric-sql/pglite/worker";

worker({
  init: () => new PGlite({ dataDir: "opfs-ahp://pglite-bench", relaxedDurability: false }),
});
