import { describe, expect, it } from "vitest";
import type { ModelTable } from "../../src/compile/manifest.ts";
import type { CleanInput } from "../../src/plan/clean-plan.ts";
import { planClean } from "../../src/plan/plan-clean.ts";
import type { LakeBatch } from "../../src/ports/lake.ts";
import type { Retained } from "../../src/ports/retention-store.ts";
import type { Commit } from "../../src/ports/state-store.ts";
import type { TableName } from "../../src/terms.ts";
import { bronzeTable, ingestedFile, manifestOf, modelTable, publicationOf, sinkTo } from "./manifest.ts";

const day = 86_400_000;
const now = Date.UTC(2026, 0, 31);
const daysAgo = (days: number): string => new Date(now - days * day).toISOString();

const orders = bronzeTable("bronze.orders");
const link = { table: "bronze.orders", touched: "select 1", through: "id", hats: [] } as const;
const plans: Readonly<Record<string, ModelTable["incremental"]>> = {
  linked: { by: ["id"], upstreams: [{ ...link, kind: "linked" }], splice: { why: "" }, warnings: [], views: [] },
  declared: { by: ["id"], upstreams: [{ ...link, kind: "declared" }], splice: { why: "" }, warnings: [], views: [] },
  ignoring: {
    by: ["id"],
    upstreams: [{ table: "bronze.orders", kind: "ignored" }],
    splice: { why: "" },
    warnings: [],
    views: [],
  },
  full: null,
};
const reader = (name: TableName, plan: keyof typeof plans) => modelTable(name, ["bronze.orders"], { incremental: plans[plan] ?? null });

/** Versions 1, 2, 3 … of bronze.orders, committed so many days ago, with ten row changes each. */
function changed(...days: readonly number[]): Pick<Retained, "commits" | "changes"> {
  const counts = { inserted: 10, updated: 0, deleted: 0 };
  return {
    commits: days.map(
      (ago, index): Commit => ({
        subject: "bronze.orders",
        version: String(index + 1),
        run_id: "r",
        kind: "changes",
        committed_at: daysAgo(ago),
        ...counts,
      }),
    ),
    changes: days.map((_, index) => ({ table: "bronze.orders", version: index + 1, rows: 10 })),
  };
}

const nothing: Retained = { publications: [], files: [], commits: [], changes: [], runs: [], splits: [] };

function input(more: Partial<CleanInput>): CleanInput {
  return {
    manifest: manifestOf([orders]),
    now,
    keep: { batches: 90 * day, changes: 30 * day, logs: 30 * day, runs: null },
    keepTexts: { batches: "90 days", changes: "30 days", logs: "30 days", runs: "forever" },
    tables: false,
    retained: nothing,
    others: [],
    sharedInUse: null,
    batches: [],
    logs: [],
    scratch: [],
    ...more,
  };
}

describe("row changes", () => {
  const consumers = (...read: readonly (readonly [TableName, keyof typeof plans, string | null])[]): Partial<CleanInput> => ({
    manifest: manifestOf([orders, ...read.map(([name, kind]) => reader(name, kind))]),
    retained: {
      ...nothing,
      ...changed(50, 40, 35, 10),
      publications: read.flatMap(([name, kind, version]) =>
        version === null ? [] : [publicationOf(reader(name, kind), { inputs: { "bronze.orders": version } })],
      ),
    },
  });

  it.each<[string, Partial<CleanInput>, number | null, string | null]>([
    ["that all have consumed go, up to those that are young", consumers(["gold.a", "linked", "4"], ["gold.b", "declared", "4"]), 3, null],
    ["wait for the slowest", consumers(["gold.a", "linked", "4"], ["gold.b", "declared", "2"]), 2, "10 rows wait for gold.b"],
    ["wait for one that has consumed none of them", consumers(["gold.a", "linked", "0"]), null, "30 rows wait for gold.a"],
    [
      "wait for none that reads the whole table",
      consumers(["gold.a", "full", "1"], ["gold.b", "linked", "3"], ["gold.c", "ignoring", "1"]),
      3,
      null,
    ],
    ["wait for none that was never built", consumers(["gold.a", "linked", null]), 3, null],
    ["go where nobody reads them", consumers(), 3, null],
  ])("%s", (_, more, upTo, waiting) => {
    const plan = planClean(input(more));
    expect(plan.state.changes).toEqual(upTo === null ? [] : [{ table: "bronze.orders", upTo }]);
    const held = plan.items.find((item) => item.action === "keep");
    expect(held === undefined ? null : `${held.rows} rows wait for ${/but (\S+) has/.exec(held.because)?.[1]}`).toBe(waiting);
    const removed = plan.items.find((item) => item.action === "remove");
    expect(removed?.rows ?? null).toBe(upTo === null ? null : upTo * 10);
  });

  it("do not wait for a model the project no longer declares", () => {
    const gone = publicationOf(reader("gold.gone", "linked"), { inputs: { "bronze.orders": "1" } });
    const plan = planClean(input({ retained: { ...nothing, ...changed(50, 40), publications: [gone] } }));
    expect(plan.state.changes).toEqual([{ table: "bronze.orders", upTo: 2 }]);
  });

  it("stay when they are young, or kept for ever", () => {
    expect(planClean(input({ retained: { ...nothing, ...changed(29, 3) } })).items).toEqual([]);
    const forever = { ...input({}).keep, changes: null };
    expect(planClean(input({ keep: forever, retained: { ...nothing, ...changed(500) } })).items).toEqual([]);
  });
});

describe("chunks that are made and not published", () => {
  const runs = [
    { run_id: "r1", started_at: daysAgo(3), status: "failed" },
    { run_id: "r2", started_at: daysAgo(40), status: "failed" },
  ];
  const inChunks: ModelTable = {
    ...reader("gold.a", "linked"),
    materialize: { kind: "incremental", by: ["id"], touches: {}, ignoreChanges: [], chunks: { values: 10 } },
  };
  const published = (days: number) => [publicationOf(inChunks, { published_at: daysAgo(days) })];
  const left = (run_id: string, more: Partial<Retained> = {}): Retained => ({
    ...nothing,
    runs,
    splits: [{ table: "gold.a", run_id }],
    ...more,
  });

  it.each<[string, ModelTable, Retained, string | null]>([
    ["wait for the next run", inChunks, left("r1"), null],
    ["wait where what is published is older", inChunks, left("r1", { publications: published(5) }), null],
    ["go when they are old", inChunks, left("r2"), "older than 30 days"],
    [
      "go when the model was published without them",
      inChunks,
      left("r1", { publications: published(2) }),
      "published since by another run",
    ],
    ["go when the model has none any more", reader("gold.a", "linked"), left("r1"), "the project no longer builds it in chunks"],
    ["go with the model", reader("gold.b", "linked"), left("r1"), "the project no longer builds it in chunks"],
  ])("%s", (_, model, retained, because) => {
    const plan = planClean(input({ manifest: manifestOf([orders, model]), retained }));
    expect(plan.items.map((item) => [item.name, item.because])).toEqual(because === null ? [] : [["chunks of gold.a", because]]);
    expect(plan.state.splits).toEqual(because === null ? [] : ["gold.a"]);
  });
});

describe("batches", () => {
  const batch = (run_id: string, days: number | null, more: Partial<LakeBatch> = {}): LakeBatch => ({
    table: "bronze.orders",
    run_id,
    folder: `bronze/orders/dt=2025-01-01/run_id=${run_id}`,
    bytes: 7,
    loaded_at: days === null ? null : now - days * day,
    ...more,
  });
  const runs = ["r1", "r2", "r3"].map((run_id) => ({ run_id, started_at: daysAgo(100), status: "succeeded" }));
  const file = (run: string) => ({
    ...ingestedFile("bronze.orders", `${run}.csv`),
    files: `bronze/orders/dt=2025-01-01/run_id=${run}/file_00001.parquet`,
  });

  it.each<[string, Partial<CleanInput>, readonly string[]]>([
    ["old ones that nothing reads", { batches: [batch("r1", 91), batch("r2", 89)], retained: { ...nothing, runs } }, ["r1"]],
    ["none that a table reads", { batches: [batch("r1", 500)], retained: { ...nothing, runs, files: [file("r1")] } }, []],
    [
      "none that another environment reads",
      { batches: [batch("r1", 500)], retained: { ...nothing, runs }, others: [{ ...nothing, files: [file("r1")] }] },
      [],
    ],
    [
      "one whose run's name only begins like that of one in use",
      { batches: [batch("r1", 500), batch("r11", 500)], retained: { ...nothing, runs, files: [file("r11")] } },
      ["r1"],
    ],
    [
      "none whose file had no row that fitted",
      { batches: [batch("r1", 500)], retained: { ...nothing, runs, files: [{ ...file("r1"), files: "", batch_id: "bronze.orders/r1" }] } },
      [],
    ],
    ["unfinished ones at once", { batches: [batch("r1", null)], retained: { ...nothing, runs } }, ["r1"]],
    ["none of an unknown run", { batches: [batch("r9", 500), batch("r8", null)], retained: { ...nothing, runs } }, []],
    [
      "those of a run of another environment",
      {
        batches: [batch("r9", 500)],
        retained: nothing,
        others: [{ ...nothing, runs: [{ ...runs[0], run_id: "r9" } as (typeof runs)[number]] }],
      },
      ["r9"],
    ],
    [
      "none while another environment is in use",
      { batches: [batch("r1", 500)], retained: { ...nothing, runs }, sharedInUse: "because" },
      [],
    ],
    ["none without a database", { batches: [batch("r1", 500)], retained: null }, []],
  ])("go: %s", (_, more, expected) => {
    expect(planClean(input(more)).batches.map((folder) => folder.split("=").at(-1))).toEqual(expected);
  });
});

describe("records of runs", () => {
  const keep = { ...input({}).keep, runs: 30 * day };
  const run = (run_id: string, days: number, status = "succeeded") => ({ run_id, started_at: daysAgo(days), status });

  it("go when they are old, nothing published or in the lake is theirs, and a later run is on record", () => {
    const runs = [run("r0", 90), run("r1", 80), run("r2", 70), run("r3", 60, "running"), run("r4", 50, "failed"), run("r5", 40)];
    const publications = [publicationOf(orders, { run_id: "r1" })];
    const lake = [{ table: "bronze.orders", run_id: "r2", folder: "x", bytes: 1, loaded_at: now }] as const;
    const plan = planClean(input({ keep, batches: lake, retained: { ...nothing, runs, publications } }));
    expect(plan.state.runs).toEqual(["r0", "r4"]);
    expect(plan.items.find((item) => item.kind === "runs")).toMatchObject({ rows: 2 });
  });
});

describe("tables the project no longer declares", () => {
  const gone = modelTable("gold.gone", ["bronze.orders"]);
  const kept = modelTable("gold.kept", ["gold.gone"]);
  const sent = (subject: string) => publicationOf(gone, { subject });

  it("and sink loads go only when asked for, and not what a published table was made from", () => {
    const manifest = manifestOf([orders, kept], [sinkTo("w", "gold.kept")]);
    const publications = [
      publicationOf(orders),
      publicationOf(gone),
      sent("sink:w:gold.kept"),
      sent("sink:w:gold.gone"),
      sent("sink:old:gold.kept"),
    ];
    const plan = (tables: boolean, more = publications) =>
      planClean(input({ manifest, tables, retained: { ...nothing, publications: more } })).state.subjects;
    expect(plan(false)).toEqual([]);
    expect(plan(true)).toEqual(["gold.gone", "sink:w:gold.gone", "sink:old:gold.kept"]);
    expect(plan(true, [...publications, publicationOf(kept)])).not.toContain("gold.gone");
  });
});

describe("logs and scratch files", () => {
  const log = (run: string, days: number) => ({ run, files: [`/logs/${run}`, `/logs/${run}.1`], bytes: 3, written: now - days * day });
  const more = { logs: [log("old.log", 31), log("young.log", 29)], scratch: [{ name: "s", path: "/scratch/s", bytes: 5 }] };

  it("go by the last write, all scratch files, unless another environment is in use", () => {
    expect(planClean(input(more)).files).toEqual(["/logs/old.log", "/logs/old.log.1", "/scratch/s"]);
    expect(planClean(input({ ...more, keep: { ...input({}).keep, logs: null } })).files).toEqual(["/scratch/s"]);
    const plan = planClean(input({ ...more, sharedInUse: "environment pro is in use" }));
    expect(plan.files).toEqual([]);
    expect(plan.items).toMatchObject([{ action: "keep", because: "environment pro is in use" }]);
  });
});
