import { type Check, rowCheckKinds } from "../define/check.ts";
import { AssayError } from "../errors.ts";
import { same } from "./joins.ts";
import type { ManifestTable } from "./manifest.ts";

/** Checks of severity `quarantine` that cannot say which rows to leave out, or stand where no row can be left out. */
export function divertErrors(table: ManifestTable): readonly AssayError[] {
  return table.checks.flatMap((check) => {
    if (check.severity !== "quarantine") return [];
    const fault = faultOf(check, table);
    if (fault === null) return [];
    const [message, hint] = fault;
    return [
      new AssayError("CHECK_INVALID", `${table.name}: check ${check.kind} of severity quarantine: ${message}`, {
        hint,
        location: table.location,
      }),
    ];
  });
}

function faultOf(check: Check, table: ManifestTable): readonly [message: string, hint: string] | null {
  if (!rowCheckKinds.has(check.kind))
    return [
      "it is a rule for the table, not for a row",
      `give it severity error or warn; ${[...rowCheckKinds].join(", ")} can divert rows`,
    ];
  if (check.kind === "relationships" && same(check.to, table.name))
    return ["it compares the table with itself, so rows left out would orphan others", "give it severity error or warn"];
  if (table.kind === "bronze") return null;
  const { kind } = table.materialize;
  if (kind === "incremental" && check.kind === "relationships")
    return [
      `rows of ${check.to} come and go without touching a row here`,
      "put the check on the table it reads, or materialize it as a table",
    ];
  if (kind === "table" || kind === "incremental") return null;
  const what = {
    view: "a view keeps no rows",
    append: "an append table never judges a row again",
    snapshot: "a snapshot keeps versions, not rows",
  }[kind];
  return [what, "put the check on the table it reads, or materialize it as a table"];
}
