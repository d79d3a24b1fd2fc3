import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { randomStream } from "../../src/generators/random.ts";
import type { TestProject } from "../support/project.ts";
import { expectConserved, ordersCsv, quarantineProject, shownRows, succeed } from "../support/quarantine-project.ts";
import { unpublished, warehouseState } from "../support/warehouse-state.ts";

const kills = Number(process.env.REPLAY_KILLS ?? 12);
const movable = ["lake", ".assay", "warehouse.duckdb", "warehouse.duckdb.wal"];

function copyState(from: string, to: string): void {
  for (const part of movable) {
    rmSync(join(to, part), { recursive: true, force: true });
    if (existsSync(join(from, part))) cpSync(join(from, part), join(to, part), { recursive: true, preserveTimestamps: true });
  }
}

const files = ["a", "b", "c"];
const records = 3 * 40;

/** Three files of forty rows, every fourth of which does not fit, and a CSV in which all but two of those are corrected. */
async function prepare(): Promise<TestProject> {
  const data = files.map((file) => {
    const rows = Array.from(
      { length: 40 },
      (_, index) => `${file}${index},ann,${index % 4 === 0 ? "?" : index},2026-01-${String((index % 28) + 1).padStart(2, "0")},`,
    );
    return [`data/orders-${file}.csv`, ordersCsv(...rows)] as const;
  });
  const project = await quarantineProject(Object.fromEntries(data));
  await project.remove("data/orders.csv");
  await succeed(project, ["run"]);
  expect((await project.assay(["quarantine", "export", "orders", "--out", "fix.csv"])).code).toBe(0);
  const text = readFileSync(join(project.folder, "fix.csv"), "utf8");
  await project.write({ "fix.csv": text.replaceAll(",ann,?,", ",ann,1,").replaceAll(/(,[ab]0,ann),1,/g, "$1,!,") });
  return project;
}

const replay = ["replay", "orders", "--from", "fix.csv"];

/** Kills the replay so long after its n-th line of output; resolves to its exit code. */
async function killedAt(project: TestProject, line: number, milliseconds: number): Promise<number> {
  const command = project.start(replay);
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

test(`a replay killed at any of ${kills} moments enters its rows once, by the next attempt or by itself`, {
  timeout: 900_000,
}, async () => {
  const project = await prepare();
  const copies = mkdtempSync(join(tmpdir(), "assay-kill-replay-"));
  const random = randomStream(11, 0)(0);
  const outcomes = new Map<string, number>();
  try {
    copyState(project.folder, copies);
    await succeed(project, replay);
    await expectConserved(project, records);
    expect(await shownRows(project)).toHaveLength(2);
    const undisturbed = (await warehouseState(project.folder)).comparable;
    for (let round = 0; round < kills; round++) {
      copyState(copies, project.folder);
      const line = random() % 6;
      const milliseconds = line === 0 ? random() % 600 : random() % 40;
      const label = `kill ${milliseconds} ms after line ${line}`;
      const code = await killedAt(project, line, milliseconds);
      expect([0, 137], label).toContain(code);
      expect(await unpublished(project.folder), label).toEqual([]);
      await expectConserved(project, records);

      const again = await project.assay([...replay, "--json"]);
      // Either the rows had entered before the kill, which is said, or they do now.
      const document = JSON.parse(again.stdout) as { readonly error?: { readonly code: string } };
      const outcome = again.code === 0 ? "entered at the second attempt" : String(document.error?.code);
      expect(["entered at the second attempt", "ALREADY_REPLAYED"], `${label}: ${again.stdout}`).toContain(outcome);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      await expectConserved(project, records);
      await succeed(project, ["run"]);
      const { comparable, residue } = await warehouseState(project.folder);
      expect(residue, label).toEqual([]);
      expect({ ...comparable, ledger: {} }, label).toEqual({ ...undisturbed, ledger: {} });
    }
    process.stdout.write(`${kills} kills: ${[...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(", ")}\n`);
    expect(outcomes.get("entered at the second attempt") ?? 0).toBeGreaterThan(0);
  } finally {
    await project.remove();
    rmSync(copies, { recursive: true, force: true });
  }
});
