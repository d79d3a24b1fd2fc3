import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { BronzeDefinition } from "../define/bronze.ts";
import type { ModelDefinition } from "../define/model.ts";
import type { Definition, PipelineDefinition, ProjectDefinition, SinkDefinition } from "../define/project.ts";
import { AssayError, messageOf, throwAll } from "../errors.ts";
import type { Location } from "../terms.ts";
import { modelFromSqlFile } from "./sql-file.ts";

/** Everything a project declares, as loaded from its folders. */
export interface Project {
  readonly folder: string;
  readonly config: ProjectDefinition;
  readonly bronze: readonly BronzeDefinition[];
  readonly models: readonly ModelDefinition[];
  readonly pipelines: readonly PipelineDefinition[];
  readonly sinks: readonly SinkDefinition[];
}

/** Folders in which definitions are found; the folder does not limit what a file may export. */
const definitionFolders = ["sources", "models", "pipelines", "sinks"] as const;

/** Places are shown relative to `current`, the shell's folder, as long as that is shorter. Loads `assay.config.ts` and every definition file. Throws PROJECT_NOT_FOUND, PROJECT_INVALID. */
export async function loadProject(folder: string, current: string): Promise<Project> {
  const configFile = ["assay.config.ts", "assay.config.js"].map((name) => join(folder, name)).find(isFile);
  if (configFile === undefined) {
    throw new AssayError("PROJECT_NOT_FOUND", `no assay.config.ts in ${folder}`, { hint: "go to a project's folder or name it: --project DIR" });
  }
  const files = definitionFolders.flatMap((name) => filesBelow(join(folder, name)));
  const [config, ...loaded] = await Promise.all([loadConfig(configFile), ...files.map(definitionsOf)]);
  throwAll(loaded.flatMap((file) => (file instanceof AssayError ? [file] : [])));
  // A definition that is imported and re-exported by another file is still one definition.
  const definitions = [...new Set(loaded.flatMap((file) => (file instanceof AssayError ? [] : file)))].map((item) => placed(item, current));
  return {
    folder,
    config,
    bronze: definitions.filter((definition) => definition.kind === "bronze"),
    models: definitions.filter((definition) => definition.kind === "model"),
    pipelines: definitions.filter((definition) => definition.kind === "pipeline"),
    sinks: definitions.filter((definition) => definition.kind === "sink"),
  };
}

function placed(definition: Definition, current: string): Definition {
  const place = (location: Location): Location => ({ ...location, file: shorterPath(location.file, current) });
  const location = place(definition.location);
  if (definition.kind !== "model") return { ...definition, location };
  return { ...definition, location, sql: { ...definition.sql, location: place(definition.sql.location) } };
}

/** The path as seen from a folder, where that is shorter. */
function shorterPath(path: string, current: string): string {
  const seen = relative(current, path);
  return seen.length < path.length ? seen : path;
}

async function loadConfig(file: string): Promise<ProjectDefinition> {
  const config = (await importFile(file)).default;
  if (isDefinition(config, ["project"])) return config as unknown as ProjectDefinition;
  throw new AssayError("PROJECT_INVALID", `${file} has no default export made by defineProject`, {
    hint: 'write: export default defineProject({ name: "…" })',
    location: { file, line: 1 },
  });
}

async function definitionsOf(file: string): Promise<readonly Definition[] | AssayError> {
  try {
    if (file.endsWith(".sql")) return [await modelFromSqlFile(file, readFileSync(file, "utf8"))];
    const exported = Object.values(await importFile(file));
    return exported.filter((value): value is Definition => isDefinition(value, ["bronze", "model", "pipeline", "sink"]));
  } catch (error) {
    if (error instanceof AssayError) return error;
    throw error;
  }
}

function isDefinition(value: unknown, kinds: readonly string[]): boolean {
  return typeof value === "object" && value !== null && "kind" in value && kinds.includes(String(value.kind)) && "location" in value;
}

async function importFile(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    throw new AssayError("PROJECT_INVALID", `${relative(process.cwd(), file) || file} cannot be loaded: ${messageOf(error).split("\n")[0]}`, {
      hint: "the message above comes from Node.js while it read the file",
      location: placeInStack(error) ?? { file, line: 1 },
      cause: error,
    });
  }
}

function placeInStack(error: unknown): { file: string; line: number } | null {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const match = /(?:^|file:\/\/|\()(\/[^\s():]+):(\d+)/m.exec(stack);
  const file = match?.[1];
  return file === undefined || file.includes("/node_modules/") ? null : { file: decodeURIComponent(file), line: Number(match?.[2]) };
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
