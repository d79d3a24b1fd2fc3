import { describe, expect, test } from "vitest";
import type { ManifestTable } from "../../src/compile/manifest.ts";
import { against, deferredInputs } from "../../src/plan/against.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { planRun } from "../../src/plan/plan-run.ts";
import type { Commit, Publication, State } from "../../src/ports/state-store.ts";
import type { TableName } from "../../src/terms.ts";
import { bronzeTable, manifestOf, modelTable, publicationOf, sinkTo, stateOf } from "./manifest.ts";

const orders = bronzeTable("bronze.orders");
const lines = modelTable("silver.lines", ["bronze.orders"]);
const shown = modelTable("silver.shown", ["silver.lines"], { materialize: { kind: "view" } });
const daily = modelTable("gold.daily", ["silver.shown"]);
const tables = [orders, lines, shown, daily];
const changedTo = (table: ManifestTable): ManifestTable => ({ ...table, fingerprint: "sql:2" });

interface World {
  readonly tables: readonly ManifestTable[];
  readonly pro?: State;
  readonly ci?: State;
  readonly select?: readonly TableName[];
}

const published = (more: Partial<Publication> = {}): State => stateOf(tables.map((table) => publicationOf(table, more)));

function planOf({ tables: now, pro = published(), ci = stateOf([]), select }: World): Plan {
  const manifest = manifestOf(now, [sinkTo("warehouse", "gold.daily")]);
  return planRun({
    manifest,
    state: ci,
    observations: new Map([["bronze.orders", { files: [] }]]),
    targets: new Map([["warehouse", { identity: "u@h/d" }]]),
    selected: new Set(select ?? now.map((table) => table.name)),
    lake: "/lake",
    pipeline: "all",
    environment: "ci",
    params: {},
    fullRefresh: false,
    against: against(manifest, "pro", pro, {}),
  });
}

const told = (plan: Plan): readonly string[] => plan.steps.map((step) => `${step.action} ${step.step}: ${step.reason}`);
const first = changedTo(lines);

/** What ci holds after everything was deferred. */
function deferred(version = "1"): State {
  const held = against(manifestOf(tables), "pro", published({ version }), {});
  return stateOf(
    [...held.deferrals.values()].map((deferral) => ({ ...deferral.publication, version: "1", inputs: deferredInputs(deferral) })),
  );
}

describe("a plan held against another environment", () => {
  test("builds what changed and what is downstream, and sends nothing", () => {
    const plan = planOf({ tables: [orders, first, shown, daily] });
    expect(told(plan)).toEqual([
      "run defer bronze.orders: deferred",
      "run build silver.lines: changed",
      "run build silver.shown: changed",
      "run build gold.daily: changed",
      "skip sink warehouse gold.daily: not_configured",
    ]);
    expect(plan.steps[1]?.after).toEqual(["defer bronze.orders"]);
    expect(plan.steps.map((step) => step.because)).toEqual([
      "read from pro, version 1",
      "definition differs from pro",
      "downstream of silver.lines",
      "downstream of silver.shown",
      "a run against pro sends nothing",
    ]);
  });

  test("reads what is needed, also beyond the selection, and no more", () => {
    expect(told(planOf({ tables, select: ["silver.shown"] }))).toEqual([
      "run defer bronze.orders: deferred",
      "run defer silver.lines: deferred",
      "run defer silver.shown: deferred",
    ]);
  });

  test("a changed upstream outside the selection has to be built, not taken as an earlier change left it", () => {
    const world: World = { tables: [orders, first, shown, daily], select: ["silver.shown"] };
    for (const ci of [stateOf([]), deferred(), stateOf([publicationOf(lines)])])
      expect(() => planOf({ ...world, ci })).toThrow("silver.shown reads silver.lines");
    expect(told(planOf({ ...world, ci: stateOf([publicationOf(orders), publicationOf(first)]) }))).toContain(
      "run build silver.shown: changed",
    );
  });

  test("what is read already is left, until the other environment has another version", () => {
    expect(told(planOf({ tables, ci: deferred() })).filter((step) => step.startsWith("run"))).toEqual([]);
    const newer = planOf({ tables, ci: deferred(), pro: published({ version: "2" }) });
    expect(newer.steps.filter((step) => step.action === "run")).toHaveLength(4);
  });

  test("the same version of a database begun anew is another one", () => {
    const made = (run_id: string): State => {
      const commit: Commit = {
        subject: "silver.lines",
        version: "1",
        run_id,
        kind: "reset",
        inserted: null,
        updated: null,
        deleted: null,
        committed_at: "",
      };
      return { ...published({ run_id: "later" }), commits: new Map([["silver.lines", [commit]]]) };
    };
    const held = against(manifestOf(tables), "pro", made("first"), {});
    const ci = stateOf([...held.deferrals.values()].map((item) => ({ ...item.publication, inputs: deferredInputs(item) })));
    expect(told(planOf({ tables, ci, pro: made("first") })).filter((step) => step.startsWith("run"))).toEqual([]);
    expect(told(planOf({ tables, ci, pro: made("second") })).filter((step) => step.startsWith("run"))).toEqual([
      "run defer silver.lines: deferred",
      // It shows what is below it.
      "run defer silver.shown: deferred",
    ]);
  });

  test("an ordinary run makes itself what was read from elsewhere", () => {
    const manifest = manifestOf(tables);
    const files = new Map([["bronze.orders", { files: [] }]] as const);
    const common = {
      manifest,
      state: deferred(),
      observations: files,
      targets: new Map(),
      lake: "/lake",
      pipeline: "all",
      environment: "ci",
    };
    const plan = planRun({ ...common, selected: new Set(tables.map((table) => table.name)), params: {}, fullRefresh: false });
    expect(plan.steps.map((step) => `${step.action} ${step.reason}`)).toEqual(Array(4).fill("run new"));
  });
});
