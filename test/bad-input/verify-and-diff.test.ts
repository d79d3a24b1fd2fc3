import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestProject } from "../support/project.ts";
import { goodRun, makeShop, publishedShop, refusal } from "./shop.ts";

const files = {
  "assay.config.ts": `import { defineProject, duckdb } from "assay";
export default defineProject({
  name: "shop",
  environments: {
    dev: { engine: duckdb("./warehouse.duckdb") },
    pro: { engine: duckdb("./pro.duckdb") },
    twin: { engine: duckdb("./warehouse.duckdb") },
    empty: { engine: duckdb("./empty.duckdb") },
  },
});
`,
  "models/gold/shown.sql": "/*\ngrain: [order_id]\nmaterialize: view\n*/\nselect order_id from silver.orders\n",
};

let project: TestProject;
beforeAll(async () => {
  project = await publishedShop(files);
  await goodRun(project, ["--env", "pro", "--select", "silver.*", "--select", "bronze.*"]);
});
afterAll(() => project.remove());

test.each<[string, readonly string[], string, string | RegExp, string | RegExp]>([
  [
    "verify of a view",
    ["verify", "gold.shown"],
    "NOT_COMPARABLE",
    "gold.shown is a view: it stores no rows that could differ from its SQL",
    "verify takes stored models, for example assay verify gold.*",
  ],
  [
    "verify of a bronze table",
    ["verify", "bronze.orders"],
    "NOT_COMPARABLE",
    "bronze.orders is no model: it holds what its source gave",
    /^verify takes stored models/,
  ],
  [
    "verify of an unknown model",
    ["verify", "gold.dayly"],
    "SELECTION_EMPTY",
    "the selector gold.dayly matches no table",
    "did you mean gold.daily?",
  ],
  ["samples that are no number", ["verify", "--samples", "many"], "USAGE", /many is not a whole number$/, /^assay --help/],
  [
    "diff of nothing",
    ["diff"],
    "USAGE",
    "diff compares two runs, or tables in two environments",
    /^assay diff last~1 last, or assay diff --table/,
  ],
  ["diff of an unknown run", ["diff", "2030", "last"], "RUN_UNKNOWN", "no run has the id 2030", /^(?:did you mean|known: )/],
  [
    "diff of a run further back than there are",
    ["diff", "last~7"],
    "RUN_UNKNOWN",
    "no run is last~7: there is 1 run",
    "assay runs list shows them",
  ],
  [
    "diff of a run with itself",
    ["diff", "last", "last"],
    "USAGE",
    /^last and last are the same run, /,
    "what the last run changed: assay diff last~1 last",
  ],
  [
    "diff of three environments",
    ["diff", "--table", "x", "--env", "dev", "--env", "pro", "--env", "twin"],
    "USAGE",
    /^diff compares two/,
    /--env dev/,
  ],
  ["diff of runs in two environments", ["diff", "last~1", "last", "--env", "dev", "--env", "pro"], "USAGE", /^diff compares two/, /last~1/],
  [
    "diff of environments without a table",
    ["diff", "--env", "dev", "--env", "pro"],
    "USAGE",
    "diff of two environments needs --table",
    "assay diff --table gold.* --env dev --env pro",
  ],
  [
    "an unknown environment",
    ["diff", "--table", "gold.daily", "--env", "dev", "--env", "prod"],
    "ENVIRONMENT_UNKNOWN",
    /no environment prod$/,
    "did you mean pro?",
  ],
  [
    "an unknown table",
    ["diff", "--table", "gold.dayly", "--env", "dev", "--env", "pro"],
    "SELECTION_EMPTY",
    /gold\.dayly matches no table/,
    /gold\.daily/,
  ],
  [
    "two environments with one database",
    ["diff", "--table", "gold.daily", "--env", "dev", "--env", "twin"],
    "USAGE",
    "environments dev and twin have the same database",
    "name two environments with databases of their own",
  ],
  [
    "a table that one environment does not have",
    ["diff", "--table", "gold.daily", "--env", "dev", "--env", "pro"],
    "NOT_COMPARABLE",
    "environment pro has no gold.daily",
    "build it there: assay run --env pro --select +gold.daily",
  ],
])("%s", async (_, args, code, message, hint) => {
  const { exit, error } = await refusal(project, args);
  expect(error.code).toBe(code);
  expect(error.message).toEqual(typeof message === "string" ? message : expect.stringMatching(message));
  expect(error.hint).toEqual(typeof hint === "string" ? hint : expect.stringMatching(hint));
  expect(exit).toBe(2);
});

test("an environment where nothing was built", async () => {
  expect(await refusal(project, ["diff", "--table", "gold.daily", "--env", "dev", "--env", "empty"])).toMatchObject({
    exit: 1,
    error: { code: "NOTHING_BUILT", message: "environment empty holds no tables yet" },
  });
  expect(await refusal(project, ["verify", "--env", "empty"])).toMatchObject({ exit: 1, error: { code: "NOTHING_BUILT" } });
});

test("a table that one environment does not have, beside one that both have", async () => {
  const { code, stdout } = await project.assay([
    "diff",
    "--table",
    "silver.orders",
    "--table",
    "gold.daily",
    "--env",
    "dev",
    "--env",
    "pro",
  ]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/✓ equal {4}silver\.orders/);
  expect(stdout).toMatch(/✕ missing {2}gold\.daily[^\n]*\n {4}environment pro has no gold\.daily/);
});

test("a model that was never built", async () => {
  await project.write({ "models/gold/more.sql": "/*\ngrain: [order_id]\n*/\nselect order_id from silver.orders\n" });
  const { code, stdout } = await project.assay(["verify", "more"]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/▲ stale .*gold\.more/);
  expect(stdout).toContain("it was never built");
});

test("the beginning of a run's id is enough, unless it is the beginning of several", async () => {
  const first = (await goodRun(project)).run_id;
  expect((await project.assay(["runs", "show", "last"])).stdout).toContain(first);
  expect((await project.assay(["runs", "show", first.slice(0, -2)])).stdout).toContain(first);
  const { error } = await refusal(project, ["diff", "20", "last"]);
  expect(error).toMatchObject({ code: "RUN_UNKNOWN", message: "20 is the beginning of 2 runs", hint: expect.stringContaining(first) });
});

test("a database in use", async () => {
  const { fileDatabase } = await import("../../src/adapters/duckdb/database.ts");
  const owner = await fileDatabase(`${project.folder}/pro.duckdb`);
  try {
    for (const args of [
      ["verify", "--env", "pro"],
      ["diff", "--table", "silver.orders", "--env", "dev", "--env", "pro"],
    ]) {
      expect(await refusal(project, args)).toMatchObject({ exit: 1, error: { code: "PROJECT_LOCKED" } });
    }
  } finally {
    owner.close();
  }
});

test("before anything was built no database is made", async () => {
  const fresh = await makeShop();
  try {
    expect(await refusal(fresh, ["verify"])).toMatchObject({ exit: 1, error: { code: "NOTHING_BUILT" } });
    expect(await refusal(fresh, ["diff", "last~1", "last"])).toMatchObject({ exit: 1, error: { code: "NOTHING_BUILT" } });
    expect(await refusal(fresh, ["runs"])).toMatchObject({ error: { code: "NOTHING_BUILT" } });
  } finally {
    await fresh.remove();
  }
});
