import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestProject } from "../support/project.ts";
import { asPublished, goodRun, makeShop, publishedShop, refusal, standing } from "./shop.ts";

const pipelines = {
  "pipelines/daily.ts": `import { pipeline } from "assay";
import { z } from "zod";

export const daily = pipeline("daily", {
  params: z.object({ scale: z.boolean().default(false), multiplier: z.int().min(1).max(5).default(2) }),
});
`,
};

let project: TestProject;
beforeAll(async () => {
  project = await publishedShop(pipelines);
});
afterAll(() => project.remove());

const declared = { file: "pipelines/daily.ts", line: 4 };

describe("run", () => {
  test.each<[string, readonly string[], string, string, string | RegExp, unknown]>([
    [
      "an unknown parameter",
      ["--param", "scal=true"],
      "PARAM_INVALID",
      "pipeline daily has no parameter scal",
      "did you mean scale?",
      null,
    ],
    [
      "no boolean",
      ["--param", "scale=yes"],
      "PARAM_INVALID",
      'parameter scale has to be true or false, not "yes"',
      "write it like --param scale=false",
      null,
    ],
    [
      "no number",
      ["--param", "multiplier=abc"],
      "PARAM_INVALID",
      'parameter multiplier has to be a whole number, not "abc"',
      "write it like --param multiplier=2",
      null,
    ],
    [
      "a number out of range",
      ["--param", "multiplier=9"],
      "PARAM_INVALID",
      "parameters of pipeline daily do not fit: multiplier: Too big: expected number to be <=5",
      "give a value that the pipeline's params allow",
      declared,
    ],
    ["no value", ["--param", "scale"], "PARAM_INVALID", "--param scale is not name=value", /^write it like --param /, null],
    ["an unknown pipeline", ["dayly"], "PIPELINE_UNKNOWN", "there is no pipeline dayly", "did you mean daily?", null],
    [
      "an unknown environment",
      ["--env", "prod"],
      "ENVIRONMENT_UNKNOWN",
      "the project has no environment prod",
      "known: dev",
      { file: "assay.config.ts", line: 2 },
    ],
    [
      "an unknown table",
      ["--select", "gold.dayly"],
      "SELECTION_EMPTY",
      "the selector gold.dayly matches no table",
      "did you mean gold.daily?",
      null,
    ],
    [
      "an unknown tag",
      ["--select", "tag:nightly"],
      "SELECTION_EMPTY",
      "the selector tag:nightly matches no table",
      "no table has a tag",
      null,
    ],
  ])("%s", async (_, args, code, message, hint, location) => {
    const { exit, error } = await refusal(project, ["run", ...args]);
    expect(exit).toBe(2);
    expect(error).toEqual({ code, message, hint: typeof hint === "string" ? hint : expect.stringMatching(hint), location });
  });

  test("nothing of it touched what was published", async () => {
    expect(await standing(project)).toEqual(asPublished);
    expect((await goodRun(project)).steps.every((step) => step.status === "skipped")).toBe(true);
  });
});

describe("words that are not understood", () => {
  test.each<[string, readonly string[], RegExp]>([
    ["a command", ["rnu"], /^unknown command 'rnu'\s*\(Did you mean run\?\)$/],
    ["an option", ["run", "--selct", "x"], /^unknown option '--selct'\s*\(Did you mean --select\?\)$/],
    ["an argument too many", ["run", "a", "b"], /too many arguments/],
    ["a missing argument", ["query"], /^missing required argument 'sql'$/],
    ["a limit that is no number", ["runs", "list", "--limit", "x"], /x is not a whole number$/],
    ["no data set to generate", ["generate"], /^the command is incomplete$|^unknown option/],
  ])("%s", async (_, args, says) => {
    const { exit, error } = await refusal(project, args);
    expect(exit).toBe(2);
    expect(error.code).toBe("USAGE");
    expect(error.message).toMatch(says);
    expect(error.hint).toMatch(/assay --help lists the commands/);
  });

  test("an option without its value", async () => {
    const { code, stderr } = await project.assay(["run", "--param"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error USAGE {2}option '--param <name=value>' argument missing\n {2}hint: assay --help/);
  });

  test("without a command the help is shown", async () => {
    const { code, stdout, stderr } = await project.assay([]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^Usage: assay/);
  });
});

describe("query", () => {
  test.each<[string, string, RegExp, RegExp]>([
    ["bad SQL", "selct 1", /syntax error at or near "selct"\nLINE 1: selct 1\n\s+\^/, /DuckDB's SQL/],
    ["an unknown column", "select amuont from gold.daily", /"amuont" not found[\s\S]*Candidate bindings: "amount"/, /DuckDB's SQL/],
    ["an unknown table", "select * from daily", /daily does not exist!\nDid you mean "gold\.daily"\?/, /named with their layer/],
    ["nothing", "", /^there is no statement$/, /^give one SELECT/],
    ["a delete", "delete from gold.daily", /^assay query only reads; this is no SELECT$/, /changed by their sources and models/],
    ["a drop behind a select", "select 1; drop table gold.daily", /^assay query only reads/, /then assay run$/],
    ["a copy to a file", "copy gold.daily to 'warehouse.duckdb'", /^assay query only reads/, /then assay run$/],
    ["an explained copy", "explain analyze copy gold.daily to 'warehouse.duckdb'", /^assay query only reads/, /then assay run$/],
  ])("%s", async (_, sql, says, hint) => {
    const { exit, error } = await refusal(project, ["query", sql]);
    expect(exit).toBe(1);
    expect(error.code).toBe("QUERY_FAILED");
    expect(error.message).toMatch(says);
    expect(error.hint).toMatch(hint);
  });

  test("all that reads is let through", async () => {
    for (const sql of ["from gold.daily", "describe gold.daily", "explain select * from gold.daily", "with a as (select 1) from a"]) {
      expect((await project.assay(["query", sql])).code, sql).toBe(0);
    }
    expect(await standing(project)).toEqual(asPublished);
  });
});

test("an unknown run and an unknown table", async () => {
  const { runs } = await project.json<{ readonly runs: readonly { readonly run_id: string }[] }>(["runs"]);
  const id = runs[0]?.run_id ?? "";
  const near = `${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`;
  expect(await refusal(project, ["runs", "show", near])).toMatchObject({
    exit: 2,
    error: { code: "RUN_UNKNOWN", message: `no run has the id ${near}`, hint: expect.stringMatching(/^did you mean /) },
  });
  expect(await refusal(project, ["quarantine", "show", "bronze.ordrs"])).toMatchObject({
    exit: 2,
    error: { code: "TABLE_UNKNOWN", message: "the project has no table bronze.ordrs", hint: "did you mean bronze.orders?" },
  });
});

test("before anything was built", async () => {
  const fresh = await makeShop();
  try {
    for (const args of [["query", "select 1"], ["runs"], ["runs", "show"], ["quarantine"]]) {
      expect(await refusal(fresh, args)).toMatchObject({
        exit: 1,
        error: { code: "NOTHING_BUILT", message: "environment dev holds no tables yet", hint: "run: assay run" },
      });
    }
    expect(await refusal(fresh, ["run", "--select", "gold.daily"])).toMatchObject({
      exit: 2,
      error: {
        code: "UPSTREAM_MISSING",
        message: "gold.daily reads silver.orders, which was never built and is not selected",
        hint: "select what it needs too: --select +gold.daily",
      },
    });
    expect(await refusal(fresh, ["run", "nightly"])).toMatchObject({
      error: { code: "PIPELINE_UNKNOWN", hint: "the project declares none; assay run without a name runs all tables" },
    });
  } finally {
    await fresh.remove();
  }
});
