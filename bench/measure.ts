import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { workFolder } from "./places.ts";

export interface Command {
  readonly file: string;
  readonly arguments: readonly string[];
  /** Added to this process's environment; undefined removes a variable. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** One timed process. */
export interface Measured {
  readonly seconds: number;
  /** Largest resident set of the process or of a child it waited for, in MiB; null where GNU time is missing. */
  readonly peakMiB: number | null;
  /** Processor time of the process and of the children it waited for; null where GNU time is missing. */
  readonly cpuSeconds: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

const gnuTime = "/usr/bin/time";
const hasGnuTime = process.platform === "linux" && existsSync(gnuTime);

/** Runs a command to its end, once what others wrote is on disk. Wall time from spawn to exit, GNU time (about 1 ms) included. */
async function measure(command: Command): Promise<Measured> {
  // Else whoever comes after a great writer waits for its pages with each fsync.
  spawnSync("sync");
  const report = join(workFolder, `time-${process.pid}.txt`);
  const [file, args] = hasGnuTime
    ? [gnuTime, ["-v", "-o", report, command.file, ...command.arguments]]
    : [command.file, [...command.arguments]];
  const started = performance.now();
  const child = spawn(file, args, { env: { ...process.env, ...command.environment }, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  let seconds = 0;
  child.on("exit", () => {
    seconds = (performance.now() - started) / 1000;
  });
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? -1));
  });
  return { seconds, ...usageOf(report), ...output, exitCode };
}

/** As `measure`, for a command that has to succeed. */
export async function measureSuccess(command: Command): Promise<Measured> {
  const measured = await measure(command);
  if (measured.exitCode === 0) return measured;
  const said = `${measured.stderr}\n${measured.stdout}`.trim().slice(-2000);
  throw new Error(`${command.file} ${command.arguments.join(" ")} ended with ${measured.exitCode}:\n${said}`);
}

function usageOf(report: string): Pick<Measured, "peakMiB" | "cpuSeconds"> {
  if (!hasGnuTime || !existsSync(report)) return { peakMiB: null, cpuSeconds: null };
  const text = readFileSync(report, "utf8");
  rmSync(report);
  const kibibytes = /Maximum resident set size \(kbytes\): (\d+)/.exec(text)?.[1];
  const times = [...text.matchAll(/(?:User|System) time \(seconds\): ([\d.]+)/g)].map(([, seconds]) => Number(seconds));
  return {
    peakMiB: kibibytes === undefined ? null : Number(kibibytes) / 1024,
    cpuSeconds: times.length < 2 ? null : times.reduce((sum, seconds) => sum + seconds, 0),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** The largest peak of several processes; null where none was measured. */
export function largestPeak(processes: readonly Measured[]): number | null {
  const peaks = processes.flatMap(({ peakMiB }) => (peakMiB === null ? [] : [peakMiB]));
  return peaks.length === 0 ? null : Math.max(...peaks);
}
