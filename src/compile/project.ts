import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { BronzeDefinition } from "../define/bronze.ts";
import type { ModelDefinition } from "../define/model.ts";
import type { Definition, PipelineDefinition, ProjectDefinition, SinkDefinition } from "../define/project.ts";
import type { SqlFunctionDefinition } from "../define/sql-function.ts";
import { AssayError, throwAll } from "../errors.ts";
import type { Location } from "../terms.ts";
import { shapeErrors } from "./definition-shape.ts";
import type { FileCache } from "./file-cache.ts";
import { importError } from "./import-error.ts";
import { modelFromSqlFile } from "./sql-file.ts";
import { isOverride, withOverrides } from "./sql-file-overrides.ts";

/** Everything a project declares, as loaded from its folders. */
export interface Project {
  readonly folder: string;
  readonly config: ProjectDefinition;
  readonly bronze: readonly BronzeDefinition[];
  readonly models: readonly ModelDefinition[];
  /** Absent: none. */
  readonly functions?: readonly SqlFunctionDefinition[];
  readonly pipelines: readonly PipelineDefinition[];
  readonly sinks: readonly SinkDefinition[];
}

/** Folders in which definitions are found; the folder does not limit what a file may export. */
const definitionFolders = ["sources", "models", "functions", "pipelines", "sinks"] as const;

/** Loads `assay.config.ts` and every definition file. Places are shown as seen from `current`, the shell's folder, where that is shorter. `cache`: of what was read from `.sql` files. Throws PROJECT_NOT_FOUND, PROJECT_INVALID. */
export async function loadProject(folder: string, current: string, cache: FileCache | null = null): Promise<Project> {
  const configFile = ["assay.config.ts", "assay.config.js"].map((name) => join(folder, name)).find(isFile);
  if (configFile === undefined) {
    throw new AssayError("PROJECT_NOT_FOUND", `no assay.config.ts in ${folder}`, {
      hint: "go to a project's folder or name it: --project DIR",
    });
  }
  const found = definitionFolders.flatMap((name) => filesBelow(join(folder, name)));
  const files = found.filter((file) => !isOverride(file));
  const load = (file: string): Promise<Loaded> => importFile(file, folder, current);
  const [config, ...loaded] = await Promise.all([loadConfig(configFile, load), ...files.map((file) => definitionsOf(file, load, cache))]);
  const errors = [config, ...loaded].flatMap((file) => (file instanceof AssayError ? [file] : []));
  // A definition that is imported and re-exported by another file is still one definition.
  const written = withOverrides([...new Set(loaded.flatMap((file) => (file instanceof AssayError ? [] : file)))], found.filter(isOverride));
  errors.push(...written.errors);
  if (errors.length === 0 && !(config instanceof AssayError)) errors.push(...[config, ...written.definitions].flatMap(shapeErrors));
  throwAll(distinct(errors).map((error) => relocated(error, current)));
  if (config instanceof AssayError) throw config;
  const definitions = written.definitions.map((item) => placed(item, current));
  return {
    folder,
    config: { ...config, location: { ...config.location, file: shorterPath(config.location.file, current) } },
    bronze: definitions.filter((definition) => definition.kind === "bronze"),
    models: definitions.filter((definition) => definition.kind === "model"),
    functions: definitions.filter((definition) => definition.kind === "function"),
    pipelines: definitions.filter((definition) => definition.kind === "pipeline"),
    sinks: definitions.filter((definition) => definition.kind === "sink"),
  };
}

function placed(definition: Definition, current: string): Definition {
  const place = (location: Location): Location => ({ ...location, file: shorterPath(location.file, current) });
  const location = place(definition.location);
  if (definition.kind === "function") {
    const bodies = Object.entries(definition.bodies).map(([engine, sql]) => [engine, { ...sql, location: place(sql.location) }] as const);
    return { ...definition, location, bodies: Object.fromEntries(bodies) };
  }
  if (definition.kind !== "model") return { ...definition, location };
  const { overrides = {} } = definition;
  const moved = Object.entries(overrides).map(([engine, sql]) => [engine, { ...sql, location: place(sql.location) }] as const);
  const model = moved.length === 0 ? definition : { ...definition, overrides: Object.fromEntries(moved) };
  return { ...model, location, sql: { ...definition.sql, location: place(definition.sql.location) } };
}

/** The path as seen from a folder, where that is shorter. */
export function shorterPath(path: string, current: string): string {
  const seen = relative(current, path);
  return seen.length < path.length ? seen : path;
}

/** A file that cannot be loaded is told once, however many others import it. */
export function distinct(errors: readonly AssayError[]): readonly AssayError[] {
  return [...new Map(errors.map((error) => [JSON.stringify(error.report()), error] as const)).values()];
}

export function relocated(error: AssayError, current: string): AssayError {
  const { code, message, hint, location, cause } = error;
  if (location === null) return error;
  return new AssayError(code, message, {
    ...(hint === null ? {} : { hint }),
    cause,
    location: { ...location, file: shorterPath(location.file, current) },
  });
}

export type Loaded = Readonly<Record<string, unknown>> | AssayError;
type Load = (file: string) => Promise<Loaded>;

async function loadConfig(file: string, load: Load): Promise<ProjectDefinition | AssayError> {
  const loaded = await load(file);
  if (loaded instanceof AssayError) return loaded;
  if (isDefinition(loaded.default, ["project"])) return loaded.default as unknown as ProjectDefinition;
  return new AssayError("PROJECT_INVALID", `${basename(file)} has no default export made by defineProject`, {
    hint: 'write: export default defineProject({ name: "…" })',
    location: { file, line: 1 },
  });
}

async function definitionsOf(file: string, load: Load, cache: FileCache | null): Promise<readonly Definition[] | AssayError> {
  if (file.endsWith(".sql")) {
    const text = readFileSync(file, "utf8");
    const read = (): Promise<ModelDefinition> => modelFromSqlFile(file, text);
    try {
      return [await (cache === null ? read() : cache.get([file, text], read))];
    } catch (error) {
      if (error instanceof AssayError) return error;
      throw error;
    }
  }
  const loaded = await load(file);
  if (loaded instanceof AssayError) return loaded;
  return Object.values(loaded).filter((value): value is Definition =>
    isDefinition(value, ["bronze", "model", "function", "pipeline", "sink"]),
  );
}

function isDefinition(value: unknown, kinds: readonly string[]): boolean {
  return typeof value === "object" && value !== null && "kind" in value && kinds.includes(String(value.kind)) && "location" in value;
}

/** What a TypeScript or JavaScript file exports, or why it cannot be loaded. */
export async function importFile(file: string, folder: string, current: string): Promise<Loaded> {
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    return importError(file, folder, current, error);
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function filesBelow(folder: string): readonly string[] {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|mts|js|mjs|sql)$/.test(entry.name) && !/\.(?:d|test)\.[mc]?ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes("/node_modules/"))
    .sort();
}
