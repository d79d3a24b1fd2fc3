import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ManifestTable } from "../../src/compile/manifest.ts";
import { AssayError } from "../../src/errors.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { type PlanInput, planRun, sinkFingerprint, sinkSubject } from "../../src/plan/plan-run.ts";
import type { TableName } from "../../src/terms.ts";
import { bronzeTable, ingestedFile, manifestOf, modelTable, publicationOf, sinkTo, sourceFile, stateOf } from "./manifest.ts";

const orders = bronzeTable("bronze.orders");
const silver = modelTable("silver.lines", ["bronze.orders"]);
const gold = modelTable("gold.sales", ["silver.lines"]);
const other = modelTable("gold.other", []);
const tables = [orders, silver, gold, other] as const;
const published = tables.map((table) => publicationOf(table));
const files = [ingestedFile("bronze.orders", "a.csv")];

/** Everything is built and nothing has changed, but for what a test changes. */
function planned(more: Partial<PlanInput> = {}): Plan {
  return planRun({
    manifest: manifestOf(tables),
    state: stateOf(published, files),
    observations: new Map([["bronze.orders", { files: [sourceFile("a.csv")] }]]),
    targets: new Map(),
    selected: new Set(tables.map((table) => table.name)),
    lake: "/lake",
    pipeline: "all",
    environment: "dev",
    params: {},
    fullRefresh: false,
    ...more,
  });
}

/** `table: reason – because` of every step that runs. */
const runs = (plan: Plan): readonly string[] =>
  plan.steps.flatMap((step) => (step.action === "run" ? [`${step.step}: ${step.reason} – ${step.because}`] : []));
const downstream = [
  "build silver.lines: new_input – bronze.orders runs before it",
  "build gold.sales: new_input – silver.lines runs before it",
];
const observed = (...found: readonly ReturnType<typeof sourceFile>[]) => ({
  observations: new Map([["bronze.orders" as const, { files: found }]]),
});

describe("planRun", () => {
  it("makes bronze anew when the lake moved: its view reads files by full path", () => {
    expect(runs(planned({ lake: "/elsewhere" }))).toEqual([
      "ingest bronze.orders: new_input – the lake moved to /elsewhere",
      ...downstream,
    ]);
  });

  it("does nothing when nothing has changed, and says since when", () => {
    const plan = planned();
    expect(runs(plan)).toEqual([]);
    expect(plan.steps.map((step) => [step.step, step.reason, step.because])).toEqual([
      ["ingest bronze.orders", "unchanged", "unchanged since run 1"],
      ["build silver.lines", "unchanged", "unchanged since run 1"],
      ["build gold.sales", "unchanged", "unchanged since run 1"],
      ["build gold.other", "unchanged", "unchanged since run 1"],
    ]);
    expect(plan.steps.flatMap((step) => step.after)).toEqual([]);
  });

  it("builds everything that was never published", () => {
    const plan = planned({ state: stateOf([]) });
    expect(runs(plan)).toEqual([
      "ingest bronze.orders: new – nothing published yet",
      "build silver.lines: new – nothing published yet",
      "build gold.sales: new – nothing published yet",
      "build gold.other: new – nothing published yet",
    ]);
    expect(Object.fromEntries(plan.steps.map((step) => [step.step, step.after]))).toEqual({
      "ingest bronze.orders": [],
      "build silver.lines": ["ingest bronze.orders"],
      "build gold.sales": ["build silver.lines"],
      "build gold.other": [],
    });
  });

  it("waits for what is read through a view that does not run itself, but not through a table", () => {
    for (const [kind, after] of [
      ["view", ["ingest bronze.orders"]],
      ["table", []],
    ] as const) {
      const between = { ...silver, materialize: { kind } } as const;
      const selected = new Set<TableName>(["bronze.orders", "gold.sales"]);
      const plan = planned({ manifest: manifestOf([orders, between, gold]), selected, fullRefresh: true });
      expect(plan.steps.map((step) => [step.step, step.after])).toEqual([
        ["ingest bronze.orders", []],
        ["build gold.sales", after],
      ]);
    }
  });

  it("runs everything selected on a full refresh", () => {
    expect(runs(planned({ fullRefresh: true })).map((text) => text.replace(/^.*?: /, ""))).toEqual(
      Array.from({ length: 4 }, () => "forced – full refresh"),
    );
  });

  it.each([
    ["a file changed", observed(sourceFile("a.csv", "2")), "a.csv is changed"],
    ["a file came", observed(sourceFile("a.csv"), sourceFile("b.csv")), "b.csv is new"],
    ["files came", observed(sourceFile("a.csv"), sourceFile("b.csv"), sourceFile("c.csv")), "2 files are new"],
    ["a file went", observed(), "a.csv is gone"],
    ["a file was renamed", observed(sourceFile("b.csv")), "b.csv is new, a.csv is gone"],
  ])("runs what depends on it when %s", (_what, more, because) => {
    expect(runs(planned(more))).toEqual([`ingest bronze.orders: new_input – ${because}`, ...downstream]);
  });

  it("does not run for a file that moved or was touched without a change", () => {
    expect(runs(planned(observed({ ...sourceFile("a.csv"), path: "/moved/a.csv", stamp: "touched" })))).toEqual([]);
  });

  it("keeps files that went away where a table appends", () => {
    const append = bronzeTable("bronze.orders", { load: "append" });
    expect(runs(planned({ ...observed(), manifest: manifestOf([append, silver, gold, other]) }))).toEqual([]);
  });

  it("runs a step that will say why its source cannot be read", () => {
    const error = new AssayError("SOURCE_MISSING", "no file x.csv");
    expect(runs(planned({ observations: new Map([["bronze.orders", { error }]]) }))[0]).toBe(
      "ingest bronze.orders: new_input – its source cannot be read: no file x.csv",
    );
  });

  it("rebuilds a table whose definition changed, and what reads it", () => {
    const changed = modelTable("silver.lines", ["bronze.orders"], { fingerprint: "new" });
    expect(runs(planned({ manifest: manifestOf([orders, changed, gold, other]) }))).toEqual([
      "build silver.lines: changed – its definition changed",
      "build gold.sales: new_input – silver.lines runs before it",
    ]);
  });

  it("rebuilds only what uses a parameter that changed", () => {
    const scaled = modelTable("gold.other", [], { params: ["scale"] });
    const manifest = manifestOf([orders, silver, gold, scaled]);
    const state = stateOf([...published.slice(0, 3), publicationOf(scaled, { params: { scale: 1 } })], files);
    expect(runs(planned({ manifest, state, params: { scale: 1, more: 3 } }))).toEqual([]);
    expect(runs(planned({ manifest, state, params: { scale: 2 } }))).toEqual(["build gold.other: changed – parameter scale: 1 → 2"]);
  });

  it("catches up with an upstream that was published by another run", () => {
    const state = stateOf([...published.slice(0, 1), publicationOf(silver, { version: "2", run_id: "2" }), ...published.slice(2)], files);
    expect(runs(planned({ state }))).toEqual(["build gold.sales: new_input – silver.lines has a newer version"]);
  });

  it("plans only what is selected, on what is there", () => {
    const plan = planned({ selected: new Set<TableName>(["gold.sales"]), fullRefresh: true });
    expect(plan.steps.map((step) => [step.step, step.after])).toEqual([["build gold.sales", []]]);
  });

  it("refuses a table whose upstream was never built and is not selected", () => {
    const attempt = (): unknown =>
      planned({ selected: new Set<TableName>(["gold.sales"]), state: stateOf([publicationOf(orders)], files) });
    expect(attempt).toThrow(
      expect.objectContaining({
        code: "UPSTREAM_MISSING",
        message: "gold.sales reads silver.lines, which was never built and is not selected",
        hint: "select what it needs too: --select +gold.sales",
      }),
    );
  });
});

describe("planRun, sinks", () => {
  const sink = sinkTo("warehouse", "gold.sales");
  const manifest = manifestOf(tables, [sink]);
  const target = { identity: "u@h/d" };
  const sent = {
    ...publicationOf(gold),
    subject: sinkSubject("warehouse", "gold.sales"),
    fingerprint: sinkFingerprint(sink, gold, "u@h/d"),
    inputs: { "gold.sales": "1" },
  };
  const sinkStepOf = (more: Partial<PlanInput>): string | undefined => {
    const step = planned({ manifest, targets: new Map([["warehouse", target]]), ...more }).steps.find((item) => item.kind === "sink");
    return step === undefined ? undefined : `${step.action} ${step.reason}: ${step.because} [${step.after.join()}]`;
  };

  it.each<readonly [what: string, more: Partial<PlanInput>, expected: string]>([
    ["nothing was sent", {}, "run new: nothing sent yet []"],
    ["nothing changed", { state: stateOf([...published, sent], files) }, "skip unchanged: unchanged since run 1 []"],
    ["it has no target", { targets: new Map([["warehouse", { missing: "URL is not set" }]]) }, "skip not_configured: URL is not set []"],
    ["it is forced", { state: stateOf([...published, sent], files), fullRefresh: true }, "run forced: full refresh [build gold.sales]"],
    [
      "its target is another",
      { state: stateOf([...published, sent], files), targets: new Map([["warehouse", { identity: "u@other/d" }]]) },
      "run changed: its target or the table's contract changed []",
    ],
    [
      "its table runs",
      { state: stateOf([...published, sent], files), ...observed(sourceFile("a.csv", "2")) },
      "run new_input: gold.sales runs before it [build gold.sales]",
    ],
    [
      "its table is newer",
      { state: stateOf([...published.slice(0, 2), publicationOf(gold, { version: "2" }), sent], files) },
      "run new_input: gold.sales has a newer version []",
    ],
  ])("when %s", (_what, more, expected) => {
    expect(sinkStepOf(more)).toBe(expected);
  });

  it("sends again when indexes or descriptions of the table change", () => {
    const indexed = modelTable("gold.sales", ["silver.lines"], { indexes: { i: ["a"] } });
    const described = modelTable("gold.sales", ["silver.lines"], { description: "new" });
    for (const changed of [indexed, described]) {
      expect(
        sinkStepOf({ manifest: manifestOf([orders, silver, changed, other], [sink]), state: stateOf([...published, sent], files) }),
      ).toMatch(/^run changed/);
    }
  });

  it("is left out with its table", () => {
    expect(sinkStepOf({ selected: new Set<TableName>(["gold.other"]) })).toBeUndefined();
  });
});

describe("a plan of any graph", () => {
  it("runs a table if and only if it or something upstream is changed, after everything it needs", () => {
    const graph = fc.array(
      fc.record({ upstreams: fc.uniqueArray(fc.nat(11), { maxLength: 3 }), changed: fc.boolean(), selected: fc.boolean() }),
      { minLength: 1, maxLength: 12 },
    );
    const check = (
      nodes: readonly { readonly upstreams: readonly number[]; readonly changed: boolean; readonly selected: boolean }[],
    ): void => {
      const name = (index: number): TableName => `gold.t${index}`;
      const all: readonly ManifestTable[] = nodes.map(({ upstreams }, index) =>
        modelTable(name(index), upstreams.filter((upstream) => upstream < index).map(name)),
      );
      const state = stateOf(all.map((table, index) => publicationOf(table, nodes[index]?.changed ? { fingerprint: "old" } : {})));
      const selected = new Set(all.filter((_, index) => nodes[index]?.selected).map((table) => table.name));
      const plan = planned({ manifest: manifestOf(all), state, selected });
      expect(plan.steps.map((step) => step.table)).toEqual(all.map((table) => table.name).filter((table) => selected.has(table)));
      const running = new Map<TableName, number>();
      for (const [index, table] of all.entries()) {
        const expected =
          selected.has(table.name) && (nodes[index]?.changed === true || table.dependencies.some((upstream) => running.has(upstream)));
        const position = plan.steps.findIndex((step) => step.table === table.name);
        const step = plan.steps[position];
        expect(step?.action === "run").toBe(expected);
        if (step === undefined) continue;
        const needed = table.dependencies.filter((upstream) => running.has(upstream)).map((upstream) => `build ${upstream}`);
        expect([...step.after].sort()).toEqual(needed.sort());
        for (const earlier of step.after) expect(plan.steps.findIndex((item) => item.step === earlier)).toBeLessThan(position);
        if (expected) running.set(table.name, position);
      }
    };
    fc.assert(fc.property(graph, check), { numRuns: 500 });
  });
});
