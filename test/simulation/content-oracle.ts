import { duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import type { Manifest, ManifestTable } from "../../src/compile/manifest.ts";
import type { State } from "../../src/ports/state-store.ts";
import type { RunResult, TableName } from "../../src/terms.ts";
import { type BronzeContent, refusedPlaces, type SentFile } from "./bronze-reference.ts";
import type { Platform, ProcessOutcome } from "./platform.ts";
import { contentOf, placeOf } from "./replays.ts";
import type { BronzeSpec, ProjectSpec } from "./scenario.ts";
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

interface Expected {
  readonly platform: Platform;
  readonly shadow: Shadow;
  readonly bronze: ReadonlyMap<TableName, BronzeContent>;
}

/**
 * Quarantine holds the rows of each model that break its rule, and no others; of bronze tables the very rows that no contract takes, and
 * those that were mended. Returns how many were.
 */
export async function compareQuarantine({ platform, shadow, bronze }: Expected, project: ProjectSpec, state: State): Promise<number> {
  const ruled = project.models.filter(({ name, rule }) => rule !== null && state.publications.has(name));
  const texts = project.bronze.filter(({ name, format }) => format !== "parquet" && state.publications.has(name));
  if (ruled.length + texts.length === 0) return 0;
  const { rows } = await duckdbStateStore().readQuarantine(platform.look, { states: ["open", "replayed"] }, null);
  for (const { name } of ruled) {
    const found = rows.filter((row) => row.table === name && row.state === "open").length;
    if (found !== shadow.refused(name)) throw new Violation("quarantine", `${name}: ${found} rows, expected ${shadow.refused(name)}`);
  }
  let replayed = 0;
  for (const spec of texts) {
    const own = rows.filter((row) => row.table === spec.name);
    const found = own.map((row) => `${row.file_name} ${row.file_sha256} ${placeOf(spec, row)} ${row.state}`).sort();
    const expected = quarantineOf(spec, bronze.get(spec.name)?.files ?? []);
    if (found.join() !== expected.join())
      throw new Violation("quarantine", `${spec.name}\n  found ${found.join("\n    ")}\n  expected ${expected.join("\n    ")}`);
    const counted = state.files.filter(({ table }) => table === spec.name).reduce((sum, file) => sum + file.quarantined, 0);
    const open = own.filter((row) => row.state === "open").length;
    if (counted !== open) throw new Violation("quarantine", `${spec.name}: files count ${counted} refused rows, ${open} are open`);
    replayed += own.length - open;
  }
  return replayed;
}

/** A content that was sent more than once is one. */
function quarantineOf(spec: BronzeSpec, files: readonly SentFile[]): readonly string[] {
  const rows = files.flatMap((file) => {
    const name = `${file.name} ${contentOf(spec, file)}`;
    return [
      ...refusedPlaces(file).map((place) => `${name} ${place} open`),
      ...[...file.mended.keys()].map((place) => `${name} ${place} replayed`),
    ];
  });
  return [...new Set(rows)].sort();
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
