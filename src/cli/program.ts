import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { AssayError } from "../errors.ts";
import type { BackfillOptions } from "./backfill.ts";
import type { DiffOptions } from "./diff.ts";
import type { EnvCleanOptions } from "./env.ts";
import type { GrantsOptions } from "./grants.ts";
import { reportError } from "./output.ts";
import type { PlanOptions } from "./prepare-plan.ts";
import type { ShowOptions } from "./quarantine.ts";
import type { ReplayOptions } from "./replay-options.ts";
import type { VerifyOptions } from "./verify.ts";
import type { WorkerOptions } from "./worker.ts";
import type { CommonOptions } from "./workspace.ts";

type Exit = (work: Promise<number>) => Promise<void>;

/** Parses the arguments, runs one command and returns the exit code. Each command's code is loaded when it is called. */
export async function runProgram(argv: readonly string[], version: string): Promise<number> {
  const json = argv.includes("--json");
  let code = 0;
  const program = buildProgram(version, async (work) => {
    code = await work;
  });
  try {
    await program.parseAsync(argv as string[]);
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(error, json);
    // Help and version end here too, with exit code 0.
    if (error.exitCode === 0) return 0;
    // The help of an incomplete command (`assay`, `assay generate`) is on stderr already.
    if (error.code === "commander.help" && !json) return 2;
    const message = error.code === "commander.help" ? "the command is incomplete" : error.message.replace(/^error: /, "");
    return reportError(
      new AssayError("USAGE", message, { hint: "assay --help lists the commands, assay COMMAND --help its options" }),
      json,
    );
  }
}

function buildProgram(version: string, exit: Exit): Command {
  const program = new Command("assay")
    .description("A medallion data platform: ingest (bronze), clean (silver), shape (gold) – every table proven before anyone can see it.")
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: () => undefined, writeErr: (text) => void process.stderr.write(text) })
    .showHelpAfterError(false);
  program.addHelpText("after", "\nExit codes: 0 success, 1 a failed run or check, 2 wrong use or config.");
  common(program.command("check"))
    .description("compile the project: references, types, contracts; touches no data")
    .action((options: CommonOptions) => exit(import("./check.ts").then(({ checkCommand }) => checkCommand(options))));
  planning(common(program.command("plan [pipeline]")))
    .description("show what a run would do, and why")
    .action((name: string | undefined, options: PlanOptions) =>
      exit(import("./plan.ts").then(({ planCommand }) => planCommand(name ?? null, options))),
    );
  planning(common(program.command("run [pipeline]")))
    .description("ingest, build, check, publish and send what is not up to date")
    .action((name: string | undefined, options: PlanOptions) =>
      exit(import("./run.ts").then(({ runCommand }) => runCommand(name ?? null, options))),
    );
  common(program.command("worker"))
    .description("carry out steps that runs of a shared environment hand out")
    .option("--concurrency <n>", "steps at the same time", wholeNumber, 2)
    .option("--pool <name>", "only steps of this pool; may be repeated", collect)
    .action((options: WorkerOptions) => exit(import("./worker.ts").then(({ workerCommand }) => workerCommand(options))));
  addBackfill(program, exit);
  addProofs(program, exit);
  common(program.command("test [name...]"))
    .description("run the project's tests: rows in, expected rows out, in memory")
    .action((names: readonly string[], options: CommonOptions) =>
      exit(import("./test.ts").then(({ testCommand }) => testCommand(names, options))),
    );
  addRuns(program, exit);
  addQuarantine(program, exit);
  common(program.command("query <sql>"))
    .description("read published tables with SQL")
    .action((sql: string, options: CommonOptions) => exit(import("./query.ts").then(({ queryCommand }) => queryCommand(sql, options))));
  addClean(program, exit);
  addEnvironments(program, exit);
  addGrants(program, exit);
  addGenerate(program, exit);
  return program;
}

function addBackfill(program: Command, exit: Exit): void {
  common(program.command("backfill <model>"))
    .description("build values of an incremental model again; goes on where an interrupted one stopped")
    .option("--from <value>", "lowest value, included")
    .option("--to <value>", "highest value, included")
    .option("--values <list>", "values, separated by commas", (text: string) => text.split(",").map((value) => value.trim()))
    .option("--column <name>", "the by column the values are of (default: the first)")
    .option("--chunks <n>", "parts, each with a transaction of its own", wholeNumber, 20)
    .option("--restart", "begin anew instead of going on")
    .action((model: string, options: BackfillOptions) =>
      exit(import("./backfill.ts").then(({ backfillCommand }) => backfillCommand(model, options))),
    );
}

function addProofs(program: Command, exit: Exit): void {
  samples(common(program.command("verify [models...]")))
    .description("build models in full in scratch and compare them with what is published")
    .option("--stale", "compare also what newer upstreams or another definition may explain")
    .action((models: readonly string[], options: VerifyOptions) =>
      exit(import("./verify.ts").then(({ verifyCommand }) => verifyCommand(models, options))),
    );
  samples(program.command("diff [runA] [runB]"))
    .description("rows added, removed and changed between two runs, or in two environments")
    .option("--project <folder>", "the project's folder", ".")
    .option("--env <name>", "environment of the runs; given twice: the environments to compare", collect)
    .option("--table <selector>", "tables: name, layer.*, tag:name; may be repeated", collect)
    .option("--json", "one JSON document on stdout, logs on stderr")
    .action((runA: string | undefined, runB: string | undefined, options: DiffOptions) => {
      const runs = [runA, runB].filter((run) => run !== undefined);
      return exit(import("./diff.ts").then(({ diffCommand }) => diffCommand(runs, options)));
    });
}

function addRuns(program: Command, exit: Exit): void {
  const runs = program.command("runs").description("past runs");
  common(runs.command("list", { isDefault: true }))
    .description("newest first")
    .option("--limit <n>", "runs to show", wholeNumber, 20)
    .action((options: CommonOptions & { limit: number }) =>
      exit(import("./runs.ts").then(({ runsListCommand }) => runsListCommand(options))),
    );
  common(runs.command("show [run]"))
    .description("one run with steps, checks and row ledger; the last one by default")
    .action((run: string | undefined, options: CommonOptions) =>
      exit(import("./runs.ts").then(({ runsShowCommand }) => runsShowCommand(run ?? null, options))),
    );
}

function addQuarantine(program: Command, exit: Exit): void {
  const quarantine = program.command("quarantine").description("rows left out of their tables, with the reason");
  common(quarantine.command("list", { isDefault: true }))
    .description("grouped by table and rule")
    .action((options: CommonOptions) =>
      exit(import("./quarantine.ts").then(({ quarantineListCommand }) => quarantineListCommand(options))),
    );
  filtering(common(quarantine.command("show [table]")))
    .description("the rows with file, row number, rule and raw text")
    .addOption(new Option("--state <state>", "default: open and failed").choices(["open", "failed", "replayed", "superseded"]))
    .option("--limit <n>", "rows to show", wholeNumber, 20)
    .option("--reveal", "show the raw text of tables with sensitive columns")
    .action((table: string | undefined, options: ShowOptions) =>
      exit(import("./quarantine.ts").then(({ quarantineShowCommand }) => quarantineShowCommand(table ?? null, options))),
    );
  filtering(common(quarantine.command("export <table>")))
    .description("write the open rows to a CSV, to be edited and replayed")
    .requiredOption("--out <file>", "the CSV to write")
    .option("--reveal", "also tables with sensitive columns")
    .action((table: string, options: CommonOptions & { out: string; rule?: string; batch?: string; reveal?: boolean }) =>
      exit(import("./quarantine-export.ts").then(({ quarantineExportCommand }) => quarantineExportCommand(table, options))),
    );
  filtering(common(program.command("replay [table]")))
    .description("let rows in quarantine enter their tables, edited or after a rule was corrected")
    .option("--ids <id,id>", "rows by their ids; may be repeated", collectIds)
    .option("--from <file>", "CSV of edited rows, as quarantine export writes it")
    .action((table: string | undefined, options: ReplayOptions) =>
      exit(import("./replay.ts").then(({ replayCommand }) => replayCommand(table ?? null, options))),
    );
}

function filtering(command: Command): Command {
  return command
    .option("--rule <rule>", "rows that broke it, e.g. type:price; type for the rule at any column")
    .option("--batch <batch>", "rows of one batch, e.g. bronze.orders/20261121T084852Z-69c21d");
}

function addClean(program: Command, exit: Exit): void {
  common(program.command("clean"))
    .description("remove what is older than the project's keep and no longer needed")
    .option("--dry-run", "only list it")
    .option("--tables", "also tables and sink loads that the project no longer declares")
    .action((options: CommonOptions & { dryRun?: boolean; tables?: boolean }) =>
      exit(import("./clean.ts").then(({ cleanCommand }) => cleanCommand(options))),
    );
}

function addEnvironments(program: Command, exit: Exit): void {
  const environments = program.command("env").description("the project's environments");
  common(environments.command("list", { isDefault: true }))
    .description("engine, place, tables and last run of each")
    .action((options: CommonOptions) => exit(import("./env.ts").then(({ envListCommand }) => envListCommand(options))));
  common(environments.command("clean"))
    .description("remove what Assay made in an environment, which has to be named with --env")
    .option("--dry-run", "only list it")
    .option("--yes", "do not ask")
    .action((options: EnvCleanOptions) => exit(import("./env.ts").then(({ envCleanCommand }) => envCleanCommand(options))));
}

function addGrants(program: Command, exit: Exit): void {
  common(program.command("grants"))
    .description("print the SQL that gives a role what it needs to run an environment")
    .option("--role <name>", "who runs Assay (default: the user of the environment's address)")
    .option("--reader <name>", "who reads silver and gold tables; may be repeated", collect)
    .option("--sources", "instead, what reading tables of other databases needs")
    .action((options: GrantsOptions) => exit(import("./grants.ts").then(({ grantsCommand }) => grantsCommand(options))));
}

function addGenerate(program: Command, exit: Exit): void {
  common(program.command("generate").description("write look-alike data").command("olist"))
    .description("seven CSV files like the public Olist dataset; same seed, same bytes")
    .option("--orders <n>", "number of orders", wholeNumber, 20_000)
    .option("--seed <n>", "seed", wholeNumber, 42)
    .requiredOption("--out <folder>", "folder for the files")
    .action((options: CommonOptions & { orders: number; seed: number; out: string }) =>
      exit(import("./generate.ts").then(({ generateOlistCommand }) => generateOlistCommand(options))),
    );
}

/** Options of every command. */
function common(command: Command): Command {
  return command
    .option("--project <folder>", "the project's folder", ".")
    .option("--env <name>", "environment of the project")
    .option("--json", "one JSON document on stdout, logs on stderr");
}

function planning(command: Command): Command {
  return command
    .option("--select <selector>", "tables: name, +name, name+, layer.*, tag:name; may be repeated", collect)
    .option("--param <name=value>", "a parameter of the pipeline; may be repeated", collect)
    .option("--full-refresh", "run every selected step, needed or not")
    .option("--against <env>", "build only what differs from this environment, and read the rest from it")
    .option("--summary <file>", "with --against: what changed, as Markdown for a pull request")
    .option("--samples <n>", "with --against: rows to show of each kind of difference", wholeNumber, 5);
}

function samples(command: Command): Command {
  return command.option("--samples <n>", "rows to show of each kind of difference", wholeNumber, 5);
}

const collect = (value: string, earlier: readonly string[] | undefined): readonly string[] => [...(earlier ?? []), value];

const collectIds = (value: string, earlier: readonly string[] | undefined): readonly string[] => [
  ...(earlier ?? []),
  ...value.split(/[\s,]+/).filter((id) => id !== ""),
];

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`${text} is not a whole number`);
}
