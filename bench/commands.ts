import type { DataSet } from "./data-set.ts";
import { type Command, measureSuccess, median } from "./measure.ts";
import { runAssay } from "./nova-retail/contestants.ts";
import { assertKnown } from "./nova-retail/outcome.ts";
import { assay, freshExample, freshFolder } from "./places.ts";
import { atMost, type Limit, type Report, type Result } from "./result.ts";
import { writeThousandModels } from "./thousand-models.ts";

/** `assay --version`: the price of starting. */
export async function version(runs: number): Promise<Report> {
  return report(await repeat("assay --version", assay(["--version"]), runs * 3, atMost(0.1)));
}

/** `assay check` on the example: compile everything, touch no data. */
export async function checkExample(data: DataSet, runs: number): Promise<Report> {
  const command = assay(["check", "--project", freshExample("check")], { OLIST_DIR: data.folder });
  return report(await repeat("assay check, Nova Retail", command, runs, atMost(0.5)));
}

/** `assay check` on 1,000 models that read one another. */
export async function checkThousandModels(runs: number): Promise<Report> {
  const folder = freshFolder("thousand-models");
  writeThousandModels(folder);
  return report(await repeat("assay check, 1,000 models", assay(["check", "--project", folder]), runs, atMost(2, 1)));
}

/** A second run with nothing changed. */
export async function runUnchanged(data: DataSet, runs: number): Promise<Report> {
  const command = assay(["run", "--project", freshExample("unchanged"), "--json"], { OLIST_DIR: data.folder });
  await measureSuccess(command);
  const result = await repeat("assay run, nothing changed", command, runs, atMost(0.6), (stdout) => {
    const steps = (JSON.parse(stdout) as { steps: readonly { step: string; status: string }[] }).steps;
    const ran = steps.filter(({ status }) => status !== "skipped");
    if (ran.length > 0) throw new Error(`nothing changed, but ${ran.map(({ step }) => step).join(", ")} ran`);
  });
  return report(result);
}

/** Five copies of everything, every check on: time, and the memory it takes. */
export async function runScaled(data: DataSet, runs: number): Promise<Report> {
  const seconds: number[] = [];
  const peaks: number[] = [];
  for (let turn = 0; turn < runs; turn += 1) {
    const { measured, outcome } = await runAssay(data.folder, ["--param", "scale_data=true", "--param", "scale_multiplier=5"]);
    if (data.real) assertKnown("assay run, 5 copies", outcome, 5);
    seconds.push(measured.seconds);
    if (measured.peakMiB !== null) peaks.push(measured.peakMiB);
  }
  const peakMiB = peaks.length === 0 ? null : Math.max(...peaks);
  const time: Result = { name: "assay run, 5 copies", value: median(seconds), unit: "s", runs: seconds, limit: null, peakMiB };
  if (peakMiB === null) return { results: [time], stages: [], notes: ["Peak memory was not measured: GNU time is missing."] };
  const memory: Result = { name: "peak memory, 5 copies", value: peakMiB, unit: "MiB", runs: peaks, limit: atMost(4096), peakMiB };
  return { results: [time, memory], stages: [], notes: [] };
}

async function repeat(
  name: string,
  command: Command,
  runs: number,
  limit: Limit,
  accept: (stdout: string) => void = () => {},
): Promise<Result> {
  const seconds: number[] = [];
  const peaks: number[] = [];
  for (let turn = 0; turn < runs; turn += 1) {
    const measured = await measureSuccess(command);
    accept(measured.stdout);
    seconds.push(measured.seconds);
    if (measured.peakMiB !== null) peaks.push(measured.peakMiB);
  }
  const peakMiB = peaks.length === 0 ? null : Math.max(...peaks);
  return { name, value: median(seconds), unit: "s", runs: seconds, limit, peakMiB };
}

const report = (result: Result): Report => ({ results: [result], stages: [], notes: [] });
