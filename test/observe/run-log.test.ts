import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/execute/run-event.ts";
import { type RunLogOptions, runLog } from "../../src/observe/run-log.ts";
import type { RunResult } from "../../src/terms.ts";
import { failedRun, sampleStep, succeededRun, warnedRun } from "./sample-run.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "assay-run-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = "2026-11-21T06:00:00.123Z";

function eventsOf(run: RunResult): readonly RunEvent[] {
  const ran = run.steps.filter((step) => step.status !== "skipped");
  return [
    {
      kind: "RunStarted",
      at,
      run_id: run.run_id,
      project: "nova-retail",
      pipeline: run.pipeline,
      env: run.env,
      params: run.params,
      steps: ran.map(({ step, kind, table }) => ({ step, kind, table, because: "nothing published yet" })),
      skipped: run.steps.length - ran.length,
    },
    ...run.steps.flatMap((result): RunEvent[] => [
      ...(result.status === "skipped" ? [] : [{ kind: "StepStarted" as const, at, step: result.step, table: result.table }]),
      { kind: "StepFinished", at: "2026-11-21T06:00:01Z", result },
    ]),
    { kind: "RunFinished", at: "2026-11-21T06:00:04.223Z", result: run },
  ];
}

async function logOf(events: readonly RunEvent[], options: Partial<RunLogOptions> = {}): Promise<string> {
  const log = runLog({ folder, runId: "run-1", ...options });
  for (const event of events) log.listener(event);
  await log.close();
  return readFileSync(log.path, "utf8");
}

describe("runLog", () => {
  it.each([
    ["succeeded", { ...succeededRun, steps: succeededRun.steps.toReversed() }],
    ["failed", failedRun],
    ["warned", warnedRun],
  ])("tells a run that %s", async (name, run) => {
    const text = await logOf(eventsOf(run));
    for (const line of text.trimEnd().split("\n"))
      expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z (INFO |WARN |ERROR) \S| {2,}\S/);
    await expect(text).toMatchFileSnapshot(`golden/run-log-${name}.txt`);
  });

  it("writes a stage's banner once, when its first step starts", async () => {
    const text = await logOf(eventsOf({ ...succeededRun, steps: succeededRun.steps.toReversed() }));
    expect(text.match(/=+ [A-Z]+ =+/g)).toEqual(
      ["BRONZE", "GOLD", "SINK", "SUMMARY"].map((stage) => `================ ${stage} ================`),
    );
  });

  it("tells that an interrupted run was found", async () => {
    const text = await logOf([{ kind: "RunInterruptedFound", at, run_id: "r0", started_at: at }]);
    expect(text).toBe(
      `2026-11-21 06:00:00.123Z WARN  run r0, started 2026-11-21 06:00:00Z, was interrupted; this run goes on from what it finished\n`,
    );
  });

  it("redacts secrets, passwords in addresses, and lets no text forge a line or steer a terminal", async () => {
    const notes = ["token hunter2-x", "postgres://me:pass@host/db", "a\n2026-11-21 06:00:00.123Z INFO  forged \u001b[2J"];
    const text = await logOf([{ kind: "StepFinished", at, result: sampleStep({ notes }) }], { secrets: ["hunter2-x"] });
    expect(text).not.toMatch(/hunter2|pass@/);
    expect(text).not.toContain("\u001b");
    expect(text).toContain("token ***");
    expect(text).toContain("postgres://me:***@host/db");
    expect(text).toContain("2026-11-21 06:00:00.123Z INFO      2026-11-21 06:00:00.123Z INFO  forged \\x1b[2J\n");
  });

  it("cuts a text of a megabyte, after redaction", async () => {
    const note = `${"x".repeat(19_990)}hunter2-x${"y".repeat(1_000_000)}`;
    const text = await logOf([{ kind: "StepFinished", at, result: sampleStep({ notes: [note] }) }], { secrets: ["hunter2-x"] });
    expect(text.length).toBeLessThan(21_000);
    expect(text).not.toContain("hunt");
    expect(text).toMatch(/… \(1,000,001 more characters\)\n$/);
  });

  it("keeps at most five parts, each no larger than asked, whole lines only, in order", async () => {
    const log = runLog({ folder, runId: "run-1", maxBytes: 1000 });
    for (let index = 0; index < 200; index += 1) {
      log.listener({ kind: "StepStarted", at, step: `build gold.täble_${index}`, table: `gold.täble_${index}` });
    }
    await log.close();
    const names = ["run-1.log.4", "run-1.log.3", "run-1.log.2", "run-1.log.1", "run-1.log"];
    expect(readdirSync(folder).sort()).toEqual(names.toSorted());
    for (const name of names) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(1000);
    const lines = names.flatMap((name) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n"));
    const first = 200 - lines.length;
    expect(lines).toEqual(lines.map((_, index) => `2026-11-21 06:00:00.123Z INFO  build gold.täble_${first + index}: started`));
  });

  it("goes on in the same file when a run is taken up again", async () => {
    await logOf(eventsOf(warnedRun));
    const before = readFileSync(join(folder, "run-1.log"), "utf8");
    expect((await logOf(eventsOf(warnedRun))).startsWith(before)).toBe(true);
  });

  it("is complete when the process is killed", () => {
    const module = new URL("../../src/observe/run-log.ts", import.meta.url).href;
    const script = `const { runLog } = await import(${JSON.stringify(module)});
      const { listener } = runLog({ folder: ${JSON.stringify(folder)}, runId: "run-1" });
      for (let index = 0; index < 500; index += 1) listener({ kind: "StepStarted", at: "${at}", step: "build gold.t" + index, table: "gold.t" });
      process.kill(process.pid, "SIGKILL");`;
    const { signal } = spawnSync(process.execPath, ["--input-type=module", "--eval", script]);
    expect(signal).toBe("SIGKILL");
    const text = readFileSync(join(folder, "run-1.log"), "utf8");
    expect(text.split("\n")).toHaveLength(502);
    expect(text.endsWith("build gold.t499: started\n")).toBe(true);
  });

  it("deletes the oldest runs' logs beyond what it keeps, all parts of a run together, and nothing else", async () => {
    const write = (name: string, age: number): void => {
      writeFileSync(join(folder, name), name);
      utimesSync(join(folder, name), new Date(Date.now() - age * 1000), new Date(Date.now() - age * 1000));
    };
    for (let run = 1; run <= 6; run += 1) write(`old-${run}.log`, run * 100);
    write("old-3.log.1", 9_000);
    write("notes.txt", 99_999);
    write("state.log.bak", 99_999);
    mkdirSync(join(folder, "folder.log"));
    await logOf(eventsOf(warnedRun), { keep: 5 });
    expect(readdirSync(folder).sort()).toEqual([
      "folder.log",
      "notes.txt",
      "old-1.log",
      "old-2.log",
      "old-3.log",
      "old-3.log.1",
      "run-1.log",
      "state.log.bak",
    ]);
  });

  it("says that its folder cannot be written", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => runLog({ folder: join(folder, "file", "logs"), runId: "run-1" })).toThrowError(
      expect.objectContaining({ code: "STORAGE_UNWRITABLE", message: expect.stringContaining(join(folder, "file", "logs", "run-1.log")) }),
    );
  });

  it("refuses a run id that is no file name", () => {
    expect(() => runLog({ folder, runId: "../x" })).toThrowError(/cannot name a file/);
  });

  it("does not fail a run when a part cannot be begun, and says so at the end", async () => {
    const log = runLog({ folder, runId: "run-1", maxBytes: 200 });
    mkdirSync(join(folder, "run-1.log.1", "in-the-way"), { recursive: true });
    for (const event of eventsOf(succeededRun)) log.listener(event);
    await expect(log.close()).rejects.toMatchObject({ code: "STORAGE_UNWRITABLE", message: expect.stringContaining(log.path) });
  });

  it.runIf(existsSync("/dev/full"))("does not fail a run when the disk is full, and says so at the end", async () => {
    symlinkSync("/dev/full", join(folder, "run-1.log"));
    const log = runLog({ folder, runId: "run-1" });
    for (const event of eventsOf(succeededRun)) log.listener(event);
    await expect(log.close()).rejects.toMatchObject({ code: "DISK_FULL", hint: expect.stringContaining("Free space") });
  });

  it("writes nothing after it was closed", async () => {
    const log = runLog({ folder, runId: "run-1" });
    await log.close();
    log.listener({ kind: "StepStarted", at, step: "build gold.x", table: "gold.x" });
    await log.close();
    expect(readFileSync(log.path, "utf8")).toBe("");
  });
});
