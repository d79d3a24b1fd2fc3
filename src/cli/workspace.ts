import { basename, join, resolve } from "node:path";
import { memoryDatabase } from "../adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../adapters/duckdb/sql-analyzer.ts";
import { compileProject } from "../compile/compile.ts";
import { physicalNames } from "../compile/dialect/physical-names.ts";
import { type FileCache, fileCache } from "../compile/file-cache.ts";
import type { Manifest } from "../compile/manifest.ts";
import { loadProject, type Project } from "../compile/project.ts";
import { type Folders, resolvePath, type Variables } from "../compile/settings.ts";
import { didYouMean } from "../define/nearest-name.ts";
import { AssayError } from "../errors.ts";
import type { Session } from "../ports/engine.ts";
import { functionSchema as projectFunctions } from "../ports/project-function.ts";
import type { SqlAnalyzer } from "../ports/sql-analyzer.ts";
import type { Warehouse } from "../ports/warehouse.ts";
import { version } from "./version.ts";
import { openWarehouse } from "./warehouse/open-warehouse.ts";

/** Options every command takes. */
export interface CommonOptions {
  readonly project: string;
  readonly env?: string;
  readonly json?: boolean;
}

/** A loaded project in one of its environments. */
export interface Workspace {
  readonly project: Project;
  readonly environment: string;
  readonly folders: Folders;
  readonly variables: Variables;
  /** Folder of logs, scratch files and the owner file. */
  readonly platformFolder: string;
  readonly warehouse: Warehouse;
  /** What was read from `.sql` files; to be saved where the project's folder is written to anyway. */
  readonly modelsRead: FileCache;
  readonly lakePath: string;
}

/** Where a command looks for files and settings. */
export function placesOf(options: Pick<CommonOptions, "project">): { readonly folders: Folders; readonly variables: Variables } {
  return { folders: { project: resolve(options.project), current: process.cwd() }, variables: process.env };
}

export const platformFolderOf = (folders: Folders): string => join(folders.project, ".assay");

export async function openWorkspace(options: CommonOptions): Promise<Workspace> {
  const { folders, variables } = placesOf(options);
  const modelsRead = fileCache(join(platformFolderOf(folders), "sql-files.json"), program());
  const project = await loadProject(folders.project, folders.current, modelsRead);
  const { config } = project;
  const environment = options.env ?? config.defaultEnvironment;
  const chosen = config.environments[environment];
  if (chosen === undefined) {
    throw new AssayError("ENVIRONMENT_UNKNOWN", `the project has no environment ${environment}`, {
      hint: didYouMean(environment, Object.keys(config.environments)),
      location: config.location,
    });
  }
  return {
    project,
    environment,
    folders,
    variables,
    platformFolder: platformFolderOf(folders),
    warehouse: await openWarehouse(environment, chosen, { variables, folders, location: config.location }),
    modelsRead,
    lakePath: resolvePath(config.lake, variables, folders, config.location),
  };
}

/** Compiles the project for the environment's engine. It may be begun ahead of other work: a failure is told when it is waited for. */
export function compileWorkspace(workspace: Workspace): Promise<Manifest> {
  return begun(compileFor(workspace, makeAnalyzer()));
}

/** Opens a workspace and begins to compile it; what analyzes its SQL is made while its files are loaded. */
export async function openAndCompile(
  options: CommonOptions,
): Promise<{ readonly workspace: Workspace; readonly compiled: Promise<Manifest> }> {
  const analyzer = begun(makeAnalyzer());
  try {
    const workspace = await openWorkspace(options);
    return { workspace, compiled: begun(compileFor(workspace, analyzer)) };
  } catch (error) {
    (await analyzer).close();
    throw error;
  }
}

const makeAnalyzer = async (): Promise<SqlAnalyzer> => duckdbAnalyzer(await memoryDatabase());

/** Whoever waits for it hears of its failure; until somebody does, it is no fault of the process. */
function begun<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}

async function compileFor(workspace: Workspace, making: Promise<SqlAnalyzer>): Promise<Manifest> {
  const analyzer = await making;
  try {
    const { project, warehouse } = workspace;
    const manifest = await compileProject(project, analyzer);
    workspace.modelsRead.save();
    if (warehouse.dialect === null) return manifest;
    const { engineManifest } = await import("../compile/dialect/engine-manifest.ts");
    const names = manifest.tables.map((table) => table.name);
    const cache = fileCache(join(platformFolderOf(workspace.folders), workspace.environment, "engine-sql.json"), program());
    const carried = await engineManifest(manifest, project, {
      dialect: warehouse.dialect(analyzer),
      relations: physicalNames(warehouse.sql, names),
      functionSchema: warehouse.sql.schema(projectFunctions),
      cache,
    });
    cache.save();
    return carried;
  } finally {
    analyzer.close();
  }
}

/** What compiles: the package's version, and this file, whose name in the bundle tells its contents and those of all it imports. */
const program = (): string => `${version()} ${basename(import.meta.url)}`;

/** Runs `work` on a connection for reading; null when the environment has no database yet, or one without state. */
export function readDatabase<T>(workspace: Workspace, work: (session: Session) => Promise<T>): Promise<T | null> {
  return workspace.warehouse.read(join(workspace.platformFolder, "scratch"), work);
}

/** Like {@link readDatabase}, for commands that need tables. Throws NOTHING_BUILT. */
export async function readTables<T>(workspace: Workspace, work: (session: Session) => Promise<T>): Promise<T> {
  const value = await readDatabase(workspace, async (session) => ({ value: await work(session) }));
  if (value !== null) return value.value;
  throw nothingBuilt(workspace);
}

/** The environment has never published a table. */
export function nothingBuilt({ environment, project }: Workspace): AssayError {
  const flag = environment === project.config.defaultEnvironment ? "" : ` --env ${environment}`;
  return new AssayError("NOTHING_BUILT", `environment ${environment} holds no tables yet`, { hint: `run: assay run${flag}` });
}
