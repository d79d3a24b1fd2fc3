import { statSync } from "node:fs";
import { type EditedRow, readEditedRows } from "../adapters/files/edited-rows.ts";
import { localLake } from "../adapters/files/lake.ts";
import type { BronzeTable, Manifest, ManifestTable } from "../compile/manifest.ts";
import { sampleParams } from "../compile/params.ts";
import { resolvePath } from "../compile/settings.ts";
import { AssayError } from "../errors.ts";
import type { ReplayRequest } from "../execute/replay-request.ts";
import { chooseReplay, type ReplayWish } from "../plan/choose-replay.ts";
import { lakeInput, planRun } from "../plan/plan-run.ts";
import { recalled } from "../plan/recalled.ts";
import { selectTables } from "../plan/selection.ts";
import type { Session } from "../ports/engine.ts";
import type { QuarantinedRow, RecordValues } from "../ports/quarantine.ts";
import type { State } from "../ports/state-store.ts";
import type { Params, TableName } from "../terms.ts";
import { observe, type PreparedPlan, targetOf, withoutLostFiles } from "./prepare-plan.ts";
import { projectSource } from "./project-source.ts";
import type { ReplayOptions } from "./replay-options.ts";
import { knownTable } from "./table-name.ts";
import { compileWorkspace, type Workspace } from "./workspace.ts";

/** Plans a replay: the rows that were asked for enter their tables, and what reads those is built like after any new input. */
export async function prepareReplay(
  workspace: Workspace,
  table: string | null,
  options: ReplayOptions,
  session: Session,
  storedState: State,
): Promise<PreparedPlan> {
  const manifest = await compileWorkspace(workspace);
  const lake = localLake(workspace.lakePath);
  const state = withoutLostFiles(storedState, lake);
  const requests = await requestsOf(workspace, manifest, table === null ? undefined : knownTable(workspace, table), options, session);
  const counts = new Map([...requests].map(([name, rows]) => [name, rows.length] as const));
  const downstream = selectTables(
    manifest,
    [...requests.keys()].map((name) => `${name}+`),
  );
  // What was never built has nothing to be brought up to date.
  const selected = new Set([...downstream].filter((name) => state.publications.has(name)));
  const params = await lastParams(workspace, manifest, selected, state);
  const source = await projectSource(workspace);
  const isRecalled = (item: BronzeTable): boolean => requests.has(item.name) && isAsPublished(item, state, params, lake.absolute(""));
  const bronze = manifest.tables.filter((item): item is BronzeTable => item.kind === "bronze" && selected.has(item.name));
  const looked = await observe(workspace, state, source, new Set(bronze.filter((item) => !isRecalled(item)).map((item) => item.name)));
  const observations = new Map([...looked, ...bronze.filter(isRecalled).map((item) => [item.name, recalled(item, state)] as const)]);
  const plan = planRun({
    manifest,
    state,
    observations,
    targets: new Map(manifest.sinks.map((sink) => [sink.name, targetOf(workspace, sink)] as const)),
    selected,
    lake: lake.absolute(""),
    pipeline: "replay",
    environment: workspace.environment,
    params,
    fullRefresh: false,
    replays: counts,
  });
  return { manifest, plan, state, observations, source, replays: requests };
}

async function requestsOf(
  workspace: Workspace,
  manifest: Manifest,
  table: TableName | undefined,
  options: ReplayOptions,
  session: Session,
): Promise<ReadonlyMap<TableName, readonly ReplayRequest[]>> {
  const { rule, batch } = options;
  const edited = options.from === undefined ? null : await editedRows(workspace, manifest, table, options.from, session);
  const ids = edited?.map((row) => row.id) ?? options.ids;
  const wish: ReplayWish = edited === null ? { table, rule, batch, ids } : { table, ids };
  const found = await workspace.warehouse.store.readQuarantine(
    session,
    { ...wish, states: ["open", "replayed", "superseded", "failed"] },
    null,
  );
  const rows = chooseReplay(wish, found.rows);
  const byId = new Map(edited?.map((row) => [row.id, row] as const));
  for (const row of rows) requireWished(row, byId.get(row.id), options);
  const requests = rows.map((row): ReplayRequest => ({ row, edited: changed(row, byId.get(row.id)?.values) }));
  return Map.groupBy(requests, (request) => request.row.table);
}

async function editedRows(
  workspace: Workspace,
  manifest: Manifest,
  name: TableName | undefined,
  from: string,
  session: Session,
): Promise<readonly EditedRow[]> {
  const table = manifest.tables.find((item) => item.name === name);
  if (table === undefined)
    throw new AssayError("USAGE", "the table of the edited rows is not named", { hint: `write assay replay TABLE --from ${from}` });
  if (table.kind === "model") {
    throw new AssayError("EDITED_ROWS_INVALID", `rows of ${table.name} cannot be edited: they are made by its SQL`, {
      hint: `correct what it reads, its SQL or the rule, then assay run; assay replay ${table.name} --rule RULE builds it again`,
    });
  }
  const path = resolvePath(from, workspace.variables, { ...workspace.folders, project: workspace.folders.current }, table.location);
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    throw new AssayError("SOURCE_MISSING", `${path} does not exist`, {
      hint: `assay quarantine export ${table.name} --out FILE writes such a file`,
    });
  }
  const rows = await readEditedRows(path, table, table.source.kind !== "csv", session.files);
  const twice = rows.find((row, index) => rows.findIndex((item) => item.id === row.id) !== index);
  if (rows.length > 0 && twice === undefined) return rows;
  const message = twice === undefined ? "it holds no rows" : `record ${twice.record} has the _id ${twice.id} of a record before it`;
  throw new AssayError("EDITED_ROWS_INVALID", `${path}: ${message}`, {
    hint: "a row of quarantine enters once, and stands once in the file",
  });
}

/** Rows of an edited CSV have to be those that the other options select. */
function requireWished(row: QuarantinedRow, edited: EditedRow | undefined, { rule, batch, ids }: ReplayOptions): void {
  if (edited === undefined) return;
  const fits =
    (rule === undefined || row.rule === rule || row.reason === rule) &&
    (batch === undefined || row.batch_id === batch) &&
    (ids === undefined || ids.includes(row.id));
  if (fits) return;
  throw new AssayError(
    "EDITED_ROWS_INVALID",
    `record ${edited.record}: row ${row.id} is not among those to replay (its rule is ${row.rule})`,
    {
      hint: "leave --rule, --batch and --ids out: the file says which rows",
    },
  );
}

/** The values of an edited row, or null where nothing was changed: a row that could not be split comes with no values at all. */
function changed(row: QuarantinedRow, values: RecordValues | undefined): RecordValues | null {
  if (values === undefined) return null;
  const entries = Object.entries(values);
  if (row.record === null) return entries.every(([, value]) => value === null) ? null : values;
  const { record } = row;
  return entries.every(([name, value]) => (record[name] ?? null) === value) ? null : values;
}

/** The parameters the tables were published with. */
async function lastParams(workspace: Workspace, manifest: Manifest, selected: ReadonlySet<TableName>, state: State): Promise<Params> {
  const used = manifest.tables.filter((table) => selected.has(table.name)).map((table) => state.publications.get(table.name)?.params ?? {});
  return Object.assign({}, await sampleParams(workspace.project), ...used.toReversed()) as Params;
}

/** Nothing but the rows to replay is new: the source need not be looked at. */
function isAsPublished(table: ManifestTable, state: State, params: Params, lake: string): boolean {
  const published = state.publications.get(table.name);
  return (
    published?.fingerprint === table.fingerprint &&
    published.inputs[lakeInput] === lake &&
    table.params.every((name) => published.params[name] === params[name])
  );
}
