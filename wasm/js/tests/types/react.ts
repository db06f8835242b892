// The hooks' types.

import { sql } from "../../dist/index.js";
import type { Builtin, Owner, Session } from "../../dist/index.js";
import { createHooks } from "../../dist/react.js";
import type { LiveSource } from "../../dist/react.js";

import { same } from "./same.js";

const { useLive, useRow, useSession } = createHooks<Builtin["workflow"]>();

export function Component(): void {
  const { rows, isLoading } = useLive({
    table: "workflows",
    filter: { name: { contains: "x" } },
    order: ["name desc"],
    columns: ["id", "name"],
  });
  same<(typeof rows)[number], { id: string; name: string }>(true);
  same<typeof isLoading, boolean>(true);
  // @ts-expect-error There is no such table.
  useLive({ table: "workflow" });
  // @ts-expect-error There is no such column.
  useLive({ table: "workflows", filter: { colour: "red" } });
  // @ts-expect-error There is no such column.
  useLive({ table: "workflows", order: ["colour"] });

  const counted = useLive<{ n: number }>(sql`SELECT count(*) AS n FROM workflows`);
  same<(typeof counted.rows)[number], { n: number }>(true);

  const { row } = useRow("tenants", "id");
  same<NonNullable<typeof row>["slug"], string>(true);
  useRow("tenants", null);
  // @ts-expect-error There is no such column in the key.
  useRow("tenants", { slug: "acme" });

  const session = useSession<Session<Builtin["workflow"]>>();
  // @ts-expect-error There is no such table.
  void session?.count("workflow");
}

// Sessions and the owner's handle are what the hooks stand on.
export const sources = (one: Session<Builtin["workflow"]>, other: Owner): LiveSource[] => [one, other];
