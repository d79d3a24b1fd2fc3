import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Random, randomStream } from "../../src/generators/random.ts";
import { generatedOlist } from "../support/olist-data.ts";
import { novaRetail, type TestProject } from "../support/project.ts";
import { type Comparable, unpublished, warehouseState } from "../support/warehouse-state.ts";

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
}

interface Prepared extends Scenario {
  /** Copy of the folder's state. */
  readonly saved: string;
  readonly undisturbed: Comparable;
  readonly runsBefore: number;
  /** Lines the run writes before its summary: two when it is on record, then one as each step ends. */
  readonly lines: number;
}

const scaled = ["run", "--param", "scale_data=true", "--param", "scale_multiplier=3"];

const scenarios: readonly Scenario[] = [
  { name: "first run", args: ["run"], code: 0, prepare: async () => undefined },
  { name: "changed input", args: ["run"], code: 0, prepare: (project) => builtThen(project, changeInput) },
  { name: "scaled", args: scaled, code: 0, prepare: (project) => builtThen(project, () => undefined) },
  { name: "full refresh", args: ["run", "--full-refresh"], code: 0, prepare: (project) => builtThen(project, changeInput) },
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
    const { code, stderr } = await project.assay(scenario.args);
    expect(code, `${scenario.name}: ${stderr}`).toBe(scenario.code);
    const { comparable, residue, runs } = await warehouseState(project.folder);
    expect(residue, scenario.name).toEqual([]);
    prepared.push({ ...scenario, saved, undisturbed: comparable, runsBefore: runs.length - 1, lines: 2 + (runs[0]?.steps_run ?? 0) });
  }
  return prepared;
}

/**
 * Starts the scenario's run and kills it at each moment, looks at what readers see then, runs it again and compares. Resolves to where each kill fell: before the run was on
 * record, after so many steps, or after its end; a run that had ended before its moment does not count.
 */
async function killAndResume(
  project: TestProject,
  scenario: Prepared,
  moments: readonly Moment[],
  label: string,
): Promise<readonly string[]> {
  copyState(scenario.saved, project.folder);
  let killed = 0;
  for (const moment of moments) {
    const code = await killedAt(project, scenario, moment);
    expect([137, scenario.code], label).toContain(code);
    if (code === 137) killed++;
    expect(await unpublished(project.folder), label).toEqual([]);
  }
  const resumed = await project.assay(scenario.args);
  expect(resumed.code, `${label}: ${resumed.stdout}${resumed.stderr}`).toBe(scenario.code);
  expect(resumed.stderr, label).not.toMatch(/^\s+at .*:\d+:\d+/m);
  const { comparable, residue, runs } = await warehouseState(project.folder);
  expect(comparable, label).toEqual(scenario.undisturbed);
  expect(residue, label).toEqual([]);
  // Newest first: the resumed run, those that were to be killed, those of the preparation.
  const recorded = runs.slice(1, runs.length - scenario.runsBefore);
  const interrupted = recorded.filter((run) => run.status === "interrupted").map((run) => `after ${run.steps_run} steps`);
  const missed = moments.length - killed;
  const ended = Array.from({ length: recorded.length - interrupted.length - missed }, () => "after its end");
  const unrecorded = Array.from({ length: moments.length - recorded.length }, () => "before its record");
  return [...interrupted, ...ended, ...unrecorded];
}

/** So long after a line of output (0: after the start), which tells how far the run is on a machine that is busy or not. */
interface Moment {
  readonly line: number;
  readonly milliseconds: number;
}

function randomMoment({ lines }: Prepared, random: Random): Moment {
  const line = (random() % (lines + 3)) - 2;
  return line <= 0 ? { line: 0, milliseconds: random() % 600 } : { line, milliseconds: random() % 60 };
}

/** Runs the scenario's command and kills it at the moment, unless it has ended by then. Resolves to its exit code. */
async function killedAt(project: TestProject, scenario: Prepared, { line, milliseconds }: Moment): Promise<number> {
  const command = project.start(scenario.args);
  let timer = line === 0 ? setTimeout(command.kill, milliseconds) : undefined;
  let seen = 0;
  command.output.on("data", (data: Buffer) => {
    seen += String(data).split("\n").length - 1;
    if (seen >= line) timer ??= setTimeout(command.kill, milliseconds);
  });
  const { code } = await command.exited;
  clearTimeout(timer);
  return code;
}

/** One folder, in which runs are killed one after the other. */
async function worker(data: string, seed: number, count: number): Promise<readonly string[]> {
  const project = await novaRetail("data");
  const copies = await mkdtemp(join(tmpdir(), "assay-kill-"));
  const random = randomStream(seed, 0)(0);
  const hits: string[] = [];
  try {
    cpSync(data, join(project.folder, "data"), { recursive: true });
    const prepared = await prepareAll(project, copies);
    for (let round = 0; hits.length < count; round++) {
      const scenario = prepared[round % prepared.length];
      if (scenario === undefined) break;
      // The runs that follow a killed one are killed, too, one of them or two.
      const inARow = 1 + (Math.floor(round / prepared.length) % 3);
      const moments = Array.from({ length: inARow }, () => randomMoment(scenario, random));
      hits.push(
        ...(await killAndResume(project, scenario, moments, `seed ${seed}, round ${round}, ${scenario.name}, ${JSON.stringify(moments)}`)),
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

function summary(hits: readonly string[], milliseconds: number): string {
  const counts = new Map<string, number>();
  for (const where of hits) counts.set(where, (counts.get(where) ?? 0) + 1);
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
