import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ShareOutcome } from "./seeds.ts";

const script = fileURLToPath(new URL("share.ts", import.meta.url));

/**
 * Runs a share of the seeds in a process that suits it: of all its statements only one is under way at any time, so more than one thread to
 * wait for them only costs; and most of what it makes is gone after a moment.
 */
export async function startShare(share: number): Promise<ShareOutcome> {
  return outcomeOf(share, process.env, (line) => void process.stdout.write(`${line}\n`));
}

/** All that one seed does, line by line. With one thread files and statements come to their ends in the order in which they were begun. */
export async function traceOf(seed: number): Promise<readonly string[]> {
  const lines: string[] = [];
  const { failures } = await outcomeOf(0, { ...process.env, SEED: `${seed}` }, (line) => void lines.push(line));
  if (failures.length > 0) throw new Error(failures.join("\n\n"));
  return lines;
}

async function outcomeOf(share: number, env: NodeJS.ProcessEnv, told: (line: string) => void): Promise<ShareOutcome> {
  const child = spawn(process.execPath, ["--max-semi-space-size=64", "--single-threaded", script, `${share}`], {
    env: { ...env, UV_THREADPOOL_SIZE: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  let last = "";
  for await (const line of createInterface({ input: child.stdout })) {
    if (last !== "") told(last);
    last = line;
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`share ${share} of the seeds ended with ${code}`);
  return JSON.parse(last) as ShareOutcome;
}
