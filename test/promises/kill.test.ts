import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Random, randomStream } from "../../src/generators/random.ts";
import { generatedOlist } from "../support/olist-data.ts";
import { novaRetail, type TestProject } from "../support/project.ts";
import { type Comparable, warehouseState } from "../support/warehouse-state.ts";

const kills = Number(process.env.KILLS ?? 200);
const atOnce = 2;
/** What a run changes; the rest of a project's folder are definitions. */
const movable = ["data", "lake", ".assay", "warehouse.duckdb", "warehouse.duckdb.wal"];

/** A state of the project's folder, and the run that gets killed in it. */
interface Scenario {
  readonly name: string;
  readonly args: readonly string[];
  /** Exit code of the run when nobody kills it. */
  readonly code: number;
  /** Brings the folder from its empty state to where the run starts. */
  readonly prepare: (project: TestProject) => Promise<void>;
  /** Kills the run that follows a killed run, too. */
  readonly twice?: boolean;
}

interface Prepared extends Scenario {
  /** Copy of the folder's state. */
  readonly saved: string;
  readonly undisturbed: Comparable;
  readonly runsBefore: number;
  /** How long the run takes here, ms: all of it, and from its record to the end. */
  readonly duration: number;
  readonly recorded: number;
}

const scaled = ["run", "--param", "scale_data=true", "--param", "scale_multiplier=3"];

const scenarios: readonly Scenario[] = [
  { name: "first run", args: ["run"], code: 0, prepare: async () => undefined },
  { name: "first run, killed twice", args: ["run"], code: 0, prepare: async () => undefined, twice: true },
  { name: "changed input", args: ["run"], code: 0, prepare: (project) => builtThen(project, changeInput) },
  { name: "scaled", args: scaled, code: 0, prepare: (project) => builtThen(project, () => undefined) },
  {
    name: "full refresh, killed twice",
    args: ["run", "--full-refresh"],
    code: 0,
    prepare: (project) => builtThen(project, changeInput),
    twice: true,
  },
  { name: "failing check", args: ["run"], code: 1, prepare: (project) => builtThen(project, repeatOrder) },
];

async function builtThen(project: TestProject, change: (data: string) => void): Promise<void> {
  const { code, stderr } = await project.assay(["run"]);
  if (code !== 0) throw new Error(stderr);
  change(join(project.folder, "data"));
}

/** New orders with a payment each, one of which does not fit the contract. */
function changeInput(data: string): void {
  const orders = Array.from(
    { length: 20 },
    (_, index) => `new-${index},customer-${index},delivered,2018-01-02 03:04:05,,,,2018-02-03 00:00:00`,
  );
  append(join(data, "olist_orders_dataset.csv"), orders);
  append(join(data, "olist_order_payments_dataset.csv"), [
    ...orders.map((_, index) => `new-${index},1,voucher,1,${index}.50`),
    "new-0,2,voucher,1,not a number",
  ]);
}

/** The key of bronze.orders no longer holds. */
function repeatOrder(data: string): void {
  const path = join(data, "olist_orders_dataset.csv");
  append(path, [readFileSync(path, "utf8").trimEnd().split("\n").at(-1) ?? ""]);
  append(join(data, "olist_sellers_dataset.csv"), ["new-seller,01234,sao paulo,SP"]);
}

function append(path: string, lines: readonly string[]): void {
  writeFileSync(path, `${readFileSync(path, "utf8").trimEnd()}\n${lines.join("\n")}\n`);
}

function copyState(from: string, to: string): void {
  for (const part of movable) {
    rmSync(join(to, part), { recursive: true, force: true });
    if (existsSync(join(from, part))) cpSync(join(from, part), join(to, part), { recursive: true, preserveTimestamps: true });
  }
}

/** Runs every scenario once without a kill and keeps where it starts and what it ends with. */
async function prepareAll(project: TestProject, copies: string): Promise<readonly Prepared[]> {
  const empty = join(copies, "empty");
  copyState(project.folder, empty);
  const prepared: Prepared[] = [];
  for (const scenario of scenarios) {
    copyState(empty, project.folder);
    await scenario.prepare(project);
    const saved = join(copies, scenario.name);
    copyState(project.folder, saved);
    const started = performance.now();
    const { code, stderr } = await project.assay(scenario.args);
    const duration = performance.now() - started;
    expect(code, `${scenario.name}: ${stderr}`).toBe(scenario.code);
    const { comparable, residue, runs } = await warehouseState(project.folder);
    expect(residue, scenario.name).toEqual([]);
    const recorded = runs[0]?.duration_ms ?? 0;
    prepared.push({ ...scenario, saved, undisturbed: comparable, runsBefore: runs.length - 1, duration, recorded });
  }
  return prepared;
}

interface Hit {
  readonly scenario: string;
  /** Where the kill fell: before the run was on record, after so many steps, or after its end. */
  readonly where: string;
}

/** Starts the scenario's run, kills it after `delays`, one kill each, runs it again and compares. */
async function killAndResume(project: TestProject, scenario: Prepared, delays: readonly number[], label: string): Promise<readonly Hit[]> {
  copyState(scenario.saved, project.folder);
  for (const delay of delays) {
    const command = project.start(scenario.args);
    const timer = setTimeout(command.kill, delay);
    const { code, stderr } = await command.exited;
    clearTimeout(timer);
    expect([137, scenario.code], `${label}: ${stderr}`).toContain(code);
  }
  const resumed = await project.assay(scenario.args);
  expect(resumed.code, `${label}: ${resumed.stdout}${resumed.stderr}`).toBe(scenario.code);
  expect(resumed.stderr, label).not.toMatch(/^\s+at .*:\d+:\d+/m);
  const { comparable, residue, runs } = await warehouseState(project.folder);
  expect(comparable, label).toEqual(scenario.undisturbed);
  expect(residue, label).toEqual([]);
  // Newest first: the resumed run, those that were killed, those of the preparation.
  const killed = runs.slice(1, runs.length - scenario.runsBefore);
  const recorded = killed.map((run) => (run.status === "interrupted" ? `after ${run.steps_run} steps` : "after its end"));
  const unrecorded = Array.from({ length: delays.length - killed.length }, () => "before its record");
  return [...recorded, ...unrecorded].map((where) => ({ scenario: scenario.name, where }));
}

/** A quarter of the kills fall anywhere, the others between the run's record and its end. */
function delayIn({ duration, recorded }: Prepared, random: Random): number {
  const from = random() % 4 === 0 ? 0 : duration - recorded - 100;
  return Math.round(from + (random() / 2 ** 32) * (duration - from));
}

/** One folder, in which runs are killed one after the other. */
async function worker(data: string, seed: number, count: number): Promise<readonly Hit[]> {
  const project = await novaRetail("data");
  const copies = await mkdtemp(join(tmpdir(), "assay-kill-"));
  const random = randomStream(seed, 0)(0);
  const hits: Hit[] = [];
  try {
    cpSync(data, join(project.folder, "data"), { recursive: true });
    const prepared = await prepareAll(project, copies);
    for (let round = 0; hits.length < count; round++) {
      const scenario = prepared[round % prepared.length];
      if (scenario === undefined) break;
      const delays = Array.from({ length: scenario.twice === true ? 2 : 1 }, () => delayIn(scenario, random));
      hits.push(
        ...(await killAndResume(project, scenario, delays, `seed ${seed}, round ${round}, ${scenario.name}, killed after ${delays} ms`)),
      );
    }
    const { runs } = await warehouseState(project.folder);
    expect((await project.json<{ runs: readonly unknown[] }>(["runs", "list", "--limit", "1000"])).runs).toEqual(runs);
    return hits;
  } finally {
    await project.remove();
    rmSync(copies, { recursive: true, force: true });
  }
}

function summary(hits: readonly Hit[], milliseconds: number): string {
  const counts = new Map<string, number>();
  for (const { where } of hits) counts.set(where, (counts.get(where) ?? 0) + 1);
  const steps = (text: string): number => Number(/\d+/.exec(text)?.[0] ?? (text.startsWith("before") ? -1 : 99));
  const lines = [...counts].sort(([a], [b]) => steps(a) - steps(b)).map(([where, count]) => `${String(count).padStart(5)}  ${where}`);
  return `${hits.length} kills in ${Math.round(milliseconds / 1000)} s\n${lines.join("\n")}\n`;
}

test(`a run killed at any of ${kills} moments is made good by the next`, { timeout: 1_800_000 }, async () => {
  const started = performance.now();
  const data = await generatedOlist(300);
  try {
    const share = Math.ceil(kills / atOnce);
    const hits = (await Promise.all(Array.from({ length: atOnce }, (_, index) => worker(data, index + 1, share)))).flat();
    process.stdout.write(summary(hits, performance.now() - started));
    expect(hits.length).toBeGreaterThanOrEqual(kills);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});
