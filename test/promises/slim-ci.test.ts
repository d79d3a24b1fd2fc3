import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileDatabase } from "../../src/adapters/duckdb/database.ts";
import type { TableDiff } from "../../src/execute/table-diff.ts";
import type { AgainstReport } from "../../src/observe/against-report.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { RunResult } from "../../src/terms.ts";
import { chainFile, chainFiles, makeChain } from "../support/chain-project.ts";
import type { TestProject } from "../support/project.ts";

type HeldRun = RunResult & { readonly against: AgainstReport; readonly error?: { readonly code: string; readonly message: string } };

const slim = ["--env", "ci", "--against", "pro"] as const;
const doubled = chainFile("models/silver/net.sql", "price * 1", "price * 2");
const rest = ["bronze.orders", "bronze.shops", "gold.shops", "silver.lines", "silver.priced"];

let project: TestProject;
beforeEach(async () => {
  project = await makeChain();
  expect((await project.assay(["run", "--env", "pro"])).code).toBe(0);
});
afterEach(() => project.remove());

const run = (...args: readonly string[]): Promise<HeldRun> => project.json<HeldRun>(["run", ...slim, ...args]);
const steps = (result: RunResult, kind: string): readonly string[] =>
  result.steps.flatMap((step) => (step.kind === kind && step.status === "succeeded" ? [step.table] : [])).sort();
const summary = (): Promise<string> => readFile(join(project.folder, ".assay/ci/summary.md"), "utf8");

/** Everything of pro on disk: its database, byte for byte, and the files of the lake. */
async function onDisk(): Promise<unknown> {
  const bytes = await readFile(join(project.folder, "pro.duckdb"));
  const lake = readdirSync(join(project.folder, "lake"), { recursive: true }).map(String).sort();
  return { database: createHash("sha256").update(bytes).digest("hex"), wal: existsSync(join(project.folder, "pro.duckdb.wal")), lake };
}

/** Tables of two environments whose rows differ. */
async function differing(a: string, b: string, tables = "*"): Promise<readonly string[]> {
  const { tables: diffs } = await project.json<{ tables: readonly TableDiff[] }>(["diff", "--table", tables, "--env", a, "--env", b]);
  return diffs.flatMap((diff) => (diff.status === "equal" ? [] : [diff.table]));
}

describe("a changed model in the middle of a chain", () => {
  test("is built with what depends on it, and nothing else; the rest is read from pro, which stays as it was", async () => {
    const before = await onDisk();
    await project.write(doubled);
    const plan = await project.json<Plan & { against: AgainstReport }>(["plan", ...slim]);
    expect(plan.against.tables.map(({ table, kind, parts }) => [table, kind, parts])).toEqual([
      ["silver.net", "changed", ["sql"]],
      ["gold.daily", "downstream", []],
      ["gold.history", "downstream", []],
      ["gold.log", "downstream", []],
      ["gold.top", "downstream", []],
    ]);
    expect(existsSync(join(project.folder, "ci.duckdb"))).toBe(false);

    const result = await run();
    expect(result.status).toBe("succeeded");
    expect(steps(result, "build")).toEqual(["gold.daily", "gold.history", "gold.log", "gold.top", "silver.net"]);
    expect(steps(result, "ingest")).toEqual([]);
    expect(steps(result, "defer")).toEqual([...rest, "gold.history", "gold.log"].sort());
    expect(await onDisk()).toEqual(before);

    expect((await project.assay(["run", "--env", "full"])).code).toBe(0);
    // What was added to a log once stays as it was.
    expect(await differing("full", "ci")).toEqual(["gold.log"]);
    expect(await differing("pro", "ci", "gold.log")).toEqual([]);
  });

  test("is not built again when nothing changed since; reverted, it is read from pro again", async () => {
    await project.write(doubled);
    await run();
    const again = await run();
    expect(again.steps.filter((step) => step.status !== "skipped")).toEqual([]);
    expect(again.against.tables.map(({ status }) => status)).toEqual(Array(5).fill("kept"));
    expect(again.against.tables[0]?.diff?.comparison?.changed).toBe(3);

    await project.write({ "models/silver/net.sql": chainFiles["models/silver/net.sql"] ?? "" });
    const reverted = await run();
    expect(steps(reverted, "build")).toEqual([]);
    expect(reverted.against.tables).toEqual([]);
    expect(await differing("pro", "ci")).toEqual([]);

    await project.write(doubled);
    expect(steps(await run(), "build")).toEqual(["gold.daily", "gold.history", "gold.log", "gold.top", "silver.net"]);
    expect((await project.query("select 1 as one")).length).toBe(1);
    expect((await run()).against.tables[0]?.diff?.comparison?.changed).toBe(3);
  });

  test("is built again when pro has other rows of what it reads, and only what reads those", async () => {
    await project.write(chainFile("models/gold/shops.sql", "city", "upper(city) as city"));
    await run();
    await project.write({ "data/orders.csv": `${chainFiles["data/orders.csv"]}4,2026-01-03,40.00\n` });
    expect((await project.assay(["run", "--env", "pro", "--select", "bronze.orders+"])).code).toBe(0);
    const orders = await run();
    expect(steps(orders, "build")).toEqual([]);
    expect(steps(orders, "defer")).toContain("gold.top");
    expect(await differing("pro", "ci")).toEqual(["gold.shops"]);

    await project.write({ "data/shops.csv": "shop,city\n1,Rome\n2,Bern\n" });
    // Held against pro, its own source is not looked at.
    expect(steps(await run(), "build")).toEqual([]);
    await project.write({ "models/gold/shops.sql": chainFiles["models/gold/shops.sql"] ?? "" });
    expect((await project.assay(["run", "--env", "pro"])).code).toBe(0);
    await project.write(chainFile("models/gold/shops.sql", "city", "upper(city) as city"));
    expect(steps(await run(), "build")).toEqual(["gold.shops"]);
  });
});

describe("nothing is changed", () => {
  test("by layout, comments, keywords in capitals, moved files and another order", async () => {
    await project.write({
      "models/silver/net.sql": `/*
checks:
  - between: { column: price, min: 0, severity: error }
grain: [ id ]
description: What is left
*/
-- net of nothing
SELECT id, day,
  price*1 AS price   /* as it is */
FROM silver.priced
`,
      "functions/taxed.ts": `${chainFiles["functions/taxed.ts"]}`.replace("(price * 1.2)", "( price*1.2 )"),
      "sources/all.ts": `${chainFiles["sources/all.ts"]}`.replace(/(export const orders[\s\S]*?\n}\);\n)([\s\S]*)/, "$2\n\n$1"),
    });
    await rename(join(project.folder, "models/gold/daily.ts"), join(project.folder, "models/per-day.ts"));
    const result = await run();
    expect(result.against).toMatchObject({ changed: 0, built: 0, tables: [] });
    expect(steps(result, "build")).toEqual([]);
    expect(await summary()).toContain("**No table changed**");
    expect(await differing("pro", "ci")).toEqual([]);
  });
});

describe("the gate", () => {
  test("a check that fails: exit 1, said in the summary, what depends on it is skipped, pro is not touched", async () => {
    const before = await onDisk();
    await project.write(chainFile("models/silver/net.sql", "price * 1", "price - 20"));
    const { code, stdout } = await project.assay(["run", ...slim, "--summary", "out/comment.md"]);
    expect(code).toBe(1);
    expect(stdout).toContain("out/comment.md");
    const text = await readFile(join(project.folder, "out/comment.md"), "utf8");
    expect(text).toBe(await summary());
    expect(text).toContain("❌ **5 tables changed**");
    expect(text).toContain("1 check failed");
    expect(text).toMatch(/### Failed\n\n- `silver\.net`: \*\*between price\*\* – .*-8\.00/);
    expect(text).toContain("⏭️ skipped");
    expect(await onDisk()).toEqual(before);
  });

  test("a changed check is run; one that only warns lets it pass", async () => {
    await project.write(chainFile("models/silver/net.sql", "min: 0", "min: 15, severity: warn"));
    const result = await run();
    expect(result.status).toBe("succeeded");
    expect(result.against.tables[0]).toMatchObject({ table: "silver.net", parts: ["checks"], problems: [{ status: "warned" }] });
    expect(await summary()).toContain("⚠️ built, 1 warning");
  });

  test("new, removed and changed columns are told by the plan already", async () => {
    await project.write({
      "models/gold/shops.sql": "/*\ngrain: [shop]\n*/\nselect shop::bigint as shop, upper(city) as town from bronze.shops\n",
      "models/gold/new.sql": "/*\ngrain: [shop]\n*/\nselect shop from bronze.shops\n",
    });
    await project.remove("models/gold/top.sql");
    const { against } = await project.json<{ against: AgainstReport }>(["plan", ...slim, "--summary", "plan.md"]);
    expect(against.removed).toEqual(["gold.top"]);
    expect(against.tables.map(({ table, kind, columns }) => ({ table, kind, columns }))).toEqual([
      { table: "gold.new", kind: "new", columns: null },
      {
        table: "gold.shops",
        kind: "changed",
        columns: {
          added: [{ name: "town", type: "VARCHAR" }],
          removed: [{ name: "city", type: "VARCHAR" }],
          types: [{ column: "shop", old: "INTEGER", new: "BIGINT" }],
        },
      },
    ]);
    expect(await readFile(join(project.folder, "plan.md"), "utf8")).toContain("column added: `town` VARCHAR");
  });
});

describe("a changed source", () => {
  test("is ingested into a lake of ci's own", async () => {
    const before = await onDisk();
    await project.write(chainFile("sources/all.ts", "city: t.varchar()", "city: t.varchar({ nullable: true })"));
    await project.write({
      "data/shops.csv": "shop,city\n1,Rome\n2,\n",
      ...chainFile("models/gold/shops.sql", "city", "coalesce(city, '?') as city"),
    });
    const result = await run();
    expect(result.status).toBe("succeeded");
    expect(steps(result, "ingest")).toEqual(["bronze.shops"]);
    expect(await onDisk()).toEqual(before);
    expect(existsSync(join(project.folder, ".assay/ci/lake/bronze/shops"))).toBe(true);
    // An ordinary run of ci goes by itself again: everything is made there.
    expect((await project.assay(["run", "--env", "ci"])).code).toBe(0);
    expect((await project.assay(["run", "--env", "full"])).code).toBe(0);
    expect(await differing("full", "ci")).toEqual([]);
  });
});

describe("a history", () => {
  test("is taken from pro and gone on with, as pro would", async () => {
    await project.write({ "data/orders.csv": "id,day,price\n1,2026-01-01,10.00\n2,2026-01-05,21.00\n" });
    expect((await project.assay(["run", "--env", "pro"])).code).toBe(0);
    await project.write({
      ...chainFile("models/gold/history.ts", "select id, day,", "select id, day + 0 as day,"),
      ...chainFile("models/gold/log.ts", "select id,", "select id + 0 as id,"),
    });
    const result = await run();
    expect(result.status).toBe("succeeded");
    expect(steps(result, "build")).toEqual(["gold.history", "gold.log"]);
    expect(result.against.tables.map(({ notes }) => notes[0])).toEqual(Array(2).fill("its history was taken from pro, and gone on with"));
    // Rows that no SQL yields any more are there.
    expect(await differing("pro", "ci")).toEqual([]);
    const { rows } = await project.json<{ rows: unknown[] }>(["query", "--env", "ci", "select 1 from gold.history where id = 2"]);
    expect(rows).toHaveLength(2);
    expect((await project.assay(["run", "--env", "pro"])).code).toBe(0);
    expect(await differing("pro", "ci")).toEqual([]);
  });
});

describe("wrong use", () => {
  const errorOf = async (...args: readonly string[]): Promise<{ code: number; error: { code: string; message: string; hint: string } }> => {
    const { code, stdout } = await project.assay([...args, "--json"]);
    return { code, ...JSON.parse(stdout) };
  };

  test("each is told as what it is", async () => {
    expect(await errorOf("run", "--env", "ci", "--against", "prod")).toMatchObject({
      code: 2,
      error: { code: "ENVIRONMENT_UNKNOWN", message: "the project has no environment prod", hint: expect.stringContaining("pro") },
    });
    expect(await errorOf("run", "--env", "pro", "--against", "pro")).toMatchObject({ code: 2, error: { code: "USAGE" } });
    expect(await errorOf("run", "--env", "ci", "--summary", "x.md")).toMatchObject({ code: 2, error: { code: "USAGE" } });
    for (const command of ["plan", "run"]) {
      expect(await errorOf(command, "--env", "ci", "--against", "full")).toMatchObject({
        code: 1,
        error: { code: "NOTHING_BUILT", message: "environment full holds no tables yet", hint: "run: assay run --env full" },
      });
    }
    await project.write(doubled);
    expect(await errorOf("run", ...slim, "--select", "gold.top")).toMatchObject({
      code: 2,
      error: { code: "UPSTREAM_MISSING", hint: expect.stringContaining("+gold.top") },
    });
  });

  test("pro is being written: PROJECT_LOCKED, and nothing is built", async () => {
    const database = await fileDatabase(join(project.folder, "pro.duckdb"));
    try {
      await project.write(doubled);
      const { code, error } = await errorOf("run", ...slim);
      expect({ code, error: error.code }).toEqual({ code: 1, error: "PROJECT_LOCKED" });
      expect(error.message).toContain("pro.duckdb");
    } finally {
      database.close();
    }
  });
});
