import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(root, "bin", "assay.js");

export interface Outcome {
  /** 128 + 9 for a killed process, as a shell says it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Added to this process's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A command under way, leader of a process group of its own. */
export interface RunningCommand {
  readonly pid: number;
  /** What it writes to stdout, as it comes. */
  readonly output: Readable;
  readonly exited: Promise<Outcome>;
  /** Kills the whole group, as a power cut would. */
  readonly kill: () => void;
}

/** A project in a temporary folder, driven through the real CLI. */
export interface TestProject {
  readonly folder: string;
  /** Runs `assay <args>` in the project's folder. */
  readonly assay: (args: readonly string[], options?: CommandOptions) => Promise<Outcome>;
  readonly start: (args: readonly string[], options?: CommandOptions) => RunningCommand;
  /** Runs `assay <args> --json` and parses what it wrote, whatever its exit code. Throws unless that is one JSON document. */
  readonly json: <T>(args: readonly string[], options?: CommandOptions) => Promise<T>;
  /** Rows of `assay query`, as objects. */
  readonly query: <T = Readonly<Record<string, unknown>>>(statement: string) => Promise<readonly T[]>;
  /** Writes (or overwrites) files, folders made as needed. */
  readonly write: (files: Readonly<Record<string, string | Uint8Array>>) => Promise<void>;
  /** Removes a file or folder of the project, or all of it. */
  readonly remove: (path?: string) => Promise<void>;
}

/** A new project of the given files (relative path → content), outside the checkout; `assay` and `zod` can be imported. */
export async function makeProject(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: CommandOptions = {},
): Promise<TestProject> {
  const project = await emptyProject(options);
  await project.write(files);
  return project;
}

/** A copy of the example's definitions that reads its CSV files from `dataDir`. */
export async function novaRetail(dataDir: string): Promise<TestProject> {
  const parts = ["assay.config.ts", "olist.ts", "sources", "models", "pipelines", "sinks"];
  return exampleProject("nova-retail", parts, { OLIST_DIR: dataDir, WAREHOUSE_URL: undefined });
}

/** A copy of the example, its tests included, that reads its file from `dataDir`. */
export async function forexTransactions(dataDir: string): Promise<TestProject> {
  const parts = ["assay.config.ts", "sources", "functions", "models", "pipelines", "tests"];
  return exampleProject("forex-transactions", parts, { FOREX_DIR: dataDir });
}

async function exampleProject(
  example: string,
  parts: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<TestProject> {
  const project = await emptyProject({ env });
  for (const part of parts) await cp(join(root, "examples", example, part), join(project.folder, part), { recursive: true });
  return project;
}

/** The project in a folder. */
function projectIn(folder: string, defaults: CommandOptions = {}): TestProject {
  const start = (args: readonly string[], options: CommandOptions = {}): RunningCommand =>
    startCommand(args, folder, { ...process.env, NO_COLOR: "1", ...defaults.env, ...options.env });
  const assay: TestProject["assay"] = (args, options) => start(args, options).exited;
  const json: TestProject["json"] = async (args, options) => documentOf(args, await assay([...args, "--json"], options));
  return {
    folder,
    start,
    assay,
    json,
    query: async <T>(statement: string) => {
      const { columns, rows, error } = await json<QueryDocument>(["query", statement]);
      if (error !== undefined) throw new Error(`${error.code}: ${error.message}`);
      return rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])) as T);
    },
    write: async (files) => {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), content);
      }
    },
    remove: (path = "") => rm(join(folder, path), { recursive: true, force: true }),
  };
}

interface QueryDocument {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly error?: { readonly code: string; readonly message: string };
}

async function emptyProject(options: CommandOptions): Promise<TestProject> {
  const folder = await mkdtemp(join(tmpdir(), "assay-project-"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }\n');
  return projectIn(folder, options);
}

function startCommand(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): RunningCommand {
  const child = spawn(process.execPath, [program, ...args], { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${process.execPath} cannot be started`);
  return { pid, output: child.stdout, exited: outcomeOf(child), kill: () => killGroup(pid) };
}

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on("data", (data: Buffer) => stdout.push(data));
  child.stderr?.on("data", (data: Buffer) => stderr.push(data));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({
        code: code ?? (signal === "SIGKILL" ? 137 : 1),
        stdout: String(Buffer.concat(stdout)),
        stderr: String(Buffer.concat(stderr)),
      });
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // It was gone already.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function documentOf<T>(args: readonly string[], { code, stdout, stderr }: Outcome): T {
  try {
    return JSON.parse(stdout) as T;
  } catch (error) {
    throw new Error(`assay ${args.join(" ")} (exit ${code}) wrote no JSON document:\n${stdout}\n${stderr}`, { cause: error });
  }
}
