import { describe, expect, test } from "vitest";
import { z } from "zod";
import { compileProject } from "../../src/compile/compile.ts";
import type { Manifest } from "../../src/compile/manifest.ts";
import type { Project } from "../../src/compile/project.ts";
import { type BronzeOptions, bronze } from "../../src/define/bronze.ts";
import { check } from "../../src/define/check.ts";
import { env } from "../../src/define/env.ts";
import { append, incremental, snapshot, table, view } from "../../src/define/materialization.ts";
import { type ModelOptions, model } from "../../src/define/model.ts";
import { defineProject, pipeline } from "../../src/define/project.ts";
import { csv } from "../../src/define/source.ts";
import { type Sql, sql } from "../../src/define/sql.ts";
import { sqlFunction } from "../../src/define/sql-function.ts";
import { type Columns, t } from "../../src/define/types.ts";
import { against } from "../../src/plan/against.ts";
import type { Params, TableName } from "../../src/terms.ts";
import { publicationOf, stateOf } from "../plan/manifest.ts";
import { testAnalyzer } from "./analyzer.ts";

interface Variant {
  readonly orders?: Partial<BronzeOptions<Columns>>;
  readonly lines?: Partial<ModelOptions<Columns>>;
  readonly daily?: Partial<ModelOptions<Columns>>;
  readonly net?: Sql;
  readonly reversed?: boolean;
  readonly params?: Params;
}

const orderColumns = { id: t.integer(), sold: t.timestamp(), kind: t.varchar(), price: t.decimal(10, 2) };
const lineColumns = { id: t.integer(), day: t.date(), kind: t.varchar(), price: t.decimal(10, 2) };
const lineSql = sql`select id, sold::date as day, kind, net(price)::decimal(10, 2) as price from bronze.orders where price > $least`;
const lineChecks = [
  check.expression("prices are whole cents", "price * 100 = round(price * 100)"),
  check.sql("no negative", "select * from {table} where price < 0"),
  check.between("price", { min: 0 }, { severity: "warn" }),
];
const touches = (text: Sql) => incremental({ by: ["day"], touches: { "silver.lines": text } });

/** `bronze.orders` → `silver.lines` → `gold.daily` → `gold.top`, and `gold.kinds`, which reads the source alone. */
function projectOf({ orders, lines, daily, net, reversed }: Variant): Project {
  const source = bronze<Columns>("orders", {
    from: csv("data/orders-*.csv"),
    columns: orderColumns,
    key: ["id"],
    partitionBy: { year: "year(sold)" },
    ...orders,
  });
  const models = [
    model<Columns>("silver.lines", { grain: ["id"], columns: lineColumns, checks: lineChecks, sql: lineSql, ...lines }),
    model<Columns>("gold.daily", {
      grain: ["day"],
      columns: { day: t.date(), total: t.decimal(14, 2, { nullable: true }) },
      materialize: touches(sql`select distinct day from "delta silver.lines"`),
      checks: [check.conserves("total", { name: "silver.lines" }, { measure: "price" })],
      sql: sql`select day, sum(price)::decimal(14, 2) as total from silver.lines group by day`,
      ...daily,
    }),
    model("gold.top", { grain: ["day"], columns: { day: t.date() }, materialize: view(), sql: sql`select day from gold.daily` }),
    model("gold.kinds", { grain: ["kind"], columns: { kind: t.varchar() }, sql: sql`select distinct kind from bronze.orders` }),
  ];
  const functions = [
    sqlFunction("net", {
      params: { price: t.decimal(10, 2) },
      result: t.decimal(12, 4),
      duckdb: net ?? sql`(price * 1.2)::decimal(12, 4)`,
    }),
  ];
  return {
    folder: ".",
    config: defineProject({ name: "p" }),
    bronze: [source],
    models: reversed ? models.toReversed() : models,
    functions,
    pipelines: [pipeline("all", { params: z.object({ least: z.int().default(0) }) })],
    sinks: [],
  };
}

async function compiled(variant: Variant): Promise<Manifest> {
  const { analyzer } = await testAnalyzer({});
  try {
    return await compileProject(projectOf(variant), analyzer);
  } finally {
    analyzer.close();
  }
}

/** The tables that differ from the plain project once it is published: table → what differs. */
async function changes(variant: Variant, published: Variant = {}): Promise<Readonly<Record<string, string>>> {
  const before = await compiled(published);
  const state = stateOf(before.tables.map((item) => publicationOf(item, { params: item.params.length === 0 ? {} : { least: 0 } })));
  const held = against(await compiled(variant), "pro", state, variant.params ?? { least: 0 });
  return Object.fromEntries(
    [...held.changes.values()].map(({ table: name, kind, parts, params, upstreams }) => [
      name,
      kind === "changed" ? [...parts, ...params].join(" ") : `${kind} of ${upstreams.join(" ")}`,
    ]),
  );
}

const below: Readonly<Record<string, string>> = { "gold.daily": "downstream of silver.lines", "gold.top": "downstream of gold.daily" };
const lines = (what: string): Readonly<Record<string, string>> => ({ "silver.lines": what, ...below });
const daily = (what: string): Readonly<Record<string, string>> => ({ "gold.daily": what, "gold.top": "downstream of gold.daily" });
const orders = (what: string): Readonly<Record<string, string>> => ({
  "bronze.orders": what,
  "silver.lines": "downstream of bronze.orders",
  "gold.kinds": "downstream of bronze.orders",
  ...below,
});

describe("does not count as changed", () => {
  const same: readonly (readonly [string, Variant])[] = [
    ["nothing at all", {}],
    [
      "layout, comments, keywords in capitals",
      {
        lines: {
          sql: sql`-- every line
        SELECT id,
               sold::DATE AS day, /* the key */ kind, net( price )::DECIMAL(10,2) AS price
        FROM   bronze.orders WHERE (price > $least) ;`,
        },
      },
    ],
    ["another order of the definitions", { reversed: true }],
    ["another order of the checks", { lines: { checks: lineChecks.toReversed() } }],
    [
      "the layout of SQL in checks",
      {
        lines: {
          checks: [
            check.expression("prices are whole cents", "  price*100 = ROUND(price * 100) -- cents\n"),
            check.sql("no negative", "SELECT *\nFROM {table} /* all */ WHERE price < 0;"),
            check.between("price", { min: 0 }, { severity: "warn" }),
          ],
        },
      },
    ],
    ["the layout of a measure", { daily: { checks: [check.conserves("total", { name: "silver.lines" }, { measure: " price " })] } }],
    ["the layout of touches", { daily: { materialize: touches(sql`SELECT DISTINCT day /* touched */ FROM "delta silver.lines"`) } }],
    ["the layout of a function", { net: sql`( (price*1.2)::DECIMAL(12,4) ) -- with tax` }],
    ["the layout of a partition", { orders: { partitionBy: { year: "YEAR( sold )" } } }],
    ["descriptions", { orders: { description: "orders" }, lines: { description: "lines" }, daily: { description: "a day" } }],
    ["a column's description", { lines: { columns: { ...lineColumns, kind: t.varchar({ description: "what was sold" }) } } }],
    ["tags", { lines: { tags: ["hourly"] } }],
  ];
  test.each(same)("%s", async (_what, variant) => {
    expect(await changes(variant)).toEqual({});
  });

  test("where a checkout lies", async () => {
    const at = (folder: string): Variant => ({ orders: { from: csv("orders-*.csv", { directory: `${folder}/data` }) } });
    expect(await changes(at("/runner/1"), at("/home/me"))).toEqual({});
  });

  test("the value of a source's setting", async () => {
    const at = (fallback: string): Variant => ({
      orders: { from: csv("orders-*.csv", { directory: env("LANDING", { default: fallback }) }) },
    });
    expect(await changes(at("/a"), at("/b"))).toEqual({});
  });
});

describe("counts as changed, with everything downstream", () => {
  const cents = lineColumns.price;
  const different: readonly (readonly [string, Variant, Readonly<Record<string, string>>])[] = [
    [
      "sql",
      {
        lines: {
          sql: sql`select id, sold::date as day, lower(kind) as kind, net(price)::decimal(10, 2) as price from bronze.orders where price > $least`,
        },
      },
      lines("sql"),
    ],
    [
      "a text's case in the SQL",
      { daily: { sql: sql`select day, sum(price)::decimal(14, 2) as total from silver.lines where kind <> 'Gift' group by day` } },
      daily("sql"),
    ],
    ["a column's type", { lines: { columns: { ...lineColumns, id: t.bigint() } } }, lines("contract")],
    ["nullability", { lines: { columns: { ...lineColumns, price: t.decimal(10, 2, { nullable: true }) } } }, lines("contract")],
    [
      "the order of columns",
      { lines: { columns: { price: cents, id: lineColumns.id, day: lineColumns.day, kind: lineColumns.kind } } },
      lines("contract"),
    ],
    ["a check added", { lines: { checks: [...lineChecks, check.unique("kind")] } }, lines("checks")],
    ["a check removed", { lines: { checks: lineChecks.slice(1) } }, lines("checks")],
    ["a check's severity", { lines: { checks: [...lineChecks.slice(0, 2), check.between("price", { min: 0 })] } }, lines("checks")],
    [
      "a check's bound",
      { lines: { checks: [...lineChecks.slice(0, 2), check.between("price", { min: 1 }, { severity: "warn" })] } },
      lines("checks"),
    ],
    [
      "a check's SQL",
      { lines: { checks: [check.expression("prices are whole cents", "price = 1"), ...lineChecks.slice(1)] } },
      lines("checks"),
    ],
    ["a text's case in a check", { lines: { checks: [...lineChecks, check.matches("kind", "^[A-Z]")] } }, lines("checks")],
    ["the grain", { lines: { grain: ["id", "day"] } }, lines("grain")],
    ["the materialization", { daily: { materialize: table() } }, daily("materialization")],
    ["append", { lines: { materialize: append() } }, lines("materialization")],
    [
      "by",
      {
        daily: {
          grain: ["day"],
          columns: { day: t.date(), total: t.decimal(14, 2, { nullable: true }) },
          materialize: incremental({ by: ["day"] }),
        },
      },
      daily("materialization"),
    ],
    ["touches", { daily: { materialize: touches(sql`select day from "delta silver.lines" where price > 0`) } }, daily("materialization")],
    ["a function's body", { net: sql`(price * 1.1)::decimal(12, 4)` }, lines("sql")],
    ["a parameter's value", { params: { least: 1 } }, lines("least")],
    [
      "maxRejected",
      { lines: { maxRejected: 3, checks: [...lineChecks, check.notNull("kind", { severity: "quarantine" })] } },
      lines("checks max_rejected"),
    ],
    ["a source's contract", { orders: { columns: { ...orderColumns, note: t.varchar({ nullable: true }) } } }, orders("contract")],
    ["a source's key", { orders: { key: ["id", "kind"] } }, orders("key")],
    ["a source's load", { orders: { load: "append" } }, orders("load")],
    ["a source's schema mode", { orders: { schema: "evolve" } }, orders("schema")],
    ["a source's files", { orders: { from: csv("data/2026/orders-*.csv") } }, orders("source")],
    ["a source's delimiter", { orders: { from: csv("data/orders-*.csv", { delimiter: ";" }) } }, orders("source")],
    ["a source's partitions", { orders: { partitionBy: { month: "month(sold)" } } }, orders("partitions")],
    ["a source's checks", { orders: { checks: [check.unique("id")] } }, orders("checks")],
  ];
  test.each(different)("%s", async (_what, variant, found) => {
    expect(await changes(variant).catch((error: unknown) => String(error))).toEqual(found);
  });

  test("what a snapshot takes for a deletion", async () => {
    const at = (deleted: string): Variant => ({
      lines: { materialize: snapshot({ at: "day", deleted }), checks: [] },
      daily: {
        materialize: table(),
        checks: [],
        sql: sql`select day, sum(price)::decimal(14, 2) as total from silver.lines group by day`,
      },
    });
    expect(await changes(at("kind  = 'gone' -- deleted"), at("kind = 'gone'"))).toEqual({});
    expect(await changes(at("kind = 'lost'"), at("kind = 'gone'"))).toEqual(lines("materialization"));
  });
});

test("a table that is not published there is new, and one that is declared no more is removed", async () => {
  const manifest = await compiled({});
  const all = manifest.tables.map((item) => publicationOf(item, { params: item.params.length === 0 ? {} : { least: 0 } }));
  const state = stateOf(all.filter((item) => item.subject !== "gold.daily"));
  const gone: TableName = "gold.gone";
  const published = { ...state, publications: new Map([...state.publications, [gone, { ...(all[0] as (typeof all)[0]), subject: gone }]]) };
  const held = against(manifest, "pro", published, { least: 0 });
  expect([...held.changes.values()].map(({ table: name, kind }) => [name, kind])).toEqual([
    ["gold.daily", "new"],
    ["gold.top", "downstream"],
  ]);
  expect(held.removed).toEqual([gone]);
});

test("a publication of an older Assay, whose fingerprint has no parts, differs in its definition", async () => {
  const manifest = await compiled({});
  const old = manifest.tables.map((item) => publicationOf(item, { fingerprint: "0123456789abcdef", params: { least: 0 } }));
  const held = against(manifest, "pro", stateOf(old), { least: 0 });
  expect(held.changes.get("silver.lines")?.parts).toEqual(["definition"]);
});
