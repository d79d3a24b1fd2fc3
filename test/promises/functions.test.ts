import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { stepOf, stepsRun } from "../support/run-document.ts";

const code = (body: string): string => `
  import { sql, sqlFunction, t } from "assay";
  export const mark = sqlFunction("mark", { params: {}, result: t.varchar(), duckdb: sql\`'!'\` });
  export const joined = sqlFunction("joined", {
    params: { a: t.varchar(), b: t.bigint() },
    result: t.varchar(),
    duckdb: sql\`${body}\`,
  });`;

/** Rows enough that a few changed ones are followed one by one. */
const more = Array.from({ length: 300 }, (_, index) => `${100 + index},m,${index}\n`).join("");

const files = {
  "assay.config.ts": 'import { defineProject } from "assay"; export default defineProject({ name: "p" });',
  "functions/joined.ts": code("a || b || mark()"),
  "data/words.csv": `id,a,b\n1,x,5\n2,,6\n3,ü,7\n${more}`,
  "sources/words.ts": `
    import { bronze, check, csv, t } from "assay";
    export const words = bronze("words", {
      from: csv("data/words.csv"),
      columns: { id: t.bigint(), a: t.varchar({ nullable: true }), b: t.bigint() },
      key: ["id"],
      checks: [check.expression("has_word", "joined(a, b) is not null", { severity: "quarantine" })],
    });`,
  "models/words.ts": `
    import { check, incremental, model, sql, t, view } from "assay";
    import { joined } from "../functions/joined.ts";
    const columns = { id: t.bigint(), word: t.varchar() };
    export const stored = model("silver.stored", {
      grain: ["id"],
      columns,
      materialize: incremental({ by: ["word"] }),
      checks: [check.expression("not_refused", "joined(word, id) not like '%refused%'", { severity: "quarantine" })],
      sql: sql\`select id, \${joined}(a, id) as word from bronze.words\`,
    });
    export const shown = model("gold.shown", {
      grain: ["id"],
      columns,
      materialize: view(),
      checks: [check.expression("short", "length(word) < 10")],
      sql: sql\`select id, joined(a, b) as word from bronze.words\`,
    });
    export const other = model("gold.other", { grain: ["id"], columns: { id: t.bigint() }, sql: sql\`select id from bronze.words\` });`,
  "tests/words.test.yaml": `
a function in a test:
  model: gold.shown
  given:
    bronze.words: [{ id: 1, a: k, b: 2 }]
  expect: [{ id: 1, word: "k2!" }]
`,
};

let project: TestProject;
beforeEach(async () => {
  project = await makeProject(files);
});
afterEach(() => project.remove());

const run = (): Promise<RunResult> => project.json<RunResult>(["run"]);
const shown = (): Promise<readonly unknown[]> => project.query("select word from gold.shown where id < 100 order by id");
const versions = (): Promise<readonly unknown[]> =>
  project.query("select function_name from duckdb_functions() where schema_name = 'assay_functions' and function_name like 'joined_%'");

test("a function works in models, views, checks, rules of quarantine, tests and queries", async () => {
  const first = await run();
  expect(first.status).toBe("succeeded");
  expect(stepOf(first, "ingest bronze.words").quarantined).toBe(1);
  expect(await shown()).toEqual([{ word: "x5!" }, { word: "ü7!" }]);
  expect(await project.query("select id, word from silver.stored where id < 100 order by id")).toEqual([
    { id: "1", word: "x1!" },
    { id: "3", word: "ü3!" },
  ]);
  expect(await project.query("select joined('k', 2) as word")).toEqual([{ word: "k2!" }]);
  expect(await project.json(["test"])).toMatchObject({ passed: 1, failed: 0 });
  expect(stepsRun(await run())).toEqual([]);
});

test("arguments may be columns of the parameters' names, and are taken once, with the parameters' types", async () => {
  await project.write({
    "functions/joined.ts": code("a || typeof(b) || b || a"),
    "models/words.ts": `
      import { model, sql, t } from "assay";
      export const swapped = model("gold.swapped", {
        grain: ["id"],
        columns: { id: t.bigint(), word: t.varchar() },
        sql: sql\`select id, joined(b, a) as word from (select id, b::varchar as b, id::integer as a from bronze.words)\`,
      });`,
    "tests/words.test.yaml": "",
  });
  expect((await run()).status).toBe("succeeded");
  expect(await project.query("select word from gold.swapped where id < 100 order by id")).toEqual([
    { word: "5BIGINT15" },
    { word: "7BIGINT37" },
  ]);
});

test("another layout runs nothing; another body runs what calls it, and what it calls counts", async () => {
  await run();
  await project.write({ "functions/joined.ts": code("\n  a || /* then */ b\n  || mark()") });
  expect(stepsRun(await run())).toEqual([]);
  await project.write({ "functions/joined.ts": code("a || '-' || b || mark()") });
  const second = await run();
  expect(stepsRun(second)).toEqual(["build gold.other", "build gold.shown", "build silver.stored", "ingest bronze.words"]);
  expect(await shown()).toEqual([{ word: "x-5!" }, { word: "ü-7!" }]);
  await project.write({ "functions/joined.ts": code("a || '-' || b || mark()").replace("'!'", "'?'") });
  expect(stepsRun(await run())).toEqual(["build gold.other", "build gold.shown", "build silver.stored", "ingest bronze.words"]);
  expect(await shown()).toEqual([{ word: "x-5?" }, { word: "ü-7?" }]);
  // And back.
  await project.write({ "functions/joined.ts": code("a || b || mark()") });
  await run();
  expect(await shown()).toEqual([{ word: "x5!" }, { word: "ü7!" }]);
  expect(await project.query("select joined('k', 2) as word")).toEqual([{ word: "k2!" }]);
  expect((await versions()).length).toBeLessThanOrEqual(2);
});

test("a view keeps what it showed when its rows by the new body fail a check", async () => {
  await run();
  await project.write({ "functions/joined.ts": code("a || b || 'far too long'") });
  const failed = await run();
  expect(failed.status).toBe("failed");
  expect(stepOf(failed, "build gold.shown").error?.code).toBe("CHECK_FAILED");
  expect(await shown()).toEqual([{ word: "x5!" }, { word: "ü7!" }]);
  expect(await versions()).toHaveLength(2);
});

test("a table whose partition is a function's value is refreshed to what a full build makes", async () => {
  await run();
  await project.write({ "data/words.csv": `id,a,b\n1,x,5\n3,o,7\n4,x,1\n${more}` });
  const second = await run();
  expect(second.status).toBe("succeeded");
  expect(stepOf(second, "build silver.stored").changes).toEqual({ inserted: 1, updated: 1, deleted: 0 });
  expect(await project.json(["verify"])).toMatchObject({
    results: [{ table: "gold.other" }, { table: "silver.stored", status: "verified" }],
  });
  expect(await project.query("select word from silver.stored where id < 100 order by id")).toEqual([
    { word: "x1!" },
    { word: "o3!" },
    { word: "x4!" },
  ]);
});

test("verify uses the function as the published table was built with it, or says that it is stale", async () => {
  await run();
  await project.write({ "functions/joined.ts": code("a || b || 'other'") });
  expect(await project.json(["verify", "silver.stored"])).toMatchObject({ results: [{ status: "stale" }] });
  expect(await project.json(["verify", "silver.stored", "--stale"])).toMatchObject({ results: [{ status: "differs" }] });
});

test("a body that fails on a row fails the step, by its message", async () => {
  await project.write({ "functions/joined.ts": code("a || (case when b > 6 then error('no ' || b)::varchar else b::varchar end)") });
  const failed = await run();
  expect(failed.status).toBe("failed");
  expect(stepOf(failed, "ingest bronze.words").error?.code).not.toBe("INTERNAL");
  expect(stepOf(failed, "ingest bronze.words").error?.message).toContain("no 7");
});
