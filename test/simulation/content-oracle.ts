import type { Manifest, ManifestTable } from "../../src/compile/manifest.ts";
import type { State } from "../../src/ports/state-store.ts";
import type { RunResult, TableName } from "../../src/terms.ts";
import type { Platform, ProcessOutcome } from "./platform.ts";
import type { ProjectSpec } from "./scenario.ts";
import { contentsOf, rowsOf, type Shadow } from "./shadow.ts";
import { Violation } from "./violation.ts";

/** Every published table holds what it has to. Returns count and content hash of each. */
export async function compareContents(
  { platform, shadow }: { readonly platform: Platform; readonly shadow: Shadow },
  manifest: Manifest,
  outcome: ProcessOutcome,
  state: State,
): Promise<ReadonlyMap<TableName, string>> {
  const published = manifest.tables.filter((table) => state.publications.has(table.name));
  const [found, expected] = [await contentsOf(platform.look, published), await shadow.contents(published)];
  for (const table of published) {
    if (found.get(table.name) === expected.get(table.name)) continue;
    const why = outcome.crashed === null ? "" : ` after a crash ${outcome.crashed}`;
    throw new Violation("content", `${table.name}${why}\n${await differenceText(platform, shadow, table)}`);
  }
  return expected;
}

/** Quarantine holds the rows of each model that break its rule, and no others. */
export async function compareQuarantine(
  { platform, shadow }: { readonly platform: Platform; readonly shadow: Shadow },
  { models }: ProjectSpec,
  state: State,
): Promise<void> {
  const ruled = models.filter(({ name, rule }) => rule !== null && state.publications.has(name));
  if (ruled.length === 0) return;
  const rows = await platform.look.query({
    text: "select table_name, count(*)::integer as rows from assay.quarantine where state = 'open' group by table_name",
  });
  for (const { name } of ruled) {
    const found = Number(rows.find((row) => row.table_name === name)?.rows ?? 0);
    if (found !== shadow.refused(name)) throw new Violation("quarantine", `${name}: ${found} rows, expected ${shadow.refused(name)}`);
  }
}

async function differenceText(platform: Platform, shadow: Shadow, table: ManifestTable): Promise<string> {
  const lines = async (session: Platform["look"]): Promise<readonly string[]> =>
    (await rowsOf(session, table)).map((row) => JSON.stringify(row));
  const [found, expected] = [await lines(platform.look), await lines(shadow.session)];
  const missing = without(expected, found).map((line) => `  missing ${line}`);
  const surplus = without(found, expected).map((line) => `  surplus ${line}`);
  return [...missing, ...surplus].slice(0, 12).join("\n");
}

/** Rows of a bag that another one lacks. */
export function without(rows: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const row of others) left.set(row, (left.get(row) ?? 0) + 1);
  return rows.filter((row) => {
    const times = left.get(row) ?? 0;
    left.set(row, times - 1);
    return times <= 0;
  });
}

/** Rows in are rows out, refused or removed by a rule, in every step that keeps rows. */
export function checkLedger(result: RunResult): void {
  for (const step of result.steps) {
    if (step.status !== "succeeded" || step.rows_in === null) continue;
    const removed = step.removed_by.reduce((sum, item) => sum + item.rows, 0);
    if (removed !== step.removed || step.rows_in !== (step.rows_out ?? 0) + step.quarantined + removed) {
      throw new Violation(
        "ledger",
        `${step.step}: ${step.rows_in} in, ${step.rows_out} out, ${step.quarantined} quarantined, ${removed} removed`,
      );
    }
    if ([step.rows_in, step.rows_out ?? 0, ...step.removed_by.map((item) => item.rows)].some((rows) => rows < 0))
      throw new Violation("ledger", `${step.step} counts fewer rows than none: ${JSON.stringify(step)}`);
  }
}
