import { localLake } from "../adapters/files/lake.ts";
import { contractColumns } from "../compile/contract.ts";
import type { Manifest } from "../compile/manifest.ts";
import { choosePipeline, pipelineParams } from "../compile/params.ts";
import { resolvePath } from "../compile/settings.ts";
import { AssayError } from "../errors.ts";
import type { ReplayRequest } from "../execute/replay-request.ts";
import type { Plan } from "../plan/plan.ts";
import { type Observation, planRun, type Target } from "../plan/plan-run.ts";
import { selectTables } from "../plan/selection.ts";
import type { Lake } from "../ports/lake.ts";
import type { Source } from "../ports/source.ts";
import type { State } from "../ports/state-store.ts";
import type { TableName } from "../terms.ts";
import type { AgainstOptions } from "./against-options.ts";
import { type Held, holdAgainst, otherWorkspace } from "./held.ts";
import { postgresAddress, settingOf } from "./postgres-address.ts";
import { projectSource } from "./project-source.ts";
import type { CommonOptions, Workspace } from "./workspace.ts";

export interface PlanOptions extends CommonOptions, AgainstOptions {
  readonly select?: readonly string[];
  readonly param?: readonly string[];
  readonly fullRefresh?: boolean;
}

export interface PreparedPlan {
  readonly manifest: Manifest;
  readonly plan: Plan;
  readonly state: State;
  readonly observations: ReadonlyMap<TableName, Observation>;
  readonly source: Source;
  /** Rows in quarantine that are to enter, by table. */
  readonly replays?: ReadonlyMap<TableName, readonly ReplayRequest[]>;
  readonly held?: Held;
}

/** Looks at the sources while the project is compiled, and plans: all a dry run needs. */
export async function preparePlan(
  workspace: Workspace,
  pipelineName: string | null,
  options: PlanOptions,
  readState: () => Promise<State>,
  compiled: Promise<Manifest>,
): Promise<PreparedPlan> {
  const pipeline = choosePipeline(workspace.project, pipelineName);
  const params = await pipelineParams(pipeline, options.param ?? []);
  const lake = localLake(workspace.lakePath);
  const state = withoutLostFiles(await readState(), lake);
  const source = await projectSource(workspace);
  // Looking at the sources reads files, compiling does not: they go side by side. Held against another environment, few are looked at.
  const other = options.against === undefined ? null : await otherWorkspace(workspace, options.project, options.against);
  const isTable = new Set<TableName>(workspace.project.bronze.flatMap((table) => (table.from.kind === "postgres" ? [table.name] : [])));
  const here = new Set<TableName>(workspace.project.bronze.map((table) => table.name).filter((name) => !isTable.has(name)));
  const observed = other === null ? observe(workspace, state, source, here) : null;
  const [manifest, files] = await Promise.all([compiled, observed]);
  const selected = selectTables(manifest, options.select ?? pipeline.select);
  const held = other === null ? null : await holdAgainst(workspace, other, manifest, params);
  // A table of another database is scanned there: only where it is asked for.
  const isWanted = (name: TableName): boolean => (held === null ? isTable.has(name) : held.against.changes.has(name));
  const others = await observe(workspace, state, source, new Set([...selected].filter(isWanted)));
  const observations = new Map([...(files ?? []), ...others]);
  const plan = planRun({
    manifest,
    state,
    observations,
    targets: new Map(manifest.sinks.map((sink) => [sink.name, targetOf(workspace, sink)] as const)),
    selected,
    lake: lake.absolute(""),
    pipeline: pipeline.name,
    environment: workspace.environment,
    params,
    fullRefresh: options.fullRefresh ?? false,
    ...(held === null ? {} : { against: held.against }),
    retries: pipeline.retries,
  });
  return { manifest, plan, state, observations, source, ...(held === null ? {} : { held }) };
}

/**
 * Bronze files that somebody removed from the lake count as never ingested, so that the next run brings them back; replayed rows are known, but
 * nowhere to be found.
 */
export function withoutLostFiles(state: State, lake: Lake): State {
  const files = state.files.flatMap((file) => {
    if (file.files === "" || lake.holds(file.files)) return [file];
    return file.replay_of === null ? [] : [{ ...file, files: "", contract_fingerprint: "" }];
  });
  return { ...state, files };
}

/** Files of every bronze table (or of those wanted), or why they cannot be told: that is the table's own failure, not the run's. */
export async function observe(
  workspace: Workspace,
  state: State,
  source: Source,
  wanted: ReadonlySet<TableName> | null = null,
): Promise<ReadonlyMap<TableName, Observation>> {
  const tables = workspace.project.bronze.filter((table) => wanted?.has(table.name) ?? true);
  const entries = await Promise.all(
    tables.map(async (table): Promise<readonly [TableName, Observation]> => {
      const known = state.files
        .filter((file) => file.table === table.name && file.replay_of === null)
        .map((file) => [file.name, { name: file.name, stamp: file.stamp, sha256: file.sha256, stampedAt: file.stamped_at }] as const);
      try {
        const place = (table.from.kind === "postgres" ? null : table.from.directory) ?? ".";
        const directory = resolvePath(place, workspace.variables, workspace.folders, table.location);
        return [table.name, { files: await source.list(table.from, directory, new Map(known), contractColumns(table.columns)) }];
      } catch (error) {
        if (error instanceof AssayError) return [table.name, { error }];
        throw error;
      }
    }),
  );
  return new Map(entries);
}

/** The files of one bronze table, or why they cannot be told. */
export async function observeTable(workspace: Workspace, state: State, source: Source, table: TableName): Promise<Observation> {
  const found = (await observe(workspace, state, source, new Set([table]))).get(table);
  if (found === undefined) throw new Error(`the project has no ${table}`);
  return found;
}

/** Where a sink sends to, or why nowhere. */
export function targetOf(workspace: Workspace, sink: Manifest["sinks"][number]): Target {
  const url = postgresAddress(sink.to.url, `sink ${sink.name}`, workspace.variables, sink.location);
  if (url === null) return { missing: `${settingOf(sink.to.url)} is not set` };
  return { identity: sinkIdentity(url) };
}

/** Which database a sink's address names; the password is no part of it. */
export function sinkIdentity(url: string): string {
  const { host, pathname, username } = new URL(url);
  return `${username}@${host}${pathname}`;
}
