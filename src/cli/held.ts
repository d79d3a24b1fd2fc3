import { join } from "node:path";
import { localLake } from "../adapters/files/lake.ts";
import type { Manifest } from "../compile/manifest.ts";
import { AssayError } from "../errors.ts";
import type { DeferredEnvironment } from "../execute/deferred-environment.ts";
import { type Against, against } from "../plan/against.ts";
import { lakeInput } from "../plan/plan-run.ts";
import type { DescribedColumn } from "../ports/engine.ts";
import type { State } from "../ports/state-store.ts";
import type { WarehouseReader } from "../ports/warehouse-reader.ts";
import type { Params, TableName } from "../terms.ts";
import { nothingBuilt, openWorkspace, readTables, type Workspace } from "./workspace.ts";

/** The environment a run is held against: what it has published, and how to read it. */
export interface Held {
  readonly workspace: Workspace;
  readonly against: Against;
  readonly publications: State["publications"];
  /** Columns of the changed tables as they are published there. */
  readonly columns: ReadonlyMap<TableName, readonly DescribedColumn[]>;
  readonly environment: DeferredEnvironment;
}

/** Opens the environment to hold a run against. Throws USAGE for the run's own, ENVIRONMENT_UNKNOWN. */
export async function otherWorkspace(workspace: Workspace, project: string, name: string): Promise<Workspace> {
  const other = await openWorkspace({ project, env: name });
  if (other.warehouse.identity !== workspace.warehouse.identity) return other;
  const message =
    name === workspace.environment
      ? `environment ${name} cannot be held against itself`
      : `environments ${workspace.environment} and ${name} have the same database`;
  throw new AssayError("USAGE", message, {
    hint: `name an environment with a database of its own: assay run --env ci --against ${name}`,
    location: workspace.project.config.location,
  });
}

/** A run held against another environment keeps what it ingests apart: the project's lake is the other one's too. */
export function withOwnLake(workspace: Workspace): Workspace {
  return { ...workspace, lakePath: join(ownFolder(workspace), "lake") };
}

/** Folder of what belongs to one environment alone. */
export const ownFolder = ({ platformFolder, environment }: Workspace): string => join(platformFolder, environment);

/** Reads what the other environment has published. Its database is open for as long as that takes. Throws NOTHING_BUILT, PROJECT_LOCKED. */
export async function holdAgainst(workspace: Workspace, other: Workspace, manifest: Manifest, params: Params): Promise<Held> {
  const reader = readerOf(workspace, other);
  const found = await readTables(other, async (session) => {
    const state = await other.warehouse.store.read(session);
    const held = against(manifest, other.environment, state, params);
    const columns = new Map<TableName, readonly DescribedColumn[]>();
    for (const { table, kind } of held.changes.values()) {
      // A view whose files are not here cannot be described.
      const found = kind === "changed" ? await session.describe(`select * from ${session.sql.table(table)}`).catch(() => null) : null;
      if (found !== null) columns.set(table, found);
    }
    return { state, held, columns };
  });
  const { state, held, columns } = found;
  if (state.publications.size === 0) throw nothingBuilt(other);
  const environment: DeferredEnvironment = {
    deferrals: held.deferrals,
    changed: held.changes,
    reader,
    batchFiles: (table) => {
      // A copy of it has its lake where the project says; the paths it recorded are those of its own machine.
      const [here, there] = [other.lakePath, state.publications.get(table)?.inputs[lakeInput] ?? other.lakePath].map(localLake);
      const files = state.files.filter((file) => file.table === table).flatMap(({ files }) => (files === "" ? [] : [files]));
      return files.map((file) => (here?.holds(file) === true ? here : there)?.absolute(file) ?? file);
    },
  };
  return { workspace: other, against: held, publications: state.publications, columns, environment };
}

function readerOf({ environment, warehouse, project }: Workspace, other: Workspace): WarehouseReader {
  const reader = warehouse.readerOf(other.warehouse);
  if (reader !== null) return reader;
  const message = `${environment} (${warehouse.place}) cannot read the tables of ${other.environment} (${other.warehouse.place})`;
  throw new AssayError("USAGE", message, {
    hint: "hold an environment against one of its own engine: two DuckDB files, or two schema prefixes in one PostgreSQL database",
    location: project.config.location,
  });
}
