import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Database, memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { duckdbStateStore } from "../../../src/adapters/duckdb/state-store.ts";
import type { Session } from "../../../src/ports/engine.ts";
import type { DivertedRows, QuarantinedRow, QuarantineFilter, QuarantineState } from "../../../src/ports/quarantine.ts";
import type { IngestedFile, Publication, StepRecord } from "../../../src/ports/state-store.ts";
import type { CheckResult, StepResult } from "../../../src/terms.ts";
import { stateVersion1 } from "./state-version-1.ts";

const store = duckdbStateStore();
let database: Database;
let session: Session;
beforeEach(async () => {
  database = await memoryDatabase();
  session = await database.session();
  await store.migrate(session);
});
afterEach(() => {
  session.close();
  database.close();
});

const odd = "it's \"quoted\", \\back\\ 日本 😀 \u0000 \n\t $x {table} null ''";
const start = (run_id: string, started_at = `2026-01-01T00:00:0${run_id.at(-1)}Z`) => ({
  run_id,
  pipeline: "daily",
  env: "dev",
  params: { scale: 3, on: true, note: odd },
  started_at,
});

function stepOf(step: string, more: Partial<StepResult> = {}): StepResult {
  return {
    step,
    kind: "ingest",
    table: "bronze.orders",
    status: "succeeded",
    reason: odd,
    rows_in: 12,
    rows_out: 10,
    quarantined: 2,
    removed: 0,
    removed_by: [{ rule: odd, rows: 0 }],
    upstreams: [{ table: "bronze.items", read: 5, used: null }],
    conserved: [
      { column: "a", upstream: "bronze.items", measure: "a", upstream_total: "12345678901234567890.12", total: null, agrees: false },
    ],
    changes: { inserted: 1, updated: 2, deleted: null },
    touched: { values: 3, of: null },
    duration_ms: 42,
    checks: [],
    notes: [odd],
    error: null,
    ...more,
  };
}

const checkOf = (name: string, more: Partial<CheckResult> = {}): CheckResult => ({
  check: name,
  column: null,
  severity: "error",
  status: "passed",
  failures: 0,
  message: null,
  ...more,
});
const publication: Publication = {
  subject: "bronze.orders",
  version: "1",
  run_id: "r1",
  fingerprint: "f",
  inputs: { "bronze.items": "r0" },
  params: { scale: 3, on: false, note: odd },
  rows: 10,
  content: "17",
  cost: { full_ms: 12.5, rows_in: 30, by_values: 4 },
  published_at: "2026-01-01T00:00:01Z",
};
const fileOf = (name: string, more: Partial<IngestedFile> = {}): IngestedFile => ({
  table: "bronze.orders",
  batch_id: "b1",
  name,
  path: `/data/${name}`,
  sha256: "abc",
  bytes: 9_007_199_254_740_991,
  stamp: "s",
  stamped_at: 1_700_000_000_000.5,
  rows: 10,
  quarantined: 2,
  replicas: 1,
  contract_fingerprint: "c",
  files: "bronze/orders/x.parquet",
  sequence: 3,
  replay_of: null,
  ...more,
});
const refusedOf = (row_number: number | null, more: Partial<QuarantinedRow> = {}): QuarantinedRow => {
  const file = more.file_name ?? "a.csv";
  return {
    id: `${file} ${row_number}`,
    state: "open",
    table: "bronze.orders",
    rule: "type:price",
    source_file: `/data/${file}`,
    file_name: file,
    file_sha256: "abc",
    row_number,
    key: null,
    column: "price",
    reason: "type",
    message: "not a number",
    raw: odd,
    record: { price: odd, note: null },
    run_id: "r1",
    batch_id: "b1",
    quarantined_at: "2026-01-01T00:00:02Z",
    closed_run_id: null,
    ...more,
  };
};

function record(result: StepResult, more: Partial<StepRecord> = {}): StepRecord {
  return { run_id: "r1", position: 0, result, finished_at: "2026-01-01T00:00:02Z", publication: null, commit: null, ingest: null, ...more };
}

describe("runs", () => {
  it("come back as they were recorded", async () => {
    const steps = [
      stepOf("ingest bronze.orders", {
        checks: [
          checkOf("not_null", { column: odd }),
          checkOf("unique", { status: "failed", failures: 3, message: odd }),
          checkOf("between", { severity: "warn", status: "warned", failures: 1 }),
        ],
      }),
      stepOf("build gold.x", {
        kind: "build",
        table: "gold.x",
        rows_in: null,
        rows_out: null,
        status: "failed",
        error: { code: "BUILD_FAILED", message: odd, hint: null, location: { file: odd, line: 3 } },
      }),
      stepOf("sink w gold.x", {
        kind: "sink",
        table: "gold.x",
        status: "skipped",
        upstreams: [],
        removed_by: [],
        conserved: [],
        notes: [],
      }),
    ];
    await store.startRun(session, start("r1"));
    // In the order in which they end, not in which they are planned.
    for (const position of [1, 0, 2]) await store.recordStep(session, record(steps[position] as StepResult, { position }));
    await store.finishRun(session, { run_id: "r1", status: "failed", finished_at: "2026-01-01T00:00:09Z", duration_ms: 8123.7 });
    expect(await store.readRun(session, "r1")).toEqual({
      ...start("r1"),
      status: "failed",
      finished_at: "2026-01-01T00:00:09Z",
      duration_ms: 8124,
      steps,
    });
    expect(await store.readRun(session, "r2")).toBeNull();
    expect(await store.readRun(session, "' or '1' = '1")).toBeNull();
  });

  it("hold the steps that were skipped, recorded all at once", async () => {
    const fresh = [checkOf("freshness", { column: "at" })];
    const skipped = Array.from({ length: 300 }, (_, index) => ({
      position: 2 * index,
      result: stepOf(`build gold.t${index}`, { status: "skipped", checks: index === 7 ? fresh : [] }),
    }));
    await store.startRun(session, start("r1"));
    await store.recordStep(session, record(stepOf("ingest bronze.orders"), { position: 1 }));
    await store.recordSkipped(session, "r1", skipped, "2026-01-01T00:00:02Z");
    await store.recordSkipped(session, "r1", [], "2026-01-01T00:00:02Z");
    const steps = (await store.readRun(session, "r1"))?.steps ?? [];
    expect(steps.slice(0, 3).map((step) => step.step)).toEqual(["build gold.t0", "ingest bronze.orders", "build gold.t1"]);
    expect(steps.filter((step) => step.status === "skipped")).toEqual(skipped.map(({ result }) => result));
  });

  it("are listed newest first, with what happened", async () => {
    for (const id of ["r1", "r2", "r3"]) {
      await store.startRun(session, start(id));
      const warned = checkOf("between", { severity: "warn", status: "warned", failures: 1 });
      await store.recordStep(session, record(stepOf("a", { checks: id === "r2" ? [warned, warned] : [] }), { run_id: id }));
      await store.recordStep(session, record(stepOf("b", { status: "failed" }), { run_id: id, position: 1 }));
      await store.recordStep(session, record(stepOf("c", { status: "skipped" }), { run_id: id, position: 2 }));
      if (id !== "r3")
        await store.finishRun(session, { run_id: id, status: "succeeded", finished_at: "2026-01-01T00:00:09Z", duration_ms: 5 });
    }
    const listed = await store.listRuns(session, 2);
    expect(listed).toEqual([
      {
        run_id: "r3",
        pipeline: "daily",
        env: "dev",
        status: "running",
        started_at: start("r3").started_at,
        duration_ms: null,
        steps_run: 2,
        steps_failed: 1,
        steps_skipped: 1,
        checks_warned: 0,
      },
      {
        run_id: "r2",
        pipeline: "daily",
        env: "dev",
        status: "succeeded",
        started_at: start("r2").started_at,
        duration_ms: 5,
        steps_run: 2,
        steps_failed: 1,
        steps_skipped: 1,
        checks_warned: 2,
      },
    ]);
    expect(await store.listRuns(session, 0)).toEqual([]);
  });

  it("that were killed are found, and marked by the next one", async () => {
    await store.startRun(session, start("r1"));
    expect(await store.unfinishedRuns(session)).toEqual([{ run_id: "r1", started_at: start("r1").started_at }]);
    await store.startRun(session, start("r2"));
    expect((await store.readRun(session, "r1"))?.status).toBe("interrupted");
    expect((await store.unfinishedRuns(session)).map((run) => run.run_id)).toEqual(["r2"]);
  });
});

describe("publications and files", () => {
  it("come back as they were recorded; the next one takes their place", async () => {
    const ingest = {
      batch_id: "b1",
      current: [fileOf(odd, { stamped_at: 1_700_000_000_000 }), fileOf("a.csv", { stamped_at: 0, files: "" })],
      quarantined: [],
    };
    await store.recordStep(session, record(stepOf("ingest bronze.orders"), { publication, ingest }));
    const state = await store.read(session);
    expect(state.publications).toEqual(new Map([["bronze.orders", publication]]));
    expect([...state.files].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      fileOf("a.csv", { stamped_at: 0, files: "" }),
      fileOf(odd, { stamped_at: 1_700_000_000_000 }),
    ]);

    const newer = { ...publication, version: "r2", run_id: "r2", rows: 0, inputs: {} };
    await store.recordStep(
      session,
      record(stepOf("ingest bronze.orders"), {
        run_id: "r2",
        publication: newer,
        ingest: { current: [], quarantined: [] },
      }),
    );
    const next = await store.read(session);
    expect([[...next.publications.values()], next.files]).toEqual([[newer], []]);
    const [held] = await session.query({ text: "select count(*) as rows from assay.publications" });
    expect(Number(held?.rows)).toBe(1);
  });

  it("of other tables stay", async () => {
    await store.recordStep(session, record(stepOf("a"), { publication, ingest: { current: [fileOf("a.csv")], quarantined: [] } }));
    const other = { ...publication, subject: "bronze.items" };
    const items = { current: [fileOf("a.csv", { table: "bronze.items", batch_id: "b2" })], quarantined: [] };
    await store.recordStep(session, record(stepOf("b", { table: "bronze.items" }), { publication: other, ingest: items }));
    const state = await store.read(session);
    expect([[...state.publications.keys()].sort(), state.files.map((file) => file.table)]).toEqual([
      ["bronze.items", "bronze.orders"],
      ["bronze.items", "bronze.orders"],
    ]);
  });

  it("vanish with the transaction they were recorded in", async () => {
    const failing = session.transaction(async () => {
      await store.recordStep(
        session,
        record(stepOf("a", { checks: [checkOf("unique")] }), {
          publication,
          ingest: { current: [fileOf("a.csv")], quarantined: [refusedOf(1)] },
        }),
      );
      throw new Error("killed");
    });
    await expect(failing).rejects.toThrow("killed");
    const [counts] = await session.query({
      text: "select (select count(*) from assay.steps) + (select count(*) from assay.checks) + (select count(*) from assay.publications) + (select count(*) from assay.files) + (select count(*) from assay.quarantine) as rows",
    });
    expect(Number(counts?.rows)).toBe(0);
  });
});

describe("quarantine", () => {
  const kept = (
    quarantined: readonly QuarantinedRow[],
    current: readonly IngestedFile[] = [fileOf("a.csv")],
    run_id = "r1",
  ): Promise<void> => store.recordStep(session, record(stepOf("ingest bronze.orders"), { run_id, ingest: { current, quarantined } }));
  const ids = async (...states: readonly QuarantineState[]): Promise<readonly string[]> =>
    (await store.readQuarantine(session, { states }, null)).rows.map((row) => `${row.id} ${row.closed_run_id}`);

  it("keeps 25,000 rows of any text, in the file's order", async () => {
    const rows = Array.from({ length: 25_000 }, (_, index) =>
      refusedOf(25_001 - index, { raw: index % 1000 === 0 ? `${odd}${index}` : `raw ${index}` }),
    );
    await kept(rows);
    const { rows: found, total } = await store.readQuarantine(session, { table: "bronze.orders" }, 25_000);
    expect(total).toBe(25_000);
    expect(found.map((row) => row.row_number)).toEqual(Array.from({ length: 25_000 }, (_, index) => index + 2));
    expect(found.at(-1)).toEqual(refusedOf(25_001, { raw: `${odd}0` }));
    expect((await store.readQuarantine(session, {}, 3)).rows).toHaveLength(3);
  });

  it("keeps texts that are no text, and large ones", async () => {
    const large = "x".repeat(2_000_000);
    await kept([
      refusedOf(2, { raw: "half \ud800 pair" }),
      refusedOf(3, { raw: large }),
      refusedOf(null, { raw: null, column: null, record: null }),
    ]);
    const { rows } = await store.readQuarantine(session, { table: "bronze.orders" }, 10);
    expect(rows.map((row) => row.raw)).toEqual(["half \ufffd pair", large, null]);
    expect(rows.map((row) => row.record)).toEqual([{ price: odd, note: null }, { price: odd, note: null }, null]);
  });

  it("is grouped by table and rule; rows of failed steps stand apart", async () => {
    const absent = refusedOf(4, { reason: "not_null", rule: "not_null:price" });
    await kept([
      refusedOf(2),
      refusedOf(3),
      absent,
      refusedOf(5, { column: null, reason: "quote", rule: "quote" }),
      refusedOf(6, { state: "replayed" }),
    ]);
    await store.recordStep(session, record(stepOf("ingest bronze.orders"), { refused: [refusedOf(7, { state: "failed" })] }));
    expect(
      (await store.listQuarantine(session)).map(({ table, rule, reason, column, state, rows, files, last_run_id }) => [
        table,
        rule,
        reason,
        column,
        state,
        rows,
        files,
        last_run_id,
      ]),
    ).toEqual([
      ["bronze.orders", "type:price", "type", "price", "open", 2, 1, "r1"],
      ["bronze.orders", "not_null:price", "not_null", "price", "open", 1, 1, "r1"],
      ["bronze.orders", "quote", "quote", null, "open", 1, 1, "r1"],
      ["bronze.orders", "type:price", "type", "price", "failed", 1, 1, "r1"],
    ]);
  });

  it("is found by rule or reason, batch and ids", async () => {
    await kept(
      [
        refusedOf(2),
        refusedOf(3, { rule: "type:day" }),
        refusedOf(4, { rule: "quote", reason: "quote" }),
        refusedOf(2, { file_name: "b.csv", batch_id: "b2" }),
      ],
      [fileOf("a.csv"), fileOf("b.csv", { batch_id: "b2" })],
    );
    const found = async (filter: QuarantineFilter): Promise<readonly string[]> =>
      (await store.readQuarantine(session, filter, null)).rows.map((row) => row.id);
    expect(await found({ rule: "type:price" })).toEqual(["a.csv 2", "b.csv 2"]);
    expect(await found({ rule: "type" })).toEqual(["a.csv 2", "a.csv 3", "b.csv 2"]);
    expect(await found({ batch: "b2" })).toEqual(["b.csv 2"]);
    expect(await found({ ids: ["a.csv 4", "nothing", "o'; --"] })).toEqual(["a.csv 4"]);
    expect(await found({ rule: "type", batch: "b1", ids: ["a.csv 3"], table: "bronze.orders" })).toEqual(["a.csv 3"]);
  });

  it("closes rows of files that went away, changed or were read again", async () => {
    const replayed = refusedOf(3, { state: "replayed", closed_run_id: "r0" });
    await kept([refusedOf(2), replayed, refusedOf(2, { file_name: "b.csv" })], [fileOf("a.csv"), fileOf("b.csv")]);
    expect(await ids("open")).toEqual(["a.csv 2 null", "b.csv 2 null"]);

    await kept([], [fileOf("a.csv", { batch_id: "b2" }), fileOf("b.csv")], "r2");
    expect([await ids("open"), await ids("replayed"), await ids("superseded")]).toEqual([["b.csv 2 null"], ["a.csv 3 r0"], ["a.csv 2 r2"]]);

    await kept([refusedOf(2, { batch_id: "b3" })], [fileOf("a.csv", { batch_id: "b3" })], "r3");
    expect([await ids("open"), await ids("replayed"), await ids("superseded")]).toEqual([["a.csv 2 null"], ["a.csv 3 r0"], ["b.csv 2 r3"]]);

    await kept([], [fileOf("a.csv", { batch_id: "b4", sha256: "other" })], "r4");
    expect([await ids("open"), await ids("replayed")]).toEqual([[], []]);
    expect((await store.readQuarantine(session, { table: "bronze.items", states: ["superseded"] }, 10)).total).toBe(0);
  });

  it("keeps rows of the last failure until the table is recorded again", async () => {
    const fail = (row: number): Promise<void> =>
      store.recordStep(session, record(stepOf("ingest bronze.orders"), { refused: [refusedOf(row, { state: "failed" })] }));
    await kept([refusedOf(2)]);
    await fail(3);
    await fail(4);
    expect(await ids("failed", "open")).toEqual(["a.csv 2 null", "a.csv 4 null"]);
    await kept([refusedOf(2)]);
    expect(await ids("failed", "open")).toEqual(["a.csv 2 null"]);
  });
});

describe("quarantine of a model", () => {
  const build = (rows: readonly string[], run_id: string, touched: DivertedRows["touched"] = null): Promise<void> => {
    const values = rows.map(
      (day, index) => `('${day}', '{"day":"${day}","at":"2026-01-0${index + 1} 10:00:00","n":${index},"price":"1.50","ok":true}')`,
    );
    const from = `(select 'id ' || day as id, 'between:n' as rule, 'between' as reason, 'n' as column_name, 'm' as message,
      json_object('day', day)::varchar as "key", raw from (values ${[...values, "(null, null)"].join(", ")}) as v(day, raw) where day is not null)`;
    return store.recordStep(
      session,
      record(stepOf("build gold.x", { kind: "build", table: "gold.x" }), { run_id, diverted: { from, touched, closedAs: "superseded" } }),
    );
  };
  const states = async (): Promise<readonly string[]> =>
    (await store.readQuarantine(session, { states: ["open", "superseded"] }, null)).rows.map(
      (row) => `${row.key} ${row.state} ${row.run_id}`,
    );

  it("is what the last build left out", async () => {
    await build(["2026-01-01", "2026-01-02"], "r1");
    await build(["2026-01-02", "2026-01-03"], "r2");
    expect(await states()).toEqual(['{"day":"2026-01-01"} superseded r1', '{"day":"2026-01-02"} open r2', '{"day":"2026-01-03"} open r2']);
    await build(["2026-01-01"], "r3");
    expect((await states()).filter((text) => text.includes("open"))).toEqual(['{"day":"2026-01-01"} open r3']);
  });

  it.each([
    ["day", "date '2026-01-01'"],
    ["at", "timestamp '2026-01-01 10:00:00'"],
    ["n", "0::bigint"],
  ])("is judged again only where %s was touched", async (column, value) => {
    await build(["2026-01-01", "2026-01-02"], "r1");
    await session.execute({ text: `create or replace temp table touched as select ${value} as "${column}"` });
    await build([], "r2", { from: "touched", columns: [column] });
    expect(await states()).toEqual(['{"day":"2026-01-01"} superseded r1', '{"day":"2026-01-02"} open r1']);
  });
});

describe("history", () => {
  const at = (minute: number): string => `2026-01-01T00:0${minute}:00.000Z`;
  const measured = (version: string, minute: number, value: number): Promise<void> =>
    store.recordStep(
      session,
      record(stepOf("ingest bronze.orders"), {
        finished_at: at(minute),
        publication: { ...publication, version },
        metrics: [
          { metric: "row_count", column: null, value },
          { metric: "null_count", column: odd, value: value - 1 },
        ],
      }),
    );
  const evolved = (minute: number, ...columns: readonly (readonly [name: string, type: string])[]): Promise<void> =>
    store.recordStep(
      session,
      record(stepOf("ingest bronze.orders"), {
        finished_at: at(minute),
        publication,
        ingest: {
          current: [],
          quarantined: [],
          evolved: columns.map(([name, type]) => ({ name, type, first_file: `/data/${minute}.csv` })),
        },
      }),
    );

  it("of metrics comes back by version, oldest first; a version that was published again as it was last", async () => {
    await measured("9", 1, 10);
    await measured("10", 2, 20);
    await measured("10", 3, 30);
    const metrics = (value: number) => [
      { metric: "row_count", column: null, value },
      { metric: "null_count", column: odd, value: value - 1 },
    ];
    expect(await store.readMetrics(session, "bronze.orders")).toEqual([
      { version: "9", at: at(1), metrics: metrics(10) },
      { version: "10", at: at(3), metrics: metrics(30) },
    ]);
    expect(await store.readMetrics(session, "bronze.items")).toEqual([]);
  });

  it("of a failed step is not kept", async () => {
    await store.recordStep(
      session,
      record(stepOf("ingest bronze.orders", { status: "failed" }), { metrics: [{ metric: "row_count", column: null, value: 1 }] }),
    );
    expect(await store.readMetrics(session, "bronze.orders")).toEqual([]);
  });

  it("of columns from the source comes back in the order in which they came, with their last type and first file", async () => {
    expect(await store.readEvolvedColumns(session)).toEqual(new Map());
    await evolved(1, ["z", "BIGINT"], [odd, "DATE"]);
    await evolved(2, ["a", "JSON"]);
    await evolved(3, ["Z", "VARCHAR"]);
    expect((await store.readEvolvedColumns(session)).get("bronze.orders")).toEqual([
      { name: "z", type: "VARCHAR", first_file: "/data/1.csv" },
      { name: odd, type: "DATE", first_file: "/data/1.csv" },
      { name: "a", type: "JSON", first_file: "/data/2.csv" },
    ]);
  });
});

describe("migrate", () => {
  it("makes of the version before what a new database has", async () => {
    const shape = async (): Promise<unknown> => {
      const text = `select table_schema, table_name, column_name, data_type, is_nullable from information_schema.columns
        where table_schema like 'assay%' order by table_schema, table_name, column_name`;
      return session.query({ text });
    };
    const wanted = await shape();
    await session.execute({
      text: "drop schema assay_ops cascade; drop schema assay cascade; drop schema assay_changes; drop schema assay_versions",
    });
    await session.execute({ text: stateVersion1 });
    expect(await store.readEvolvedColumns(session)).toEqual(new Map());
    await store.migrate(session);
    const nullability = /("column_name":"sequence".*?"is_nullable":)"\w+"/;
    expect(JSON.stringify(await shape()).replace(nullability, "$1?")).toEqual(JSON.stringify(wanted).replace(nullability, "$1?"));
  });

  it("changes nothing the second time", async () => {
    await store.startRun(session, start("r1"));
    await store.migrate(session);
    expect((await store.listRuns(session, 10)).map((run) => run.run_id)).toEqual(["r1"]);
  });

  it("leaves the state of a newer Assay alone", async () => {
    await session.execute({ text: "update assay.state_version set version = version + 1" });
    await expect(store.migrate(session)).rejects.toMatchObject({ code: "PROJECT_INVALID" });
  });
});
