import { describe, expect, it } from "vitest";
import { z } from "zod";
import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../../src/adapters/duckdb/sql-analyzer.ts";
import { compileProject } from "../../src/compile/compile.ts";
import type { Manifest, ModelTable } from "../../src/compile/manifest.ts";
import { type BronzeDefinition, bronze } from "../../src/define/bronze.ts";
import { type Check, check } from "../../src/define/check.ts";
import { view } from "../../src/define/materialization.ts";
import { type ModelDefinition, model } from "../../src/define/model.ts";
import { defineProject, type PipelineDefinition, pipeline, postgres, type SinkDefinition, sink } from "../../src/define/project.ts";
import { csv } from "../../src/define/source.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import { errorsOf } from "./analyzer.ts";

interface Parts {
  readonly bronze?: readonly BronzeDefinition[];
  readonly models?: readonly ModelDefinition[];
  readonly pipelines?: readonly PipelineDefinition[];
  readonly sinks?: readonly SinkDefinition[];
}

const orders = bronze("orders", {
  from: csv("o.csv"),
  key: ["id"],
  columns: { id: t.integer(), total: t.decimal(10, 2, { nullable: true }), state: t.varchar() },
});

async function compile(parts: Parts): Promise<Manifest> {
  const analyzer = await duckdbAnalyzer(await memoryDatabase());
  try {
    const { bronze: tables = [orders], models = [], pipelines = [], sinks = [] } = parts;
    return await compileProject(
      { folder: ".", config: defineProject({ name: "shop" }), bronze: tables, models, pipelines, sinks },
      analyzer,
    );
  } finally {
    analyzer.close();
  }
}

const errors = (parts: Parts): Promise<readonly string[]> => errorsOf(() => compile(parts));
const byState = (text: string, options: Partial<Parameters<typeof model>[1]> = {}): ModelDefinition =>
  model("gold.by_state", { grain: ["state"], columns: { state: t.varchar(), n: t.bigint() }, sql: { ...sql`select 1`, text }, ...options });
const good = "select state, count(*) as n from bronze.orders group by state";

describe("compileProject", () => {
  it("orders tables after what they read, whatever the order of files", async () => {
    const last = model("gold.last", {
      grain: ["state"],
      columns: { state: t.varchar() },
      sql: sql`select state from ${{ name: "gold.by_state" }}`,
    });
    const manifest = await compile({ models: [last, byState(good)] });
    expect(manifest.tables.map((table) => table.name)).toEqual(["bronze.orders", "gold.by_state", "gold.last"]);
    expect(manifest.tables.at(-1)).toMatchObject({ upstreams: ["gold.by_state"], dependencies: ["gold.by_state"], layer: "gold" });
  });

  it("counts tables that checks compare with as dependencies, not as upstreams", async () => {
    const other = bronze("states", { from: csv("s.csv"), columns: { state: t.varchar() } });
    const manifest = await compile({
      bronze: [orders, other],
      models: [byState(good, { checks: [check.relationships("state", other, "state")] })],
    });
    expect(manifest.tables.find((table) => table.name === "gold.by_state")).toMatchObject({
      upstreams: ["bronze.orders"],
      dependencies: ["bronze.orders", "bronze.states"],
    });
  });

  it("says everything that is wrong in one pass, but repeats nothing downstream", async () => {
    const broken = byState("select stat, count(*) as n from bronze.orders group by all");
    const after = model("gold.after", { grain: ["state"], columns: { state: t.varchar() }, sql: sql`select state from gold.by_state` });
    const other = model("gold.other", { grain: ["id"], columns: { id: t.varchar() }, sql: sql`select id from bronze.orders` });
    expect(await errors({ models: [after, broken, other] })).toEqual([
      "COLUMN_UNKNOWN gold.by_state: there is no column stat in the tables it reads",
      expect.stringMatching(/^CONTRACT_MISMATCH gold\.other: column id is VARCHAR in the contract, INTEGER in the SQL/),
    ]);
  });

  it.each<readonly [what: string, parts: Parts, error: RegExp]>([
    ["a syntax error", { models: [byState("select state count(* from")] }, /^SQL_SYNTAX gold\.by_state/],
    ["two statements", { models: [byState(`${good}; select 2`)] }, /^SQL_SYNTAX .*more than one statement/],
    ["no statement", { models: [byState("-- nothing")] }, /^SQL_SYNTAX .*no statement/],
    ["a statement that is no SELECT", { models: [byState("drop table bronze.orders")] }, /^SQL_SYNTAX/],
    [
      "an unknown table",
      { models: [byState("select state, count(*) as n from bronze.order group by all")] },
      /^TABLE_UNKNOWN .*bronze\.order,/,
    ],
    [
      "a table without layer",
      { models: [byState("select state, count(*) as n from orders group by all")] },
      /^TABLE_UNKNOWN .*reads orders/,
    ],
    [
      "a table of another database",
      { models: [byState("select state, count(*) as n from memory.bronze.orders group by all")] },
      /^TABLE_UNKNOWN .*memory\.bronze\.orders/,
    ],
    ["a file read by its name", { models: [byState("select state, count(*) as n from 'x.csv' group by all")] }, /^TABLE_UNKNOWN .*x\.csv/],
    ["a model that reads itself", { models: [byState("select state, n from gold.by_state")] }, /^CYCLE .*gold\.by_state → gold\.by_state/],
    ["a parameter nobody declares", { models: [byState("select state, $n::bigint as n from bronze.orders")] }, /^PARAM_INVALID .*\$n/],
    ["a grain that is no column", { models: [byState(good, { grain: ["stat" as never] })] }, /^COLUMN_UNKNOWN .*stat/],
    ["no grain", { models: [{ ...byState(good), grain: null }] }, /^GRAIN_MISSING/],
    [
      "a grain that may be null",
      { models: [byState(good, { columns: { state: t.varchar({ nullable: true }), n: t.bigint() } })] },
      /^CONTRACT_MISMATCH .*grain column state may be null/,
    ],
    ["an index on no column", { models: [byState(good, { indexes: { i: ["x" as never] } })] }, /^COLUMN_UNKNOWN .*index i names x/],
    [
      "a nullable column in a strict contract",
      {
        models: [
          model("gold.t", {
            grain: ["id"],
            columns: { id: t.integer(), total: t.decimal(10, 2) },
            sql: sql`select id, total from ${orders}`,
          }),
        ],
      },
      /^NULLABILITY_MISMATCH .*total/,
    ],
    [
      "a full join in a strict contract",
      {
        models: [
          model("gold.t", {
            grain: [],
            columns: { id: t.integer() },
            sql: sql`select o.id from ${orders} o full join ${orders} p on p.id = o.id + 1`,
          }),
        ],
      },
      /^NULLABILITY_MISMATCH .*id/,
    ],
    ["a bronze key that is no column", { bronze: [{ ...orders, key: ["idd"] }] }, /^COLUMN_UNKNOWN bronze\.orders: .*idd/],
    [
      "a bronze key that may be null",
      { bronze: [{ ...orders, key: ["total"] }] },
      /^CONTRACT_MISMATCH bronze\.orders: the key column total may be null/,
    ],
    [
      "a partition that does not bind",
      { bronze: [{ ...orders, partitionBy: { year: "yaer(id)" } }] },
      /^SQL_INVALID bronze\.orders: partition year/,
    ],
    [
      "replication of a number",
      { bronze: [{ ...orders, replicate: { times: "1", keys: ["id"] } }] },
      /^CONTRACT_MISMATCH .*replicated key id is INTEGER/,
    ],
    [
      "a sink of no model",
      { sinks: [sink("w", { to: postgres("postgres://h/d"), schema: "s", tables: [{ name: "gold.nothing" }] })] },
      /^TABLE_UNKNOWN sink w sends gold\.nothing/,
    ],
  ])("refuses %s", async (_what, parts, error) => {
    expect(await errors(parts)).toEqual([expect.stringMatching(error)]);
  });

  it.each<readonly [what: string, check: Check, error: RegExp]>([
    ["a column that is not there", check.notNull("stat"), /no column stat/],
    ["a table that is not there", check.relationships("state", { name: "bronze.states" }, "state"), /no table bronze\.states|reads/],
    ["a field that is not there", check.relationships("state", orders, "sate"), /bronze\.orders has no column sate/],
    ["a pattern on a number", check.matches("n", "^1"), /n is BIGINT, not text/],
    ["a pattern that is none", check.matches("state", "("), /check matches/],
    ["no accepted values", check.acceptedValues("state", []), /no accepted values/],
    ["no bounds", check.between("n", {}), /neither min nor max/],
    ["no columns to combine", check.uniqueCombination([]), /unique_combination/],
    ["SQL that does not bind", check.expression("positive", "nn > 0"), /there is no column nn/],
    ["a query that does not bind", check.sql("odd", "select * from {table} where m > 0"), /there is no column m/],
    ["a measure that does not bind", check.conserves("n", orders, { measure: "totl" }), /there is no column totl/],
  ])("refuses a check of %s", async (_what, rule, error) => {
    const found = await errors({ models: [byState(good, { checks: [rule] })] });
    expect(found).toEqual([expect.stringMatching(/^CHECK_INVALID gold\.by_state: /)]);
    expect(found[0]).toMatch(error);
  });

  it("compares names as SQL does, without regard to case", async () => {
    const manifest = await compile({ models: [byState("SELECT STATE, COUNT(*) AS N FROM Bronze.ORDERS GROUP BY ALL")] });
    expect(manifest.tables.at(-1)).toMatchObject({ upstreams: ["bronze.orders"], columns: [{ name: "state" }, { name: "n" }] });
  });

  it("points at the line of the SQL", async () => {
    const lines = (text: string): Promise<number | undefined> =>
      compile({ models: [{ ...byState(text), sql: { kind: "sql", text, location: { file: "m.sql", line: 10 } } }] }).then(
        () => undefined,
        (error: { location: { line: number } }) => error.location.line,
      );
    expect(await lines("select\n  state,\n  count(*) as n\nfrom bronze.nothing\ngroup by all")).toBe(13);
    expect(await lines("select\n  '日本' as x, stat,\n count(*) as n from bronze.orders group by all")).toBe(11);
    expect(await lines("select\n\n state from bronze.orders where where")).toBe(12);
  });

  it("types a parameter's column by the contract, whatever value it gets", async () => {
    const scaled = model("gold.scaled", {
      grain: ["id"],
      columns: { id: t.integer(), total: t.decimal(14, 2, { nullable: true }) },
      sql: sql`select id, (total * $factor)::decimal(14, 2) as total from ${orders}`,
    });
    const plain = model("gold.plain", {
      grain: ["id"],
      columns: { id: t.integer(), f: t.bigint() },
      sql: sql`select id, $factor as f from ${orders}`,
    });
    const manifest = await compile({
      models: [scaled, plain],
      pipelines: [pipeline("p", { params: z.object({ factor: z.int().default(2) }) })],
    });
    const select = (name: string): string | undefined =>
      manifest.tables.find((table): table is ModelTable => table.name === name && table.kind === "model")?.select;
    expect(select("gold.plain")).toContain('cast("f" as BIGINT)');
    expect(manifest.tables.find((table) => table.name === "gold.plain")?.params).toEqual(["factor"]);
    const asView = { ...plain, materialize: view() };
    expect(await errors({ models: [asView], pipelines: [pipeline("p", { params: z.object({ factor: z.int().default(2) }) })] })).toEqual([
      expect.stringMatching(/^SQL_INVALID .*\$factor/),
    ]);
  });

  it("changes a fingerprint with the definition, and only with it", async () => {
    const fingerprint = async (definition: ModelDefinition): Promise<string | undefined> =>
      (await compile({ models: [definition] })).tables.at(-1)?.fingerprint;
    const base = await fingerprint(byState(good));
    expect(
      await fingerprint(
        byState(
          `-- why\n${good.toUpperCase().replace("BRONZE.ORDERS", "bronze.orders").replaceAll("STATE", "state").replace("AS N", "as n")}`,
        ),
      ),
    ).toBe(base);
    expect(await fingerprint({ ...byState(good), description: "new", tags: ["x"], location: { file: "other.ts", line: 99 } })).toBe(base);
    expect(await fingerprint(byState(good, { columns: { state: t.varchar({ sensitive: true, description: "x" }), n: t.bigint() } }))).toBe(
      base,
    );
    expect(await fingerprint(byState(`${good} having count(*) > 0`))).not.toBe(base);
    expect(await fingerprint(byState(good, { columns: { state: t.varchar(), n: t.integer() } }))).not.toBe(base);
    expect(await fingerprint(byState(good, { columns: { state: t.varchar(), n: t.bigint({ nullable: true }) } }))).not.toBe(base);
    expect(await fingerprint(byState(good, { materialize: view() }))).not.toBe(base);
    expect(await fingerprint(byState(good, { checks: [check.rowCount({ min: 1 })] }))).not.toBe(base);
    expect(await fingerprint(byState(good, { checks: [check.rowCount({ min: 2 })] }))).not.toBe(
      await fingerprint(byState(good, { checks: [check.rowCount({ min: 1 })] })),
    );
  });
});

describe("names", () => {
  const named = (name: string): ModelDefinition => ({ ...byState(good), name: name as "gold.x" });

  it.each(["gold.x", "silver.daily_revenue_2", "gold._x", "gold.Select"])("%s can be used", async (name) => {
    expect(await errors({ models: [named(name)] })).toEqual([]);
  });

  it.each([
    "gold.",
    "gold.a b",
    "gold.a-b",
    "gold.a.b",
    "gold.1a",
    "platinum.x",
    "x",
    'gold.a"b',
    "gold.é",
    "gold.x__candidate",
    "gold.X__Candidate",
  ])("%s cannot", async (name) => {
    expect(await errors({ models: [named(name)] })).toEqual([expect.stringMatching(/^NAME_INVALID/)]);
  });

  it.each(["", "_run_id"])("a column cannot be named %j", async (name) => {
    expect(await errors({ models: [byState(good, { columns: { [name]: t.varchar() } as never })] })).toEqual([
      expect.stringMatching(/^NAME_INVALID/),
    ]);
  });

  it("no two definitions and no two columns share a name, in whatever case", async () => {
    expect(await errors({ models: [named("gold.x"), named("gold.X")] })).toEqual([
      expect.stringMatching(/^NAME_DUPLICATE two definitions of the table gold\.X/),
    ]);
    expect(await errors({ pipelines: [pipeline("p"), pipeline("P")] })).toEqual([expect.stringMatching(/^NAME_DUPLICATE .*pipeline P/)]);
    const twice = bronze("x", { from: csv("x.csv"), columns: { id: t.integer(), ID: t.integer() } });
    expect(await errors({ bronze: [twice] })).toEqual([expect.stringMatching(/^NAME_DUPLICATE bronze\.x: the columns id and ID/)]);
  });
});
