import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { TestSummary } from "../../src/cli/render/render-tests.ts";
import type { ErrorReport } from "../../src/terms.ts";
import { root, type TestProject } from "../support/project.ts";
import { makeShop } from "../support/shop-project.ts";

let project: TestProject;
beforeAll(async () => {
  project = await makeShop({
    "seeds/labels.csv": "product,label\napple,Apple\npear,Pear\n",
    "models/gold/labels.ts": `import { model, seed, sql, t } from "assay";
import { sales } from "../silver/sales.ts";
export const labels = seed("labels", { columns: { product: t.varchar(), label: t.varchar() }, key: ["product"] });
export const labelled = model("gold.labelled", {
  grain: ["label"],
  columns: { label: t.varchar(), revenue: t.decimal(12, 2) },
  sql: sql\`select label, sum(price)::decimal(12, 2) as revenue from \${sales} join \${labels} using (product) group by label\`,
});
`,
  });
});
afterAll(() => project.remove());
beforeEach(() => project.remove("tests"));

const sales = (product: string, price: string, expect: string): string => `
  model: silver.sales
  given:
    bronze.orders: [{ order_id: 1, day: 2026-01-01 }]
    bronze.items: [{ order_id: 1, product: ${product}, price: ${price} }]
  expect: [{ price: ${expect} }]
`;

test("YAML and TypeScript, seeds from the project, no trace left", async () => {
  await project.write({
    "tests/sales.test.yaml": `apple:${sales("apple", "1.5", "1.50")}`,
    "tests/more/labels.ts": `import { modelTest, rows } from "assay";
import { labelled } from "../../models/gold/labels.ts";
import { sales } from "../../models/silver/sales.ts";
export const label = modelTest("label", {
  model: labelled,
  given: [rows(sales, "order_id,product,price\\n1,apple,2\\n2,apple,1\\n2,plum,9\\n")],
  expect: [{ label: "Apple", revenue: "3.00" }],
});
export const shared = "not a test";
`,
    "tests/vitest.test.ts": 'throw new Error("for another test runner");\n',
  });
  const { code, stdout, stderr } = await project.assay(["test"]);
  expect(stderr).toBe("");
  expect(stdout).toMatch(
    /^✓ label {2}tests\/more\/labels\.ts:4 · \d+ ms\n✓ apple {2}tests\/sales\.test\.yaml:1 · \d+ ms\n\n2 passed, 0 failed \(\d+ ms\)\n$/,
  );
  expect(code).toBe(0);
  for (const trace of ["warehouse.duckdb", "lake", ".assay"]) expect(existsSync(join(project.folder, trace)), trace).toBe(false);
});

test("a failing test: exit 1, the difference on stdout and in JSON", async () => {
  await project.write({ "tests/a.test.yaml": `good:${sales("apple", "1", "1")}bad:${sales("apple", "1", "2")}` });
  const { code, stdout } = await project.assay(["test"]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/✕ bad {2}tests\/a\.test\.yaml:7/);
  expect(stdout).toMatch(/\n {4}− {2}2\.00\n {4}\+ {2}1\.00\n/);
  expect(stdout).toMatch(/\n1 passed, 1 failed \(\d+ ms\)\n$/);
  const summary = await project.json<TestSummary>(["test"]);
  expect(summary).toMatchObject({
    passed: 1,
    failed: 1,
    tests: [
      { name: "good", status: "passed", failure: null, location: { file: "tests/a.test.yaml", line: 1 } },
      {
        name: "bad",
        model: "silver.sales",
        failure: { batch: null, diff: { missing: [{ price: "2.00" }], unexpected: [{ price: "1.00" }] } },
      },
    ],
  });
  expect((await project.assay(["test", "good"])).code).toBe(0);
});

test("wrong tests: exit 2, all of them told, none run", async () => {
  await project.write({
    "tests/a.test.yaml": `good:${sales("apple", "1", "1")}bad:${sales("apple", "cheap", "1")}worse:${sales("apple", "1", "dear")}`,
  });
  const { code, stdout, stderr } = await project.assay(["test"]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(
    /error TEST_INVALID {2}test "bad", bronze\.items row 1: price: "cheap" is no DECIMAL\(10,2\)\n {2}at tests\/a\.test\.yaml:11\n {2}hint: /,
  );
  expect(stderr).toMatch(/test "worse", expect, silver\.sales row 1: price: "dear" is no DECIMAL\(10,2\)\n {2}at tests\/a\.test\.yaml:18/);
  const { error } = await project.json<{ readonly error: ErrorReport }>(["test", "god"]);
  expect(error).toMatchObject({ code: "SELECTION_EMPTY", hint: "did you mean good?" });
});

test("a file that cannot be loaded, a name in two files, a project without tests", async () => {
  await project.write({ "tests/a.ts": "export const a = ;\n" });
  expect(await project.json(["test"])).toMatchObject({ error: { code: "PROJECT_INVALID", location: { file: "tests/a.ts", line: 1 } } });
  await project.remove("tests");
  await project.write({ "tests/a.test.yaml": `one:${sales("a", "1", "1")}`, "tests/b.test.yml": `one:${sales("a", "1", "1")}` });
  expect(await project.json(["test"])).toMatchObject({
    error: {
      code: "NAME_DUPLICATE",
      hint: "the other one stands in tests/a.test.yaml:1; rename one",
      location: { file: "tests/b.test.yml", line: 1 },
    },
  });
  await project.remove("tests");
  expect((await project.assay(["test"])).code).toBe(2);
  expect(await project.json(["test"])).toMatchObject({ error: { code: "SELECTION_EMPTY", message: "the project has no tests" } });
});

test("the example's tests pass", async () => {
  const example = join(root, "examples", "nova-retail");
  const { code, stdout } = await project.assay(["test", "--project", example]);
  expect(stdout).toMatch(/\n5 passed, 0 failed \(\d+ ms\)\n$/);
  expect(code).toBe(0);
});
