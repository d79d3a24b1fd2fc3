import type { Manifest, ManifestTable } from "../compile/manifest.ts";
import { columnTypeName } from "../define/column-type.ts";
import type { ColumnTypes } from "../execute/table-comparison.ts";
import type { TableDiff } from "../execute/table-diff.ts";
import type { Against, TableChange } from "../plan/against.ts";
import { keepsHistory } from "../plan/defer-steps.ts";
import type { Plan, Step } from "../plan/plan.ts";
import type { DescribedColumn } from "../ports/engine.ts";
import type { CheckResult, ErrorReport, RunResult, StepResult, StepStatus, TableName } from "../terms.ts";

/** Columns of a table in the project, held against those it has in the other environment. */
export interface ColumnChanges {
  readonly added: readonly DescribedColumn[];
  readonly removed: readonly DescribedColumn[];
  readonly types: readonly ColumnTypes[];
}

/** A table that differs from the other environment's, and what became of it. */
export interface ChangedTable extends TableChange {
  /** `planned`: by `assay plan`; nothing was done · `kept`: built before, from the same definition and upstreams. */
  readonly status: StepStatus | "planned" | "kept";
  /** Why the step ran, or did not. */
  readonly reason: string;
  /** Null: the table is new, or cannot be read there. */
  readonly columns: ColumnChanges | null;
  readonly rows: number | null;
  readonly duration_ms: number;
  /** Checks that did not pass. */
  readonly problems: readonly CheckResult[];
  readonly error: ErrorReport | null;
  /** Rows there → rows here; null: not compared. */
  readonly diff: TableDiff | null;
  readonly notes: readonly string[];
}

/** What a run or plan held against another environment found. Shape of `against` in `assay run --json` and `assay plan --json`. */
export interface AgainstReport {
  readonly environment: string;
  readonly against: string;
  readonly changed: number;
  readonly built: number;
  /** Checks of severity error that did not pass. */
  readonly checks_failed: number;
  readonly steps_failed: number;
  readonly deferred: number;
  readonly tables: readonly ChangedTable[];
  /** Changed, and outside the selection. */
  readonly not_selected: readonly TableName[];
  /** Published there and declared no more. */
  readonly removed: readonly TableName[];
  readonly notes: readonly string[];
}

export interface ReportInput {
  readonly manifest: Pick<Manifest, "tables">;
  readonly held: Against;
  readonly plan: Plan;
  /** Null: only planned. */
  readonly result: RunResult | null;
  /** Columns of the changed tables as they are there. */
  readonly columns: ReadonlyMap<TableName, readonly DescribedColumn[]>;
  readonly diffs: readonly TableDiff[];
  readonly notes: readonly string[];
}

/** Puts together what a run held against another environment changed. Pure. */
export function againstReport(input: ReportInput): AgainstReport {
  const { manifest, held, plan, result } = input;
  const results = new Map((result?.steps ?? []).map((step) => [step.step, step] as const));
  const deferred = plan.steps.filter((step) => step.kind === "defer" && !held.changes.has(step.table)).length;
  const tables: ChangedTable[] = [];
  const left: TableName[] = [];
  for (const table of manifest.tables) {
    const change = held.changes.get(table.name);
    if (change === undefined) continue;
    const step = plan.steps.find((item) => item.table === table.name && (item.kind === "ingest" || item.kind === "build"));
    if (step === undefined) left.push(table.name);
    else tables.push(changedTable(input, table, change, step, results.get(step.step)));
  }
  const failed = [...results.values()].filter((step) => step.status === "failed");
  return {
    environment: plan.environment,
    against: held.environment,
    changed: tables.length,
    built: tables.filter((table) => table.status === "succeeded").length,
    checks_failed: tables.flatMap((table) => table.problems).filter((check) => check.status === "failed").length,
    steps_failed: failed.length,
    deferred,
    tables,
    not_selected: left,
    removed: held.removed,
    notes: [...failedDeferrals(failed), ...input.notes],
  };
}

const failedDeferrals = (failed: readonly StepResult[]): readonly string[] =>
  failed
    .filter((step) => step.kind === "defer")
    .map((step) => `${step.table} cannot be read from there: ${step.error?.message ?? step.reason}`);

function changedTable(
  { held, columns, diffs }: ReportInput,
  table: ManifestTable,
  change: TableChange,
  step: Step,
  result: StepResult | undefined,
): ChangedTable {
  const there = columns.get(table.name);
  return {
    ...change,
    status: step.action === "skip" && result?.status !== "failed" ? "kept" : (result?.status ?? "planned"),
    reason: result?.reason ?? step.because,
    columns: there === undefined ? null : columnChanges(table, there),
    rows: result?.rows_out ?? null,
    duration_ms: result?.duration_ms ?? 0,
    problems: (result?.checks ?? []).filter((check) => check.status === "failed" || check.status === "warned"),
    error: result?.error ?? null,
    diff: diffs.find((diff) => diff.table === table.name) ?? null,
    notes: [...historyNotes(table, held), ...(result?.notes ?? [])],
  };
}

function columnChanges(table: ManifestTable, there: readonly DescribedColumn[]): ColumnChanges {
  const same = (a: { readonly name: string }, b: { readonly name: string }): boolean => a.name.toLowerCase() === b.name.toLowerCase();
  const here = table.columns.map(({ name, type }) => ({ name, type: columnTypeName(type) }));
  return {
    added: here.filter((column) => !there.some((old) => same(old, column))),
    removed: there.filter((old) => !here.some((column) => same(old, column))),
    types: here.flatMap((column) => {
      const old = there.find((item) => same(item, column));
      return old === undefined || old.type === column.type ? [] : [{ column: column.name, old: old.type, new: column.type }];
    }),
  };
}

/** What a reader has to know before taking the numbers of a table with a history for those of the other environment. */
function historyNotes(table: ManifestTable, held: Against): readonly string[] {
  const there = held.deferrals.has(table.name);
  if (keepsHistory(table))
    return [
      there ? `its history was taken from ${held.environment}, and gone on with` : "its history begins here: it cannot be made again",
    ];
  if (table.kind === "bronze" && table.load !== "replace")
    return ["read from the files its source has now: rows of files that are gone are not in it"];
  return [];
}
