import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { makeProject, type TestProject } from "../support/project.ts";

const config = 'import { defineProject } from "assay";\nexport default defineProject({ name: "starts" });\n';
const source = `import { bronze, csv, t } from "assay";
export const orders = bronze("orders", { from: csv("orders.csv"), columns: { id: t.varchar(), amount: t.integer() }, key: ["id"] });
`;
const model = (factor: string): string => `/*
grain: [id]
columns:
  id: varchar
  amount: integer
checks:
  - between: { column: amount, min: 0 }
*/
select id, amount * ${factor} as amount from bronze.orders
`;

let project: TestProject;
beforeEach(async () => {
  project = await makeProject({
    "assay.config.ts": config,
    "sources/orders.ts": source,
    "models/silver/orders.sql": model("1"),
    "orders.csv": "id,amount\na,1\nb,2\n",
  });
});
afterEach(() => project.remove());

const run = (): Promise<RunResult> => project.json<RunResult>(["run"]);
const amounts = (): Promise<unknown> => project.query("select sum(amount) as amount from silver.orders");

test("a model that is edited between two starts is read anew; a damaged cache costs time and nothing else", async () => {
  await run();
  const cache = join(project.folder, ".assay/sql-files.json");
  expect(await readFile(cache, "utf8")).toContain("amount * 1");
  await project.write({ "models/silver/orders.sql": model("10") });
  await run();
  expect(await amounts()).toEqual([{ amount: "30" }]);
  await project.write({ ".assay/sql-files.json": "{" });
  expect((await run()).steps.map((step) => step.status)).toEqual(["skipped", "skipped"]);
  expect(await readFile(cache, "utf8")).toContain("amount * 10");
  await project.write({ "models/silver/orders.sql": model("10").replace("min: 0", "min: 11") });
  expect((await project.assay(["run"])).code).toBe(1);
});

test("what is wrong in a model's opening comment is told at each start", async () => {
  await project.write({ "models/silver/orders.sql": model("1").replace("amount: integer", "amount: integre") });
  for (const _ of [1, 2]) {
    const { code, stderr } = await project.assay(["check"]);
    expect(code).toBe(2);
    expect(stderr).toContain("column amount has no known type: integre");
  }
});
