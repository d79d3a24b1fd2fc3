import type { Manifest } from "../../src/compile/manifest.ts";
import { columnList, quoteIdentifier } from "../../src/define/quote.ts";
import type { State } from "../../src/ports/state-store.ts";
import type { TableName } from "../../src/terms.ts";
import { without } from "./content-oracle.ts";
import { type Counters, count } from "./counters.ts";
import type { Platform } from "./platform.ts";
import { rowsOf } from "./shadow.ts";
import { Violation } from "./violation.ts";

/** The rows of each followed table as they were seen last. */
export type SeenVersions = Map<TableName, { readonly version: number; readonly rows: readonly string[] }>;

/** The changes a commit recorded, put upon the version before it, give the version it made. */
export async function checkChanges(
  world: { readonly platform: Platform; readonly seen: SeenVersions; readonly counters: Counters },
  manifest: Manifest,
  state: State,
): Promise<void> {
  const { platform, seen, counters } = world;
  for (const table of manifest.tables) {
    const version = Number(state.publications.get(table.name)?.version ?? 0);
    const before = seen.get(table.name);
    if (!table.tracked || version === 0 || before?.version === version) continue;
    const rows = (await rowsOf(platform.look, table)).map((row) => JSON.stringify(row));
    seen.set(table.name, { version, rows });
    const commit = state.commits.get(table.name)?.find((item) => Number(item.version) === version);
    count(counters, `commits of kind ${commit?.kind}`);
    if (before === undefined || before.version !== version - 1 || commit?.kind !== "changes") continue;
    const columns = columnList(table.columns.map(({ name }) => name));
    const changes = await platform.look.query({
      text: `select _op, ${columns} from assay_changes.${quoteIdentifier(table.name)} where _version = ${version} order by all`,
    });
    const rowsWith = (op: number): readonly string[] =>
      changes.flatMap(({ _op, ...row }) => (Number(_op) === op ? [JSON.stringify(row)] : []));
    const [gone, come] = [rowsWith(-1), rowsWith(1)];
    const folded = [...without(before.rows, gone), ...come];
    const [missing, surplus] = [without(rows, folded), without(folded, rows)];
    if (without(gone, before.rows).length + missing.length + surplus.length > 0) {
      throw new Violation(
        "changes do not make the version",
        `${table.name} ${version}: without ${missing.join()}, too many ${surplus.join()}`,
      );
    }
    if (without(gone, come).length < gone.length) throw new Violation("change that changes nothing", `${table.name} ${version}`);
    const { inserted, updated, deleted } = commit;
    if ((inserted ?? 0) + (updated ?? 0) !== come.length || (deleted ?? 0) + (updated ?? 0) !== gone.length) {
      throw new Violation(
        "counted changes",
        `${table.name} ${version}: ${inserted} + ${updated} + ${deleted}, ${come.length} came, ${gone.length} went`,
      );
    }
  }
}
