import { rm } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect } from "vitest";
import type { ErrorReport, RunResult, StepResult } from "../../src/terms.ts";
import { type CommandOptions, makeProject, type TestProject } from "../support/project.ts";

export type Files = Readonly<Record<string, string | Uint8Array>>;

const ordersSource = `import { bronze, csv, t } from "assay";

export const orders = bronze("orders", {
  from: csv("data/orders.csv"),
  columns: {
    order_id: t.varchar(),
    customer: t.varchar(),
    amount: t.integer(),
    ordered_on: t.date(),
    note: t.varchar({ nullable: true }),
  },
  key: ["order_id"],
});
`;

const silverModel = `import { model, sql, t } from "assay";
import { orders } from "../../sources/orders.ts";

export const silverOrders = model("silver.orders", {
  grain: ["order_id"],
  columns: { order_id: t.varchar(), customer: t.varchar(), amount: t.integer(), ordered_on: t.date() },
  sql: sql\`
    select order_id, customer, amount, ordered_on
    from \${orders}
  \`,
});
`;

const dailyModel = `import { model, sql, t } from "assay";
import { silverOrders } from "../silver/orders.ts";

export const daily = model("gold.daily", {
  grain: ["ordered_on"],
  columns: { ordered_on: t.date(), orders: t.bigint(), amount: t.bigint() },
  sql: sql\`
    select
      ordered_on,
      count(*) as orders,
      sum(amount)::bigint as amount
    from \${silverOrders}
    group by ordered_on
  \`,
});
`;

/** The data of the shop: three orders, 60 in all. */
export const ordersCsv = `order_id,customer,amount,ordered_on,note
o1,ann,10,2026-01-01,first
o2,bob,20,2026-01-01,
o3,ann,30,2026-01-02,"a, b"
`;

/** A project of three tables that runs; each test breaks it in one place. */
export const shop = {
  "assay.config.ts": `import { defineProject } from "assay";\nexport default defineProject({ name: "shop" });\n`,
  "sources/orders.ts": ordersSource,
  "models/silver/orders.ts": silverModel,
  "models/gold/daily.ts": dailyModel,
  "data/orders.csv": ordersCsv,
} as const;

/** A file of the shop with a passage replaced. */
export function changed(file: keyof typeof shop, from: string | RegExp, to: string): Files {
  const text = shop[file].replace(from, to);
  expect(text, `${file} has no ${String(from)}`).not.toBe(shop[file]);
  return { [file]: text };
}

export const makeShop = (files: Files = {}): Promise<TestProject> => makeProject({ ...shop, ...files });

/** A shop with its tables published. */
export async function publishedShop(files: Files = {}): Promise<TestProject> {
  const project = await makeShop(files);
  const { code, stderr } = await project.assay(["run"]);
  expect(code, stderr).toBe(0);
  return project;
}

/** The shop's files as they were, and no others. */
export async function restore(project: TestProject): Promise<void> {
  for (const part of ["assay.config.ts", "sources", "models", "pipelines", "sinks", "data"]) {
    await rm(join(project.folder, part), { recursive: true, force: true });
  }
  await project.write(shop);
}

/** What readers see. */
export async function standing(project: TestProject): Promise<readonly unknown[]> {
  return project.query(
    "select (select sum(amount) from bronze.orders) as bronze, (select sum(amount) from silver.orders) as silver, sum(amount) as gold from gold.daily",
  );
}

export const asPublished = [{ bronze: "60", silver: "60", gold: "60" }];

export interface Refusal {
  readonly exit: number;
  readonly error: ErrorReport;
  readonly others: readonly ErrorReport[];
}

/** A command that is refused: one JSON document with the error, the same words for people on stderr, and no stack trace. */
export async function refusal(project: TestProject, args: readonly string[], options?: CommandOptions): Promise<Refusal> {
  const { code, stdout, stderr } = await project.assay([...args, "--json"], options);
  const { error } = JSON.parse(stdout) as { readonly error: ErrorReport & { readonly others: readonly ErrorReport[] } };
  if (error === undefined) throw new Error(`assay ${args.join(" ")} was not refused: ${stdout}`);
  const { others, ...first } = error;
  toldToPeople(first, stderr, stdout);
  return { exit: code, error: first, others };
}

export interface FailedRun {
  readonly run: RunResult;
  readonly failed: StepResult;
  readonly error: ErrorReport;
}

/** A run in which exactly one step fails: exit code 1, the error in the document and for people on stderr, and no stack trace. */
export async function failedRun(project: TestProject, args: readonly string[] = [], options?: CommandOptions): Promise<FailedRun> {
  const { code, stdout, stderr } = await project.assay(["run", ...args, "--json"], options);
  const run = JSON.parse(stdout) as RunResult;
  expect(run.status, stdout).toBe("failed");
  expect(code).toBe(1);
  const [failed, ...more] = run.steps.filter((step) => step.status === "failed");
  if (failed?.error == null || more.length > 0) throw new Error(`not exactly one step failed: ${stdout}`);
  toldToPeople(failed.error, stderr, stdout);
  return { run, failed, error: failed.error };
}

/** A run that succeeds. */
export async function goodRun(project: TestProject, args: readonly string[] = [], options?: CommandOptions): Promise<RunResult> {
  const { code, stdout, stderr } = await project.assay(["run", ...args, "--json"], options);
  expect(code, stdout + stderr).toBe(0);
  return JSON.parse(stdout) as RunResult;
}

function toldToPeople(error: ErrorReport, stderr: string, stdout: string): void {
  const told = flat(stderr);
  expect(told).toContain(error.code);
  expect(told).toContain(flat(error.message));
  expect(error.hint, `${error.code} has no hint`).not.toBeNull();
  expect(told).toContain(`hint:${flat(error.hint ?? "")}`);
  if (error.location !== null) expect(told).toContain(`at${flat(error.location.file)}:${error.location.line}`);
  expect(stderr + stdout).not.toMatch(/^\s+at .+:\d+:\d+\)?$|node:internal|INTERNAL/m);
}

/** Without colours, line breaks and indents. */
const flat = (text: string): string => stripVTControlCharacters(text).replace(/\s+/g, "");
