import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { generatedOlist, needRealOlist } from "../support/olist-data.ts";
import { novaRetail, type TestProject } from "../support/project.ts";
import { stepOf } from "../support/run-document.ts";

/** Makes the faithful fact promise what it does not keep. */
async function demandConservation(project: TestProject): Promise<void> {
  const path = "models/gold/fact-sales.ts";
  const text = await readFile(join(project.folder, path), "utf8");
  const changed = text
    .replace("checks: [", 'checks: [check.conserves("payment_value", orderPayments), ')
    .replace("import { orderLines }", 'import { orderPayments } from "../../sources/order-payments.ts";\nimport { orderLines }');
  expect(changed).toContain("conserves");
  await project.write({ [path]: changed });
}

async function failedRun(data: string): Promise<{ readonly project: TestProject; readonly run: RunResult }> {
  const project = await novaRetail(data);
  await demandConservation(project);
  const { code, stdout } = await project.assay(["run", "--json"]);
  expect(code).toBe(1);
  return { project, run: JSON.parse(stdout) as RunResult };
}

test("the faithful fact fails with both totals, the payment-grain fact passes", { timeout: 120_000 }, async (context) => {
  const { project, run } = await failedRun(needRealOlist(context));
  try {
    const step = stepOf(run, "build gold.fact_sales");
    expect(step).toMatchObject({ status: "failed", error: { code: "CHECK_FAILED" } });
    expect(step.error?.message.replaceAll(",", "")).toMatch(/20470726\.66.*16008872\.12/);
    expect(step.conserved).toEqual([
      {
        column: "payment_value",
        upstream: "bronze.order_payments",
        measure: "payment_value",
        upstream_total: "16008872.12",
        total: "20470726.66",
        agrees: false,
      },
    ]);
    const correct = stepOf(run, "build gold.fact_order_payments");
    expect(correct.status).toBe("succeeded");
    expect(correct.conserved).toMatchObject([{ upstream_total: "16008872.12", total: "16008872.12", agrees: true }]);
    expect(stepOf(run, "build gold.sales_summary").status).toBe("skipped");
  } finally {
    await project.remove();
  }
});

test("generated files: the totals in the message are those of the data, and nothing was published", async () => {
  const data = await generatedOlist(500);
  const { project, run } = await failedRun(data);
  try {
    const { error, conserved } = stepOf(run, "build gold.fact_sales");
    const [totals] = await project.query<{ source: string; joined: string }>(`select
      (select sum(payment_value) from bronze.order_payments) as source, (select sum(payment_value) from silver.order_lines) as joined`);
    expect(totals?.source).not.toBe(totals?.joined);
    expect(conserved).toMatchObject([{ upstream_total: totals?.source, total: totals?.joined }]);
    expect(error?.message.replaceAll(",", "")).toContain(totals?.source);
    expect(error?.message.replaceAll(",", "")).toContain(totals?.joined);
    expect(await project.query("select table_name from information_schema.tables where table_name like 'fact_sales%'")).toEqual([]);
  } finally {
    await project.remove();
    await rm(data, { recursive: true, force: true });
  }
});
