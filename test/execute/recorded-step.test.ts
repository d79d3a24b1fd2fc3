import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import { recordedStep } from "../../src/execute/recorded-step.ts";
import { subjectOf } from "../../src/execute/sink-of.ts";
import { noFacts, stepResult } from "../../src/execute/step-result.ts";
import type { StepReport } from "../../src/execute/step-work.ts";
import type { Step } from "../../src/plan/plan.ts";
import { planRun, sinkSubject } from "../../src/plan/plan-run.ts";
import type { Session } from "../../src/ports/engine.ts";
import type { Publication } from "../../src/ports/state-store.ts";
import { manifestOf, modelTable, publicationOf, sinkTo, stateOf } from "../plan/manifest.ts";

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

/** One table that two sinks receive. */
const sales = modelTable("gold.sales", []);
const manifest = manifestOf([sales], [sinkTo("warehouse", "gold.sales"), sinkTo("ledger", "gold.sales")]);
const { steps } = planRun({
  manifest,
  state: stateOf([]),
  observations: new Map(),
  targets: new Map(manifest.sinks.map((sink) => [sink.name, { identity: sink.name }])),
  selected: new Set(["gold.sales"]),
  lake: "/lake",
  pipeline: "daily",
  environment: "dev",
  params: {},
  fullRefresh: false,
});

const stepNamed = (name: string): Step => {
  const step = steps.find((item) => item.step === name);
  if (step === undefined) throw new Error(`no step ${name} in ${steps.map((item) => item.step).join(", ")}`);
  return step;
};

/** Puts a step of run `r1` on record that published something, or failed. */
async function record(name: string, publication: Publication | null): Promise<void> {
  const step = stepNamed(name);
  const result = stepResult(step, publication === null ? "failed" : "succeeded", noFacts, 1, null);
  const own = { run_id: "r1", position: steps.indexOf(step), result, finished_at: "2026-01-01T00:00:02Z" };
  await store.recordStep(session, { ...own, publication, commit: null, ingest: null });
}

const published = (subject: string): Publication => publicationOf(sales, { subject, run_id: "r1", published_at: "2026-01-01T00:00:02Z" });

async function recorded(name: string): Promise<StepReport | null> {
  const step = stepNamed(name);
  return recordedStep(store, session, "r1", step, subjectOf(manifest, step), await store.read(session));
}

test("of a table that several sinks receive, each load is told as its own", async () => {
  await record("build gold.sales", published("gold.sales"));
  await record("sink warehouse gold.sales", published(sinkSubject("warehouse", "gold.sales")));
  await record("sink ledger gold.sales", published(sinkSubject("ledger", "gold.sales")));
  for (const sink of ["warehouse", "ledger"]) {
    expect(await recorded(`sink ${sink} gold.sales`)).toMatchObject({
      kind: "finished",
      result: { step: `sink ${sink} gold.sales` },
      publication: { subject: `sink:${sink}:gold.sales` },
      commits: [],
    });
  }
  expect((await recorded("build gold.sales"))?.publication?.subject).toBe("gold.sales");
});

test("a load that failed has published nothing, though another sink received the table", async () => {
  await record("sink warehouse gold.sales", published(sinkSubject("warehouse", "gold.sales")));
  expect(await recorded("sink ledger gold.sales")).toBeNull();
  await record("sink ledger gold.sales", null);
  expect(await recorded("sink ledger gold.sales")).toMatchObject({ result: { status: "failed" }, publication: null });
});
