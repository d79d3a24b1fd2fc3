import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RowChanges, RunResult } from "../../src/terms.ts";
import { changes, copiedForex, corrected, correctedChanges, needRealForex, realForex } from "../support/forex-data.ts";
import { forexTransactions, type TestProject } from "../support/project.ts";
import { expectBalanced, stepOf, stepsRun } from "../support/run-document.ts";

const rows: Readonly<Record<string, number>> = {
  "extract bronze.customer_transactions": 100,
  ...Object.fromEntries(Array.from({ length: 10 }, (_, chunk) => [`load bronze.customer_transactions [${chunk + 1}/10]`, 10])),
  "ingest bronze.customer_transactions": 100,
  "build silver.missing_quantity": 16,
  "build silver.transaction": 100,
  "build gold.customer_dim": 100,
  "build gold.product_dim": 5,
  "build gold.location_dim": 90,
  "build gold.date_dim": 11_324,
  "build gold.transaction_fct": 100,
  "build gold.agg_sales_country": 67,
  "build gold.agg_sales_customer": 100,
  "build gold.agg_sales_monthly": 1,
};

/** Key columns of each table, to tell its rows apart. */
const keys: Readonly<Record<string, string>> = {
  "bronze.customer_transactions": "transaction_id",
  "silver.missing_quantity": "transaction_id",
  "silver.transaction": "transaction_key",
  "gold.customer_dim": "customer_key",
  "gold.product_dim": "product_key",
  "gold.location_dim": "location_key",
  "gold.date_dim": "date_key",
  "gold.transaction_fct": "transaction_key",
  "gold.agg_sales_country": "country",
  "gold.agg_sales_customer": "customer_key",
  "gold.agg_sales_monthly": "year_month",
};

/** Rows by key, as text. */
type Image = ReadonlyMap<string, string>;

async function imagesOf(project: TestProject): Promise<ReadonlyMap<string, Image>> {
  const selects = Object.entries(keys).map(
    ([table, key]) =>
      `select '${table}' as tbl, ${key}::varchar as key, to_json(columns_of)::varchar as content from ${table} as columns_of`,
  );
  const found = await project.query<{ tbl: string; key: string; content: string }>(selects.join(" union all "));
  return new Map(
    Object.keys(keys).map((table) => [
      table,
      new Map(found.filter((row) => row.tbl === table).map((row) => [row.key, row.content] as const)),
    ]),
  );
}

function differenceOf(before: Image | undefined, after: Image | undefined): RowChanges {
  const [old, now] = [before ?? new Map<string, string>(), after ?? new Map<string, string>()];
  return {
    inserted: [...now.keys()].filter((key) => !old.has(key)).length,
    updated: [...now].filter(([key, content]) => old.has(key) && old.get(key) !== content).length,
    deleted: [...old.keys()].filter((key) => !now.has(key)).length,
  };
}

describe("forex transactions on the real file", () => {
  let data: string;
  let project: TestProject;
  let first: RunResult;

  beforeAll(async () => {
    if (realForex === null) return;
    data = await copiedForex(realForex);
    project = await forexTransactions(data);
    first = await project.json<RunResult>(["run", "forex__customer_transactions__hourly"]);
  });
  afterAll(async () => {
    await project?.remove();
    if (data !== undefined) await rm(data, { recursive: true, force: true });
  });

  test("every step succeeds with the known rows, and every ledger balances", (context) => {
    needRealForex(context);
    expect(first.status).toBe("succeeded");
    expect(Object.fromEntries(stepsRun(first).map((name) => [name, stepOf(first, name).rows_out]))).toEqual(rows);
    expect(first.steps.reduce((sum, step) => sum + step.quarantined, 0)).toBe(0);
    for (const step of first.steps) for (const measure of step.conserved) expect(measure.agrees, step.step).toBe(true);
    expectBalanced({ ...first, steps: first.steps.filter((step) => step.table !== "gold.date_dim") });
  });

  test("the file is as dirty as it is known to be, and all of it lands", async (context) => {
    needRealForex(context);
    const [found] = await project.query(`select count(*) as total,
      count(*) filter (where quantity is null) as without_quantity,
      count(*) filter (where customer_id is null) as without_customer,
      count(*) filter (where regexp_full_match(transaction_date, '[0-9]{2}-[0-9]{2}-[0-9]{4}')) as day_first,
      count(*) filter (where price = 'Two Hundred') as two_hundred,
      count(*) filter (where tax = 'Fifteen') as fifteen
      from bronze.customer_transactions`);
    expect(found).toEqual({
      total: "100",
      without_quantity: "16",
      without_customer: "14",
      day_first: "12",
      two_hundred: "11",
      fifteen: "9",
    });
  });

  test("words are numbers, days are days, and the days that the order decides are told", async (context) => {
    needRealForex(context);
    const [found] = await project.query(`select count(distinct transaction_key) as keys,
      count(*) filter (where price_text = 'Two Hundred' and price = 200) as two_hundred,
      count(*) filter (where tax_text = 'Fifteen' and tax = 15) as fifteen,
      count(*) filter (where transaction_date between '2023-07-10' and '2023-07-20') as in_july,
      count(*) filter (where date_is_ambiguous) as ambiguous
      from silver.transaction`);
    expect(found).toEqual({ keys: "100", two_hundred: "11", fifteen: "9", in_july: "100", ambiguous: "3" });
    const warned = stepOf(first, "build silver.transaction").checks.filter((check) => check.status === "warned");
    expect(warned).toMatchObject([{ check: "expression", severity: "warn", failures: 3 }]);
    expect(warned[0]?.message).toContain("date_order_is_certain: not date_is_ambiguous does not hold");
  });

  test("revenue, countries and names are as known", async (context) => {
    needRealForex(context);
    const [revenue] = await project.query("select sum(revenue)::varchar as revenue from gold.transaction_fct");
    expect(revenue).toEqual({ revenue: "46411.29" });
    const countries = await project.query(
      "select country, revenue from gold.agg_sales_country where country in ('USA', 'UK') order by country",
    );
    expect(countries).toEqual([
      { country: "UK", revenue: "2680.07" },
      { country: "USA", revenue: "3211.32" },
    ]);
    const [counts] = await project.query(
      `select count(distinct country) as countries, count(*) filter (where city = 'Zürich') as zurich from gold.location_dim`,
    );
    expect(counts).toEqual({ countries: "67", zurich: "1" });
    const [money] = await project.query("select typeof(price) as price, typeof(revenue) as revenue from gold.transaction_fct limit 1");
    expect(money).toEqual({ price: "DECIMAL(14,2)", revenue: "DECIMAL(25,2)" });
  });

  test("its own tests pass", async (context) => {
    needRealForex(context);
    expect(await project.json(["test"])).toMatchObject({ passed: 8, failed: 0 });
  });

  test("the same file again changes nothing, a corrected one exactly what it corrects, in every table", {
    timeout: 120_000,
  }, async (context) => {
    const path = needRealForex(context);
    const before = await imagesOf(project);
    expect(stepsRun(await project.json<RunResult>(["run"]))).toEqual([]);
    // Rewritten with the same content, so that the file looks new.
    await writeFile(join(data, "customer_transactions.csv"), await readFile(path));
    expect(stepsRun(await project.json<RunResult>(["run"]))).toEqual([]);
    expect(await imagesOf(project)).toEqual(before);

    await writeFile(join(data, "customer_transactions.csv"), corrected(await readFile(path, "utf8")));
    const run = await project.json<RunResult>(["run"]);
    expect(run.status).toBe("succeeded");
    const after = await imagesOf(project);
    expect(Object.fromEntries(Object.keys(keys).map((table) => [table, differenceOf(before.get(table), after.get(table))]))).toEqual(
      correctedChanges,
    );
    // What the run says it changed is what changed.
    for (const step of run.steps) if (step.changes !== null) expect(step.changes, step.step).toEqual(correctedChanges[step.table]);
    expect(stepOf(run, "ingest bronze.customer_transactions").changes).toEqual(changes(3, 5, 1));
    expect(stepOf(run, "build silver.transaction").changes).toEqual(changes(3, 5, 1));
    expect(stepsRun(run)).not.toContain("build gold.date_dim");
    const verified = await project.json<{ results: readonly { status: string; table: string }[] }>(["verify"]);
    expect(verified.results.map((result) => result.status)).toEqual(verified.results.map(() => "verified"));
    // And back again.
    await writeFile(join(data, "customer_transactions.csv"), await readFile(path));
    expect((await project.json<RunResult>(["run"])).status).toBe("succeeded");
    expect(await imagesOf(project)).toEqual(before);
  });

  test("a price, a tax and a date that say nothing are left out, with the rule and the text, and the rest is published", async (context) => {
    const path = needRealForex(context);
    const text = await readFile(path, "utf8");
    const spoiled = text
      .replace(",76.27,8.23,John,", ",twenty fifteen,8.23,John,")
      .replace("1002,502.0,2023-07-12", "1002,502.0,31-02-2023");
    await writeFile(join(data, "customer_transactions.csv"), spoiled.replace(",287.25,26.36,Bob", ",287.25,free,Bob"));
    const run = await project.json<RunResult>(["run"]);
    expect(run.status).toBe("succeeded");
    expect(stepOf(run, "build silver.transaction")).toMatchObject({ quarantined: 3, rows_out: 97 });
    const kept = await project.query<{ rule: string; raw: string }>(
      "select rule, raw from assay.quarantine where table_name = 'silver.transaction' and state = 'open' order by rule",
    );
    expect(kept.map((row) => row.rule)).toEqual(["not_null:price", "not_null:tax", "not_null:transaction_date"]);
    expect(kept.map((row) => JSON.parse(row.raw) as unknown)).toMatchObject([
      { transaction_id: "1001", price: null, price_text: "twenty fifteen" },
      { transaction_id: "1003", tax: null, tax_text: "free" },
      { transaction_id: "1002", transaction_date: null, transaction_date_text: "31-02-2023" },
    ]);
    expect(await project.query("select count(*) as total from gold.transaction_fct")).toEqual([{ total: "97" }]);
  });
});
