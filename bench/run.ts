/**
 * npm run bench -- [--only NAME]… [--runs N] [--scale S] [--no-spark] [--write]
 *
 * Measures this checkout against its limits and beside its peers, in one run, taking turns. Exit code 1 when a limit is missed or a
 * contestant did other work than the rest. `--scale 0.05` makes the large benches (incremental, small-models, heavy, overhead, chunks) that much smaller, to try them:
 * limits are meant for scale 1.
 */
import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { checkExample, checkThousandModels, runScaled, runUnchanged, version } from "./commands.ts";
import { type DataSet, olistFiles } from "./data-set.ts";
import { sideBySide } from "./nova-retail/side-by-side.ts";
import { workFolder } from "./places.ts";
import { markdown, writeSection } from "./report.ts";
import { passes, type Report } from "./result.ts";

interface Options {
  readonly data: DataSet;
  readonly runs: number;
  readonly spark: boolean;
  readonly scale: number;
}

const benchmarks: Readonly<Record<string, (options: Options) => Promise<Report>>> = {
  version: ({ runs }) => version(runs),
  check: ({ data, runs }) => checkExample(data, runs),
  "thousand-models": ({ runs }) => checkThousandModels(runs),
  "nova-retail": ({ data, runs, spark }) => sideBySide(data, runs, spark),
  unchanged: ({ data, runs }) => runUnchanged(data, runs),
  scale: ({ data, runs }) => runScaled(data, Math.min(runs, 3)),
  incremental: async ({ runs, scale }) => (await import("./incremental/side-by-side.ts")).incrementalSideBySide(runs, scale),
  "small-models": async ({ runs, scale }) => (await import("./small-models/side-by-side.ts")).smallModelsSideBySide(runs, scale),
  heavy: async ({ runs, scale }) => (await import("./heavy-model/refresh-and-full.ts")).refreshAndFull(Math.min(runs, 3), scale),
  overhead: async ({ data, runs, scale }) => (await import("./overhead/with-and-without.ts")).withAndWithout(data, runs, scale),
  months: async ({ data }) => (await import("./olist-months/increments.ts")).monthlyIncrements(data),
  postgres: async ({ data, runs }) => (await import("./postgres-load.ts")).postgresLoad(data, runs),
  queue: async ({ runs }) => (await import("./queue/no-op-steps.ts")).queueOverhead(Math.min(runs, 3)),
  "postgres-models": async ({ data, runs }) => (await import("./postgres-models/side-by-side.ts")).postgresModelsSideBySide(data, runs),
  upsert: async ({ runs, scale }) => (await import("./upsert/side-by-side.ts")).upsertSideBySide(Math.min(runs, 2), scale),
  chunks: async ({ scale }) => (await import("./queue/chunks.ts")).chunksByWorkers(scale),
};

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    runs: { type: "string", default: "5" },
    scale: { type: "string", default: "1" },
    spark: { type: "boolean", default: true },
    write: { type: "boolean", default: false },
  },
  allowNegative: true,
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) refuse(`--runs takes a whole number from 1, not ${values.runs}`);
const scale = Number(values.scale);
if (!(scale > 0 && scale <= 1)) refuse(`--scale takes a number above 0, up to 1, not ${values.scale}`);
if (scale !== 1 && values.write) refuse("--write takes results of scale 1 only");
const unknown = values.only.find((name) => !Object.hasOwn(benchmarks, name));
if (unknown !== undefined) refuse(`there is no bench ${unknown}; there are ${Object.keys(benchmarks).join(", ")}`);

mkdirSync(workFolder, { recursive: true });
const data = await olistFiles();
const dataSet = data.real ? "the public Olist files (62 MB in seven CSVs)" : "generated look-alikes, 100,000 orders";
const trial = scale === 1 ? [] : [`A trial at scale ${scale}: the large benches are not at the size their limits are meant for.`];
const names = Object.keys(benchmarks);
for (const [name, bench] of Object.entries(benchmarks)) {
  if (values.only.length > 0 && !values.only.includes(name)) continue;
  console.log(`${name} …`);
  const report = await bench({ data, runs, scale, spark: values.spark });
  const text = markdown({ ...report, notes: [...report.notes, ...trial] }, new Date(), dataSet);
  console.log(`\n${text}\n`);
  if (values.write) writeSection(name, text, names);
  if (report.results.some((result) => passes(result) === false)) process.exitCode = 1;
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}
