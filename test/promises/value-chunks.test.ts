import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { stepsRun } from "../support/run-document.ts";

let server: PostgresServer;
let project: TestProject;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
}, 120_000);
afterAll(() => server.stop());

const daily = (chunks: string, checks = ""): string => `/*
grain: [day]
materialize: { incremental: { by: [day]${chunks} } }
${checks}*/
select day, sum(cast(total as integer))::integer as total from bronze.sales group by day
`;
const days = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"];
const csv = (third: string): string =>
  `id,day,total\n${days.map((day, index) => `${index},${day},${index === 2 ? third : `${index + 1}0`}\n`).join("")}`;
const inTwos = daily(", chunks: { values: 2, concurrency: 2 }");
const environments = [["local"], ["pro"]] as const;

beforeEach(async () => {
  const database = await server.createDatabase("chunks");
  project = await makeProject(
    {
      "assay.config.ts": `import { defineProject, duckdb, env, postgres } from "assay";
export default defineProject({ name: "chunks", environments: {
  local: { engine: duckdb("./warehouse.duckdb") },
  pro: { engine: postgres(env("URL")) },
} });
`,
      "sources/sales.ts": `import { bronze, csv, t } from "assay";
export const sales = bronze("sales", { from: csv("data/sales.csv"), columns: { id: t.integer(), day: t.date(), total: t.varchar() }, key: ["id"] });
`,
      "data/sales.csv": csv("30"),
      "models/gold/daily.sql": inTwos,
    },
    { env: { URL: database.url } },
  );
});
afterEach(() => project.remove());

test("the plan says how a model is built in full, the chunks of a run are one line, and equal what one piece makes", async () => {
  expect((await project.assay(["plan"])).stdout).toMatch(/gold\.daily \(split\)[\s\S]+in full, in chunks of 2 values of day/);
  const { stdout } = await project.assay(["run"]);
  expect(stdout).toMatch(/gold\.daily \[3 chunks\]\s/);
  expect(stdout).not.toContain("[1/3]");
  const verified = await project.json(["verify", "gold.daily"]);
  expect(verified).toMatchObject({ results: [{ status: "verified" }] });
  await project.write({ "models/gold/daily.sql": daily("") });
  expect(stepsRun(await project.json<RunResult>(["run"]))).toEqual([]);
  await project.write({ "models/gold/daily.sql": daily(", chunks: { values: 0 }") });
  expect((await project.assay(["check"])).stderr).toContain("chunks.values");
  await project.write({ "models/gold/daily.sql": inTwos, "models/gold/monthly.ts": monthly });
  expect((await project.assay(["check"])).stderr).toContain("chunks is not { values, concurrency }");
  await project.remove("models/gold/monthly.ts");
  await project.write({ "tests/daily.ts": daysTest });
  const tested = await project.assay(["test"]);
  expect(tested.code, tested.stdout + tested.stderr).toBe(0);
});

const monthly = `import { incremental, model, sql, t } from "assay";
export const monthly = model("gold.monthly", {
  grain: ["day"],
  columns: { day: t.date() },
  materialize: incremental({ by: ["day"], chunks: { values: 2, rows: 4 } as never }),
  sql: sql\`select distinct day from bronze.sales\`,
});
`;

const daysTest = `import { modelTest, rows } from "assay";
import { sales } from "../sources/sales.ts";
export const sums = modelTest("sums", {
  model: { name: "gold.daily" },
  given: [rows(sales, [{ id: 1, day: "2026-01-01", total: "1" }, { id: 2, day: "2026-01-02", total: "2" }, { id: 3, day: "2026-01-03", total: "4" }])],
  expect: [{ day: "2026-01-01", total: 1 }, { day: "2026-01-02", total: 2 }, { day: "2026-01-03", total: 4 }],
});
`;

test.each(environments)(
  "%s: chunks of a build that failed wait for the next run, and are known to those who clean",
  async (name) => {
    const env = ["--env", name];
    await project.write({ "data/sales.csv": csv("thirty") });
    const failed = await project.json<RunResult>(["run", ...env]);
    const own = failed.steps.filter(({ table }) => table === "gold.daily");
    expect(own.map(({ step, status }) => `${step} ${status}`)).toEqual([
      "split gold.daily succeeded",
      "build gold.daily skipped",
      "build gold.daily [1/3] succeeded",
      "build gold.daily [2/3] failed",
      "build gold.daily [3/3] succeeded",
    ]);
    interface Found {
      readonly objects: readonly { readonly name: string }[];
      readonly kept: readonly string[];
    }
    const found = await project.json<Found>(["env", "clean", "--dry-run", ...env]);
    expect(found.objects.map((object) => object.name)).toEqual(
      expect.arrayContaining(["assay.gold.daily values", "assay.gold.daily rows"]),
    );
    expect(found.kept).toEqual([]);

    const chunksOf = async (): Promise<unknown> => project.json<{ items: { name: string; because: string }[] }>(["clean", ...env]);
    expect(await chunksOf()).not.toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ name: "chunks of gold.daily" })]),
    });
    await project.write({ "models/gold/daily.sql": daily("") });
    const because = "the project no longer builds it in chunks";
    expect(await chunksOf()).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ kind: "chunks", because })]) });
    const after = await project.json<Found>(["env", "clean", "--dry-run", ...env]);
    expect(after.objects.map((object) => object.name)).not.toContain("assay.gold.daily rows");
    expect(await project.json(["query", "select count(*)::integer as n from assay.chunks", ...env])).toMatchObject({ rows: [[0]] });

    await project.write({ "models/gold/daily.sql": inTwos, "data/sales.csv": csv("30") });
    expect((await project.json<RunResult>(["run", ...env])).status).toBe("succeeded");
    expect(await project.json(["verify", "gold.daily", ...env])).toMatchObject({ results: [{ status: "verified" }] });
  },
  120_000,
);
