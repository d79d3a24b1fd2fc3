import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../../../src/adapters/duckdb/sql-analyzer.ts";
import { testDatabases } from "../../../src/adapters/duckdb/test-databases.ts";
import { testWorld } from "../../../src/cli/test-world.ts";
import { compileProject } from "../../../src/compile/compile.ts";
import { type CompiledTest, compileModelTest } from "../../../src/compile/model-test/compile-model-test.ts";
import { yamlModelTests } from "../../../src/compile/model-test/yaml-model-tests.ts";
import type { Project } from "../../../src/compile/project.ts";
import { bronze } from "../../../src/define/bronze.ts";
import { check } from "../../../src/define/check.ts";
import { append, incremental, snapshot, view } from "../../../src/define/materialization.ts";
import { model } from "../../../src/define/model.ts";
import type { ModelTestDefinition } from "../../../src/define/model-test.ts";
import { defineProject, pipeline } from "../../../src/define/project.ts";
import { csv } from "../../../src/define/source.ts";
import { sql } from "../../../src/define/sql.ts";
import { t } from "../../../src/define/types.ts";
import { throwAll } from "../../../src/errors.ts";
import { refuseMisfits } from "../../../src/execute/model-test/refuse-misfits.ts";
import { runModelTest } from "../../../src/execute/model-test/run-model-test.ts";
import type { TestFailure } from "../../../src/execute/model-test/test-result.ts";

/*
 *     bronze.orders ─┬─▶ silver.sales ─▶ gold.by_day
 *     bronze.items ──┘
 *     bronze.prices (merge) ─▶ silver.price_history (snapshot), gold.latest (incremental), silver.shown (view) ─▶ gold.shown
 *     bronze.labels ─┴─▶ gold.labelled (incremental, changes of labels ignored)
 *     bronze.events (append) ─▶ gold.log (append)
 */
export const orders = bronze("orders", {
  from: csv("orders.csv"),
  columns: { order_id: t.integer(), day: t.date(), note: t.varchar({ nullable: true }) },
  key: ["order_id"],
});
export const items = bronze("items", {
  from: csv("items.csv"),
  columns: { order_id: t.integer(), product: t.varchar(), price: t.decimal(10, 2) },
  key: ["order_id", "product"],
  checks: [check.between("price", { min: 0 })],
});
const prices = bronze("prices", {
  from: csv("prices-*.csv"),
  columns: { product: t.varchar(), price: t.decimal(10, 2), changed_at: t.timestamp(), gone: t.boolean() },
  key: ["product"],
  load: "merge",
  deleted: "gone",
});
const events = bronze("events", {
  from: csv("events-*.csv"),
  columns: { id: t.bigint(), ratio: t.double({ nullable: true }), body: t.json({ nullable: true }), at_time: t.time({ nullable: true }) },
  load: "append",
});
const big = { min_price: "0" };
export const sales = model("silver.sales", {
  grain: ["order_id", "product"],
  columns: { order_id: t.integer(), product: t.varchar(), day: t.date(), price: t.decimal(10, 2) },
  sql: sql`
    select items.order_id, items.product, orders.day, items.price
    from ${items} as items join ${orders} as orders on orders.order_id = items.order_id`,
});
export const byDay = model("gold.by_day", {
  grain: ["day"],
  columns: { day: t.date(), revenue: t.decimal(12, 2) },
  checks: [check.conserves("revenue", items, { measure: "price" }), check.rowCount({ min: 1 }, { severity: "warn" })],
  sql: sql`select day, coalesce(sum(price), 0)::decimal(12, 2) as revenue from ${sales} where price >= $min_price group by day order by day desc`,
});
const history = model("silver.price_history", {
  grain: ["product"],
  columns: { product: t.varchar(), price: t.decimal(10, 2), changed_at: t.timestamp() },
  materialize: snapshot({ at: "changed_at", missing: "close" }),
  sql: sql`select product, price, changed_at from ${prices}`,
});
const latest = model("gold.latest", {
  grain: ["product"],
  columns: { product: t.varchar(), price: t.decimal(10, 2), third: t.double() },
  checks: [check.expression("affordable", "price < 1000")],
  materialize: incremental({ by: ["product"] }),
  sql: sql`select product, price, (price / 3)::double as third from ${prices}`,
});
const labels = bronze("labels", {
  from: csv("labels.csv"),
  columns: { product: t.varchar(), label: t.varchar() },
  key: ["product"],
});
const labelled = model("gold.labelled", {
  grain: ["product"],
  columns: { product: t.varchar(), price: t.decimal(10, 2), label: t.varchar({ nullable: true }) },
  materialize: incremental({ by: ["product"], ignoreChanges: [labels] }),
  sql: sql`select prices.product, prices.price, labels.label
    from ${prices} as prices left join ${labels} as labels on labels.product = prices.product`,
});
const shownPrices = model("silver.shown", {
  grain: ["product"],
  columns: { product: t.varchar(), price: t.decimal(10, 2) },
  materialize: view(),
  sql: sql`select product, price from ${prices}`,
});
const shown = model("gold.shown", {
  grain: ["product"],
  columns: { product: t.varchar(), price: t.decimal(10, 2) },
  materialize: incremental({ by: ["product"] }),
  sql: sql`select product, price from ${shownPrices}`,
});
const log = model("gold.log", {
  grain: ["id"],
  columns: { id: t.bigint(), ratio: t.double({ nullable: true }), body: t.json({ nullable: true }), seen: t.date() },
  materialize: append(),
  sql: sql`select id, ratio, body, current_date as seen from ${events}`,
});
const clock = model("gold.clock", {
  grain: [],
  columns: { now_at: t.timestamp(), today: t.date(), local_at: t.timestamp() },
  sql: sql`select now()::timestamp as now_at, current_date as today, localtimestamp as local_at from ${orders}`,
});

const project: Project = {
  folder: ".",
  config: defineProject({ name: "tested" }),
  bronze: [orders, items, prices, labels, events],
  models: [sales, byDay, history, latest, labelled, shownPrices, shown, log, clock],
  pipelines: [pipeline("daily", { params: z.object({ min_price: z.int().min(0).default(Number(big.min_price)) }) })],
  sinks: [],
};

let compiler: Promise<(tests: readonly ModelTestDefinition[]) => Promise<readonly CompiledTest[]>> | undefined;

async function startCompiler(): Promise<(tests: readonly ModelTestDefinition[]) => Promise<readonly CompiledTest[]>> {
  const analyzer = await duckdbAnalyzer(await memoryDatabase());
  const manifest = await compileProject(project, analyzer);
  return (tests) => Promise.all(tests.map((test) => compileModelTest(test, project, manifest, analyzer)));
}

/** Carries tests out as `assay test` does; name → what is wrong, or null. */
export async function runTests(tests: readonly ModelTestDefinition[]): Promise<Readonly<Record<string, TestFailure | null>>> {
  compiler ??= startCompiler();
  const compiled = await (await compiler)(tests);
  const databases = await testDatabases();
  const folder = await mkdtemp(join(tmpdir(), "assay-test-"));
  try {
    const session = await (await databases.next()).session();
    for (const test of compiled) throwAll(await refuseMisfits(test, session));
    session.close();
    const failures: Record<string, TestFailure | null> = {};
    for (const [index, test] of compiled.entries()) {
      const world = await testWorld(databases, join(folder, `${index}`), () => folder);
      failures[test.name] = await runModelTest(test, world);
    }
    return failures;
  } finally {
    databases.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Tests of a YAML text. */
export const runYaml = async (text: string): Promise<Readonly<Record<string, TestFailure | null>>> =>
  runTests(await yamlModelTests("tests/a.test.yaml", text));

/** What is wrong with the one test of a YAML text; null: it passes. */
export async function failureOf(text: string): Promise<TestFailure | null> {
  const [failure, ...others] = Object.values(await runYaml(text));
  if (failure === undefined || others.length > 0) throw new Error("the text does not hold one test");
  return failure;
}
