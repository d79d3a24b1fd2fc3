import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { duckdbHashes } from "../adapters/duckdb/engine.ts";
import { AssayError, messageOf } from "../errors.ts";
import { diffEnvironments } from "../execute/diff-environments.ts";
import type { TableDiff } from "../execute/table-diff.ts";
import { type AgainstReport, againstReport } from "../observe/against-report.ts";
import { againstSummary } from "../observe/against-summary.ts";
import { partKinds, type RunResult, type StepResult, type TableName } from "../terms.ts";
import { type Held, ownFolder } from "./held.ts";
import { openBoth } from "./open-both.ts";
import type { PreparedPlan } from "./prepare-plan.ts";
import type { Workspace } from "./workspace.ts";

/** What a plan would change. */
export function plannedReport(prepared: PreparedPlan, held: Held): AgainstReport {
  const { manifest, plan } = prepared;
  return againstReport({ manifest, plan, held: held.against, result: null, columns: held.columns, diffs: [], notes: [] });
}

/** What a run changed: the rows of every changed table that is published in both environments are compared. */
export async function runReport(
  workspace: Workspace,
  prepared: PreparedPlan,
  held: Held,
  result: RunResult,
  samples: number,
): Promise<AgainstReport> {
  const { manifest, plan } = prepared;
  const notes: string[] = [];
  let diffs: readonly TableDiff[] = [];
  try {
    diffs = await compareRows(workspace, prepared, held, result, samples, notes);
  } catch (error) {
    // What was built stands, and so does the verdict.
    if (!(error instanceof AssayError)) throw error;
    notes.push(`rows were not compared with ${held.workspace.environment}: ${error.message}`);
  }
  return againstReport({ manifest, plan, held: held.against, result, columns: held.columns, diffs, notes });
}

async function compareRows(
  workspace: Workspace,
  { manifest, plan }: PreparedPlan,
  held: Held,
  result: RunResult,
  samples: number,
  notes: string[],
): Promise<readonly TableDiff[]> {
  const failed = new Set(result.steps.filter((step) => step.status === "failed").map((step) => step.table));
  const skipped = new Set(plan.steps.filter((step) => step.action === "skip").map((step) => step.step));
  const isDone = ({ step, kind, status }: StepResult): boolean =>
    (status === "succeeded" && !partKinds.includes(kind)) || skipped.has(step);
  const done = result.steps.filter(isDone).map((step) => step.table);
  const tables = new Set<TableName>(done.filter((name) => held.against.changes.has(name) && !failed.has(name)));
  const compared = manifest.tables.filter((table) => tables.has(table.name) && held.publications.has(table.name));
  const both = await openBoth(held.workspace, workspace, compared);
  const { old, new: now, session } = both;
  try {
    const moved = plan.steps.filter(
      (step) => step.kind === "defer" && old.publications.get(step.table)?.version !== held.publications.get(step.table)?.version,
    );
    if (moved.length > 0) {
      const names = moved.map((step) => step.table).join(", ");
      notes.push(`${old.name} published other rows of ${names} meanwhile: run again to build with them`);
    }
    const diffs: TableDiff[] = [];
    for (const { name } of compared) {
      const found = diffEnvironments(session, { manifest, engine: duckdbHashes, old, new: now, tables: new Set([name]), samples });
      diffs.push(
        ...(await found.catch((error: unknown) => {
          notes.push(messageOf(error));
          return [];
        })),
      );
    }
    return diffs;
  } finally {
    await both.close();
  }
}

/** Writes the summary for people; returns where, as seen from the shell's folder. Throws STORAGE_UNWRITABLE. */
export async function writeSummary(workspace: Workspace, report: AgainstReport, file: string | undefined): Promise<string> {
  const own = join(ownFolder(workspace), "summary.md");
  const text = againstSummary(report);
  for (const path of file === undefined ? [own] : [own, resolve(workspace.folders.current, file)]) {
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    } catch (error) {
      throw new AssayError("STORAGE_UNWRITABLE", `the summary ${path} cannot be written: ${messageOf(error)}`, {
        hint: "name a file in a folder that this user can write: --summary FILE",
        cause: error,
      });
    }
  }
  return relative(workspace.folders.current, file === undefined ? own : resolve(workspace.folders.current, file));
}
