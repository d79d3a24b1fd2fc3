import { expect } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { makeProject, type TestProject } from "./project.ts";

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A row as `assay quarantine show --json` gives it. */
export interface ShownRow {
  readonly id: string;
  readonly state: string;
  readonly table: string;
  readonly rule: string;
  readonly reason: string;
  readonly column: string | null;
  readonly message: string;
  readonly source_file: string | null;
  readonly row_number: number | null;
  readonly key: string | null;
  readonly raw: string | null;
  readonly run_id: string;
  readonly batch_id: string;
  readonly closed_run_id: string | null;
}

const header = "order_id,customer,amount,ordered_on,note\n";

/** Text of `data/orders.csv`. */
export const ordersCsv = (...rows: readonly string[]): string => header + rows.map((row) => `${row}\n`).join("");

/** The source of orders; `more` stands among its options. */
export const ordersSource = (
  more = "",
  from = 'csv("data/orders*.csv")',
): string => `import { bronze, check, csv, json, parquet, t } from "assay";
export const orders = bronze("orders", {
  from: ${from},
  columns: {
    order_id: t.varchar(),
    customer: t.varchar(),
    amount: t.integer(),
    ordered_on: t.date(),
    note: t.varchar({ nullable: true }),
  },
  key: ["order_id"],
  ${more}
});
`;

/**
 *     bronze.orders ─▶ silver.orders ─▶ gold.daily
 */
const project: Files = {
  "assay.config.ts": `import { defineProject } from "assay";\nexport default defineProject({ name: "shop" });\n`,
  "sources/orders.ts": ordersSource(),
  "models/silver/orders.ts": `import { model, sql, t } from "assay";
import { orders } from "../../sources/orders.ts";
export const silverOrders = model("silver.orders", {
  grain: ["order_id"],
  columns: { order_id: t.varchar(), customer: t.varchar(), amount: t.integer(), ordered_on: t.date() },
  sql: sql\`select order_id, customer, amount, ordered_on from \${orders}\`,
});
`,
  "models/gold/daily.ts": `import { model, sql, t } from "assay";
import { silverOrders } from "../silver/orders.ts";
export const daily = model("gold.daily", {
  grain: ["ordered_on"],
  columns: { ordered_on: t.date(), orders: t.bigint(), amount: t.bigint() },
  sql: sql\`select ordered_on, count(*) as orders, sum(amount)::bigint as amount from \${silverOrders} group by ordered_on\`,
});
`,
  "data/orders.csv": ordersCsv("o1,ann,10,2026-01-01,first", "o2,bob,20,2026-01-01,", 'o3,ann,30,2026-01-02,"a, b"'),
};

export const quarantineProject = (files: Files = {}): Promise<TestProject> => makeProject({ ...project, ...files });

/** Runs a command that succeeds and whose ledgers balance. */
export async function succeed(project: TestProject, args: readonly string[]): Promise<RunResult> {
  const { code, stdout, stderr } = await project.assay([...args, "--json"]);
  expect(code, stdout + stderr).toBe(0);
  const run = JSON.parse(stdout) as RunResult;
  for (const step of run.steps.filter((item) => item.status === "succeeded")) {
    const what = JSON.stringify(step);
    expect(step.removed, what).toBe(step.removed_by.reduce((sum, item) => sum + item.rows, 0));
    if (step.rows_in !== null) expect(step.rows_in, what).toBe((step.rows_out ?? Number.NaN) + step.quarantined + step.removed);
    for (const { read, used } of step.upstreams) expect(used ?? 0, what).toBeLessThanOrEqual(read);
  }
  return run;
}

/** Rows in quarantine; `args` go to `assay quarantine show`. */
export async function shownRows(project: TestProject, ...args: readonly string[]): Promise<readonly ShownRow[]> {
  return (await project.json<{ rows: readonly ShownRow[] }>(["quarantine", "show", "--limit", "100000", "--reveal", ...args])).rows;
}

/**
 * Every record of the source files is once, and only once, a row of the bronze table or an open row in quarantine. `records`: records of
 * the files that count now.
 */
export async function expectConserved(project: TestProject, records: number, table = "bronze.orders"): Promise<void> {
  const [found] = await project.query<{ rows: string; keys: string; open: string; quarantined: string }>(`select count(*) as rows,
    count(distinct order_id) as keys, (select count(*) from assay.quarantine where table_name = '${table}' and state = 'open') as open,
    (select coalesce(sum(quarantined), 0)::bigint from assay.files where table_name = '${table}') as quarantined from ${table}`);
  expect(Number(found?.rows) + Number(found?.open), JSON.stringify(found)).toBe(records);
  expect(found?.keys, "a row stands twice in the table").toBe(found?.rows);
  expect(found?.quarantined, "assay.files counts other rows than quarantine holds").toBe(found?.open);
}
