import { fileSource } from "../adapters/files/index.ts";
import type { ModelTable } from "../compile/manifest.ts";
import { AssayError, messageOf } from "../errors.ts";
import {
  type BackfillWish,
  type Bounds,
  backfillColumn,
  backfillSelect,
  backfillSteps,
  chunkQuery,
  wishCondition,
} from "../plan/backfill-plan.ts";
import type { Session, Statement } from "../ports/engine.ts";
import type { State, StateStore } from "../ports/state-store.ts";
import type { Params } from "../terms.ts";
import type { PreparedPlan } from "./prepare-plan.ts";
import { carryOut } from "./run.ts";
import { knownTable } from "./table-name.ts";
import { type CommonOptions, compileWorkspace, openWorkspace, readTables, type Workspace } from "./workspace.ts";

export interface BackfillOptions extends CommonOptions {
  readonly from?: string;
  readonly to?: string;
  readonly values?: readonly string[];
  readonly column?: string;
  readonly chunks: number;
  readonly restart?: boolean;
}

/** `assay backfill MODEL`: builds values of an incremental model again; goes on where an interrupted backfill of the same values stopped. */
export async function backfillCommand(model: string, options: BackfillOptions): Promise<number> {
  if ((options.values === undefined) === (options.from === undefined && options.to === undefined)) {
    throw new AssayError("USAGE", "which values to build again is not said", {
      hint: "give a range, --from X --to Y (both included), or --values A,B,C",
    });
  }
  const workspace = await openWorkspace(options);
  // Without state there is nothing to build again, and no database is to be made.
  await readTables(workspace, async () => null);
  return carryOut(workspace, options, "assay backfill", (session, state) => prepareBackfill(workspace, model, options, session, state));
}

async function prepareBackfill(
  workspace: Workspace,
  model: string,
  options: BackfillOptions,
  session: Session,
  state: State,
): Promise<PreparedPlan> {
  const manifest = await compileWorkspace(workspace);
  const name = knownTable(workspace, model);
  const table = manifest.tables.find((item): item is ModelTable => item.name === name && item.kind === "model");
  if (table === undefined) throw new AssayError("USAGE", `${name} is no model`, { hint: "name an incremental model" });
  const publication = state.publications.get(name);
  if (publication === undefined || publication.fingerprint !== table.fingerprint) {
    throw new AssayError(
      "USAGE",
      `${name} ${publication === undefined ? "was never built" : "changed its definition since it was built"}`,
      {
        hint: `assay run --select +${name} builds all of it`,
        location: table.location,
      },
    );
  }
  const column = backfillColumn(table, options.column ?? null);
  const wish: BackfillWish =
    options.values === undefined
      ? { column: column.name, from: options.from ?? null, to: options.to ?? null }
      : { column: column.name, values: options.values };
  const selection = JSON.stringify(wish);
  const { params } = publication;
  const condition = wishCondition(column, wish);
  const earlier = options.restart === true ? null : await interruptedBackfill(workspace.warehouse.store, session, table, selection);
  const bounds =
    earlier?.bounds ?? (await findBounds(session, column, backfillSelect(session.sql, table, condition, params), options.chunks));
  const done = earlier?.done ?? new Set<string>();
  const plan = {
    project: manifest.project,
    pipeline: "backfill",
    environment: workspace.environment,
    params: { ...params, backfill_table: name, backfill_selection: selection, backfill_chunks: JSON.stringify(bounds) },
    steps: backfillSteps(table, wish, bounds, done),
  };
  return { manifest, plan, state, observations: new Map(), source: fileSource(Date.now) };
}

async function findBounds(
  session: Session,
  column: Parameters<typeof chunkQuery>[0],
  values: Statement,
  chunks: number,
): Promise<readonly Bounds[]> {
  try {
    const rows = await session.query(chunkQuery(column, values, chunks));
    return rows.map((row): Bounds => [String(row.low), String(row.high)]);
  } catch (error) {
    throw new AssayError("USAGE", `the values cannot be found: ${messageOf(error).split("\n")[0]}`, {
      hint: `write values as ${column.name} holds them, e.g. --from 2026-01-01 for a date`,
      cause: error,
    });
  }
}

/** The chunks of the same backfill that runs before this one have finished, unless the last of them finished it all. */
async function interruptedBackfill(
  store: StateStore,
  session: Session,
  table: ModelTable,
  selection: string,
): Promise<{ readonly bounds: readonly Bounds[]; readonly done: ReadonlySet<string> } | null> {
  const done = new Set<string>();
  let chunks: string | null = null;
  for (const { run_id, pipeline, status } of await store.listRuns(session, 1000)) {
    if (pipeline !== "backfill") continue;
    const run = await store.readRun(session, run_id);
    const params: Params = run?.params ?? {};
    if (params.backfill_table !== table.name || params.backfill_selection !== selection) continue;
    if (status === "succeeded" || (chunks !== null && params.backfill_chunks !== chunks)) break;
    chunks = String(params.backfill_chunks);
    for (const step of run?.steps ?? []) if (step.status === "succeeded") done.add(step.step);
  }
  return chunks === null ? null : { bounds: JSON.parse(chunks) as readonly Bounds[], done };
}
