import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { generatedOlist, needRealOlist, realOlist } from "../support/olist-data.ts";
import { novaRetail, type TestProject } from "../support/project.ts";
import { expectBalanced, stepOf } from "../support/run-document.ts";
import { tableHashes } from "../support/warehouse-state.ts";

/** The original's fact, straight over bronze. */
const original = (grain: string): string => `import { model, sql, t } from "assay";
import { orderItems } from "../../sources/order-items.ts";
import { orderPayments } from "../../sources/order-payments.ts";
import { orders } from "../../sources/orders.ts";
export const factOriginal = model("gold.fact_original", {
  grain: ${grain},
  columns: {
    order_id: t.varchar(),
    product_id: t.varchar(),
    order_item_id: t.smallint(),
    payment_sequential: t.smallint(),
    payment_value: t.decimal(10, 2),
  },
  sql: sql\`
    select orders.order_id, items.product_id, items.order_item_id, payments.payment_sequential, payments.payment_value
    from \${orders} as orders
    join \${orderPayments} as payments on payments.order_id = orders.order_id
    join \${orderItems} as items on items.order_id = orders.order_id\`,
});
`;
const trueGrain = '["order_id", "payment_sequential", "order_item_id"]';
const originalGrain = '["order_id", "product_id"]';
/** A table that reads it. */
const reader =
  "/*\ngrain: [order_id]\nfanOut: { bronze.order_items: as the original has it }\n*/\nselect order_id, sum(payment_value) as paid from gold.fact_original group by order_id\n";

/** The one message of the failed grain check. */
function grainMessage(run: RunResult, step: string): string {
  const { status, error, checks } = stepOf(run, step);
  expect(status).toBe("failed");
  expect(error?.code).toBe("CHECK_FAILED");
  const grain = checks.find((check) => check.check === "grain");
  expect(grain).toMatchObject({ status: "failed", severity: "error" });
  expect(error?.message).toContain(grain?.message ?? "nothing");
  return grain?.message ?? "";
}

/** Names the join, its key and an example that really is one. */
async function expectExplained(project: TestProject, message: string): Promise<void> {
  const match =
    /bronze\.order_payments joined on order_id multiplies rows: it has (\d+) rows for order_id = (\w+), and order_id = (\w+), product_id = (\w+) appears (\d+) times/.exec(
      message,
    );
  expect(match, message).not.toBeNull();
  const [, payments, order, sameOrder, product, times] = match ?? [];
  expect(sameOrder).toBe(order);
  const [counts] = await project.query(`select
    (select count(*) from bronze.order_payments where order_id = '${order}') as payments,
    (select count(*) from bronze.order_payments join bronze.order_items using (order_id)
      where order_id = '${order}' and product_id = '${product}') as times`);
  expect(counts).toEqual({ payments, times });
  expect(Number(payments)).toBeGreaterThan(1);
}

describe("a join that multiplies rows", () => {
  let data: string;
  let project: TestProject;
  const factSales = "models/gold/fact-sales.ts";
  let definition: string;
  let before: Readonly<Record<string, string>>;

  beforeAll(async () => {
    data = await generatedOlist(1_000);
    project = await novaRetail(data);
    definition = await readFile(join(project.folder, factSales), "utf8");
    await project.write({ "models/gold/fact-original.ts": original(trueGrain), "models/gold/paid.sql": reader });
    expect((await project.assay(["run"])).code).toBe(0);
    before = await tableHashes(project.folder);
  });
  beforeEach(() => project.write({ "models/gold/fact-original.ts": original(trueGrain), [factSales]: definition }));
  afterAll(async () => {
    await project.remove();
    await rm(data, { recursive: true, force: true });
  });

  test("fails the run, names join, key and example; the old table stays, dependents are skipped, the rest goes on", async () => {
    await project.write({ "models/gold/fact-original.ts": original(originalGrain) });
    const { code, stdout } = await project.assay(["run", "--full-refresh", "--json"]);
    expect(code).toBe(1);
    const run = JSON.parse(stdout) as RunResult;
    expect(run.status).toBe("failed");
    await expectExplained(project, grainMessage(run, "build gold.fact_original"));
    expect(stepOf(run, "build gold.fact_original").error).toMatchObject({
      hint: expect.stringContaining("before joining"),
      location: { file: "models/gold/fact-original.ts", line: 5 },
    });
    expect(stepOf(run, "build gold.paid")).toMatchObject({ status: "skipped", reason: "build gold.fact_original did not succeed" });
    const others = run.steps.filter((step) => step.kind !== "sink" && !["build gold.fact_original", "build gold.paid"].includes(step.step));
    expect(new Set(others.map((step) => step.status))).toEqual(new Set(["succeeded"]));
    expectBalanced(run);
    expect(await tableHashes(project.folder)).toEqual(before);
  });

  test("is found through the silver model that makes it", async () => {
    const wrong = definition.replace('grain: ["order_id", "payment_sequential", "order_item_id"]', `grain: ${originalGrain}`);
    expect(wrong).not.toBe(definition);
    await project.write({ [factSales]: wrong });
    const { code, stdout } = await project.assay(["run", "--json"]);
    expect(code).toBe(1);
    const run = JSON.parse(stdout) as RunResult;
    await expectExplained(project, grainMessage(run, "build gold.fact_sales"));
    for (const name of ["sales_summary", "sales_by_month_state", "revenue_reconciliation"]) {
      expect(stepOf(run, `build gold.${name}`)).toMatchObject({ status: "skipped", reason: "build gold.fact_sales did not succeed" });
    }
    expect(await tableHashes(project.folder)).toEqual(before);
  });

  test("is told in text, without a stack trace", async () => {
    await project.write({ "models/gold/fact-original.ts": original(originalGrain) });
    const { code, stdout, stderr } = await project.assay(["run"]);
    expect(code).toBe(1);
    expect(stdout.replace(/\s+/g, " ")).toContain("bronze.order_payments joined on order_id multiplies rows");
    expect(stdout + stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
  });
});

test("the original's grain fails on the real files", { timeout: 120_000 }, async (context) => {
  needRealOlist(context);
  const project = await novaRetail(realOlist ?? "");
  try {
    await project.write({ "models/gold/fact-original.ts": original(originalGrain) });
    const run = await project.json<RunResult>(["run", "--select", "+fact_original"]);
    expect(run.status).toBe("failed");
    await expectExplained(project, grainMessage(run, "build gold.fact_original"));
    expect(await project.query("select count(*) as n from information_schema.tables where table_name like 'fact_original%'")).toEqual([
      { n: "0" },
    ]);
  } finally {
    await project.remove();
  }
});
