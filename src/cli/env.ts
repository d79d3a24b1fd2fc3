import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { loadProject } from "../compile/project.ts";
import { AssayError } from "../errors.ts";
import { withSession } from "../execute/with-session.ts";
import type { StoredObject, Warehouse, WarehouseContents } from "../ports/warehouse.ts";
import type { ErrorReport, RunStatus } from "../terms.ts";
import { print, renderOptions } from "./output.ts";
import { renderContents, renderEnvironments } from "./render/render-environments.ts";
import { openWarehouse } from "./warehouse/open-warehouse.ts";
import { type CommonOptions, openWorkspace, placesOf, platformFolderOf, readDatabase, type Workspace } from "./workspace.ts";

/** An entry of `environments` in `assay env list --json`. */
export interface ListedEnvironment {
  readonly name: string;
  readonly default: boolean;
  readonly engine: string;
  /** Null where it cannot be told. */
  readonly place: string | null;
  /** Tables and views that the platform made there. */
  readonly tables: readonly string[];
  readonly last_run: { readonly run_id: string; readonly status: RunStatus; readonly started_at: string } | null;
  /** Why it could not be asked. */
  readonly error: ErrorReport | null;
}

/** `assay env list`: the project's environments, with what is in them. One that cannot be asked is listed with the reason. */
export async function envListCommand(options: CommonOptions): Promise<number> {
  const places = placesOf(options);
  const { config } = await loadProject(places.folders.project, places.folders.current);
  const environments: ListedEnvironment[] = [];
  for (const [name, environment] of Object.entries(config.environments)) {
    const base = { name, default: name === config.defaultEnvironment, engine: environment.engine.kind };
    let place: string | null = null;
    try {
      const warehouse = await openWarehouse(name, environment, { ...places, location: config.location });
      place = warehouse.place;
      const found = await lookInto(warehouse, join(platformFolderOf(places.folders), "scratch"));
      environments.push({ ...base, place, ...(found ?? { tables: [], last_run: null }), error: null });
    } catch (error) {
      if (!(error instanceof AssayError)) throw error;
      environments.push({ ...base, place, tables: [], last_run: null, error: error.report() });
    }
  }
  print(options.json, { environments }, () => renderEnvironments(environments, renderOptions()));
  return 0;
}

function lookInto(warehouse: Warehouse, scratch: string): Promise<Pick<ListedEnvironment, "tables" | "last_run"> | null> {
  return warehouse.read(scratch, async (session) => {
    const { objects } = await warehouse.contents(session);
    const [run] = await warehouse.store.listRuns(session, 1);
    const isOwned = run?.status === "running" && (await warehouse.isOwned(session));
    const status = run?.status === "running" && !isOwned ? "interrupted" : run?.status;
    return {
      tables: objects.filter(isRelation).map((object) => object.name),
      last_run: run === undefined || status === undefined ? null : { run_id: run.run_id, status, started_at: run.started_at },
    };
  });
}

const isRelation = ({ kind }: StoredObject): boolean => kind === "table" || kind === "view";

export interface EnvCleanOptions extends CommonOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** `assay env clean`: takes away what the platform made in an environment, and nothing else. Throws USAGE, ENVIRONMENT_IN_USE. */
export async function envCleanCommand(options: EnvCleanOptions): Promise<number> {
  if (options.env === undefined) {
    throw new AssayError("USAGE", "which environment to clean is not said", {
      hint: "name it: assay env clean --env NAME; assay env list shows them",
    });
  }
  const workspace = await openWorkspace(options);
  await requireAlone(workspace);
  const contents = await readDatabase(workspace, (session) => workspace.warehouse.contents(session));
  if (contents === null || options.dryRun === true) return show(workspace, options, contents, false);
  if (options.yes !== true && (options.json === true || process.stdin.isTTY !== true)) {
    throw new AssayError("USAGE", `assay env clean asks before it removes ${contents.objects.length} things, and there is nobody to ask`, {
      hint: "--dry-run lists them, --yes removes them without asking",
    });
  }
  const owned = await workspace.warehouse.own("assay env clean", join(workspace.platformFolder, "scratch"));
  try {
    // Nobody changes it from now on.
    const final = await withSession(owned.engine, (session) => workspace.warehouse.contents(session));
    if (final.foreign.length > 0) throw inUse(workspace, final.foreign);
    if (options.yes !== true && !(await confirmed(workspace, final))) return show(workspace, options, final, false);
    await owned.remove(final);
    return show(workspace, options, final, true);
  } finally {
    await owned.close();
  }
}

function show(workspace: Workspace, options: EnvCleanOptions, contents: WarehouseContents | null, removed: boolean): number {
  const { environment, warehouse } = workspace;
  const { objects, foreign, kept } = contents ?? { objects: [], foreign: [], kept: [] };
  const listed = objects.map(({ kind, name }) => ({ kind, name }));
  const document = { env: environment, place: warehouse.place, removed, objects: listed, foreign, kept };
  print(options.json, document, () => renderContents(document, renderOptions()));
  return 0;
}

async function confirmed({ environment, warehouse }: Workspace, contents: WarehouseContents): Promise<boolean> {
  const document = { env: environment, place: warehouse.place, removed: false, ...contents };
  process.stderr.write(`${renderContents(document, renderOptions(process.stderr))}\n`);
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await asking.question(`Type ${environment} to remove them: `)).trim() === environment;
  } finally {
    asking.close();
  }
}

/** Another environment of the project with the same tables would lose them. */
async function requireAlone(workspace: Workspace): Promise<void> {
  const { config } = workspace.project;
  for (const [name, environment] of Object.entries(config.environments)) {
    if (name === workspace.environment) continue;
    const other = await openWarehouse(name, environment, { ...workspace, location: config.location }).catch((error: unknown) => {
      // What has no address here cannot be the same.
      if (error instanceof AssayError) return null;
      throw error;
    });
    if (other?.identity === workspace.warehouse.identity) throw inUse(workspace, [`environment ${name}, which is the same schemas`]);
  }
}

function inUse({ environment, warehouse }: Workspace, users: readonly string[]): AssayError {
  return new AssayError("ENVIRONMENT_IN_USE", `environment ${environment} (${warehouse.place}) is used by ${users.join(", ")}`, {
    hint: "drop what reads its tables, or let it read others; nothing was removed",
  });
}
