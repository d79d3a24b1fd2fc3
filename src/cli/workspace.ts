import { join, resolve } from "node:path";
import { type Database, DatabaseLocked, fileDatabase, memoryDatabase } from "../adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../adapters/duckdb/sql-analyzer.ts";
import { hasState } from "../adapters/duckdb/state-store.ts";
import { compileProject } from "../compile/compile.ts";
import type { Manifest } from "../compile/manifest.ts";
import { loadProject, type Project } from "../compile/project.ts";
import { type Folders, resolvePath, type Variables } from "../compile/settings.ts";
import { didYouMean } from "../define/nearest-name.ts";
import { AssayError } from "../errors.ts";
import type { Session } from "../ports/engine.ts";
import { lockedError, releaseOwner, writeOwner } from "./owner.ts";

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
  readonly databasePath: string;
  readonly lakePath: string;
}

export async function openWorkspace(options: CommonOptions): Promise<Workspace> {
  const folders: Folders = { project: resolve(options.project), current: process.cwd() };
  const variables: Variables = process.env;
  const project = await loadProject(folders.project, folders.current);
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
    platformFolder: join(folders.project, ".assay"),
    databasePath: resolvePath(chosen.engine.path, variables, folders, config.location),
    lakePath: resolvePath(config.lake, variables, folders, config.location),
  };
}

export async function compileWorkspace(workspace: Workspace): Promise<Manifest> {
  const analyzer = await duckdbAnalyzer(await memoryDatabase());
  try {
    return await compileProject(workspace.project, analyzer);
  } finally {
    analyzer.close();
  }
}

/** Opens the environment's database as its only owner; what does not fit into memory goes to `scratch`. Throws PROJECT_LOCKED naming who has it. */
export async function ownDatabase(workspace: Workspace, command: string, scratch: string): Promise<Database> {
  try {
    const database = await fileDatabase(workspace.databasePath, { scratch });
    writeOwner(workspace.platformFolder, { pid: process.pid, command, since: new Date().toISOString() });
    return {
      session: database.session,
      close: () => {
        releaseOwner(workspace.platformFolder);
        database.close();
      },
    };
  } catch (error) {
    if (error instanceof DatabaseLocked) throw lockedError(workspace.platformFolder, workspace.databasePath, error.processId);
    throw error;
  }
}

/** Runs `work` on a read-only connection; null when the environment has no database yet, or one without state. */
export async function readDatabase<T>(workspace: Workspace, work: (session: Session) => Promise<T>): Promise<T | null> {
  const { statSync } = await import("node:fs");
  if (statSync(workspace.databasePath, { throwIfNoEntry: false }) === undefined) return null;
  let database: Database;
  try {
    database = await fileDatabase(workspace.databasePath, { readOnly: true, scratch: join(workspace.platformFolder, "scratch") });
  } catch (error) {
    if (error instanceof DatabaseLocked) throw lockedError(workspace.platformFolder, workspace.databasePath, error.processId);
    throw error;
  }
  const session = await database.session();
  try {
    return (await hasState(session)) ? await work(session) : null;
  } finally {
    session.close();
    database.close();
  }
}

/** Like {@link readDatabase}, for commands that need tables. Throws NOTHING_BUILT. */
export async function readTables<T>(workspace: Workspace, work: (session: Session) => Promise<T>): Promise<T> {
  const value = await readDatabase(workspace, async (session) => ({ value: await work(session) }));
  if (value !== null) return value.value;
  throw new AssayError("NOTHING_BUILT", `environment ${workspace.environment} holds no tables yet`, { hint: "run: assay run" });
}
