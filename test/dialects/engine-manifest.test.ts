import { describe, expect, test } from "vitest";
import { polyglotTranspiler } from "../../src/adapters/polyglot/transpiler.ts";
import { compileProject } from "../../src/compile/compile.ts";
import { engineManifest } from "../../src/compile/dialect/engine-manifest.ts";
import { postgresDialect } from "../../src/compile/dialect/postgres-dialect.ts";
import type { BronzeTable, Manifest, ModelTable } from "../../src/compile/manifest.ts";
import { bronze } from "../../src/define/bronze.ts";
import { check } from "../../src/define/check.ts";
import { incremental, snapshot, view } from "../../src/define/materialization.ts";
import { type ModelDefinition, model } from "../../src/define/model.ts";
import { defineProject } from "../../src/define/project.ts";
import { csv } from "../../src/define/source.ts";
import { sql } from "../../src/define/sql.ts";
import { type SqlFunctionDefinition, sqlFunction } from "../../src/define/sql-function.ts";
import { t } from "../../src/define/types.ts";
import { AssayError } from "../../src/errors.ts";
import type { RelationName } from "../../src/ports/sql-dialect.ts";
import type { TableName } from "../../src/terms.ts";
import { testAnalyzer } from "../compile/analyzer.ts";

const n = { nullable: true } as const;
const orders = bronze("orders", {
  from: csv("orders.csv"),
  columns: { order_id: t.integer(), day: t.date(n), Status: t.varchar(n), total: t.decimal(10, 2, n) },
  key: ["order_id"],
  load: "merge",
  deleted: "Status = 'gone'",
  checks: [
    check.expression("known", "regexp_matches(Status, '\\d')", { severity: "quarantine" }),
    check.expression("small", "total::bigint < 100", { severity: "warn" }),
  ],
});
const items = bronze("items", {
  from: csv("items.csv"),
  columns: { order_id: t.integer(), line: t.integer(), price: t.decimal(10, 2) },
  key: ["order_id", "line"],
});

const columns = { order_id: t.integer(), line: t.integer(), day: t.date(n), price: t.decimal(10, 2) };
const sales = model("silver.sales", {
  grain: ["order_id", "line"],
  columns,
  materialize: incremental({ by: ["day"] }),
  checks: [
    check.expression("Priced", "price::integer >= 0"),
    check.conserves("price", items, { measure: "price * 1", where: "line::varchar <> ''" }),
    check.sql("twice", "select order_id from {table} where price::varchar = 'x' qualify count(*) over (partition by order_id) > 1"),
  ],
  sql: sql`select i.order_id, i.line, o.day, i.price from ${items} as i join ${orders} as o on o.order_id = i.order_id where i.price >= 0`,
});

/** Where the tables stand. */
const relations: ReadonlyMap<TableName, RelationName> = new Map([
  ["bronze.orders", { schema: "anna_bronze", name: "orders" }],
  ["bronze.items", { schema: "anna_bronze", name: "items" }],
  ["silver.sales", { schema: "anna_silver", name: "sales" }],
]);

async function both(
  models: readonly ModelDefinition[],
  functions: readonly SqlFunctionDefinition[] = [],
): Promise<{ readonly duckdb: Manifest; readonly postgres: Manifest }> {
  const { analyzer: own } = await testAnalyzer({});
  try {
    const project = {
      folder: ".",
      config: defineProject({ name: "p" }),
      bronze: [orders, items],
      models,
      functions,
      pipelines: [],
      sinks: [],
    };
    const duckdb = await compileProject(project, own);
    return {
      duckdb,
      postgres: await engineManifest(duckdb, project, {
        dialect: postgresDialect(own, polyglotTranspiler()),
        relations,
        functionSchema: "anna_functions",
      }),
    };
  } finally {
    own.close();
  }
}

const modelOf = (manifest: Manifest, name: string): ModelTable => {
  const table = manifest.tables.find((item) => item.name === name);
  if (table?.kind !== "model") throw new Error(`no model ${name}`);
  return table;
};

async function errorsOf(work: Promise<unknown>): Promise<readonly string[]> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof AssayError)) throw error;
    return [error, ...error.others].map((item) => `${item.code} ${item.message} @${item.location?.line}`);
  }
  return [];
}

describe("a manifest for PostgreSQL", () => {
  test("has the engine's SQL, over the tables where they stand, wherever the engine runs it", async () => {
    const { duckdb, postgres } = await both([sales]);
    const [before, after] = [modelOf(duckdb, "silver.sales"), modelOf(postgres, "silver.sales")];
    expect(after.fingerprint).toBe(before.fingerprint);
    const splice = after.incremental?.splice ?? { why: "no plan" };
    const spliced = "text" in splice ? splice.text : "";
    const texts = [after.select, spliced, ...(after.incremental?.upstreams ?? []).map((link) => ("touched" in link ? link.touched : ""))];
    for (const text of texts) {
      expect(text).not.toMatch(/"bronze"\./);
      expect(text).not.toMatch(/is not distinct from/i);
    }
    expect(after.select).toContain('"anna_bronze"."orders"');
    expect(spliced).toContain('FROM "touched" AS "t"');
    expect(spliced).toMatch(/array\[cast\(.* as date\)\] = array\[cast\(.* as date\)\]/i);
    expect(texts[2]).toContain('"delta bronze.items"');
    expect(texts[3]).toContain('"delta bronze.orders"');
    expect(after.ledger).toEqual(
      before.ledger.measure === null ? before.ledger : { ...before.ledger, measure: expect.stringContaining("anna_bronze") },
    );
  });

  test("tells another index from the one before, where tables have indexes", async () => {
    const fingerprints = async (indexes: Readonly<Record<string, readonly string[]>>): Promise<readonly string[]> => {
      const { duckdb, postgres } = await both([{ ...sales, indexes }]);
      return [duckdb, postgres].map((manifest) => modelOf(manifest, "silver.sales").fingerprint);
    };
    const [none, byDay, byLine] = [await fingerprints({}), await fingerprints({ i: ["day"] }), await fingerprints({ i: ["line"] })];
    expect([byDay[0], byLine[0]]).toEqual([none[0], none[0]]);
    expect(new Set([none[1], byDay[1], byLine[1]]).size).toBe(3);
    expect(none[1]).toBe(none[0]);
  });

  test("has the author's checks in the engine's SQL, and remembers what was written", async () => {
    const { postgres } = await both([sales]);
    const [expression, conserves, custom] = modelOf(postgres, "silver.sales").checks;
    expect(expression).toMatchObject({ name: "Priced", written: "price::integer >= 0", expression: expect.stringMatching(/cast/i) });
    expect(conserves).toMatchObject({ written: "price * 1", where: expect.not.stringContaining("::") });
    expect(custom).toMatchObject({ kind: "sql", query: expect.stringContaining('FROM {table} AS "checked table"') });
    expect(custom).toMatchObject({ query: expect.not.stringMatching(/qualify/i) });
  });

  test("leaves rules at the door to DuckDB, and the capitals of columns as they are", async () => {
    const { duckdb, postgres } = await both([sales]);
    const [before, after] = [duckdb, postgres].map(
      (manifest) => manifest.tables.find((table) => table.name === "bronze.orders") as BronzeTable,
    );
    expect(after?.checks[0]).toEqual(before?.checks[0]);
    expect(after?.checks[1]).toMatchObject({ written: "total::bigint < 100" });
    expect(after?.deleted).toBe(`("Status" = 'gone')`);
    expect(after?.contractFingerprint).toBe(before?.contractFingerprint);
  });

  test("names everything that cannot be carried over at once", async () => {
    const bad: ModelDefinition = {
      ...sales,
      checks: [check.expression("listed", "len([price]) = 1"), check.sql("first", "select first(price) as p from {table}")],
      sql: {
        kind: "sql",
        text: "select\n  order_id, line, null::date as day,\n  list(price)[1] as price\nfrom bronze.items\ngroup by all",
        location: { file: "sales.ts", line: 20 },
      },
    };
    const other = {
      ...sales,
      name: "gold.other" as const,
      checks: [],
      materialize: snapshot({ at: "at", deleted: "list_contains([line], 1)" }),
      columns: { ...columns, at: t.timestamp() },
      sql: sql`select *, timestamp '2024-01-01' as at from ${sales}`,
    };
    const errors = await errorsOf(both([bad, { ...other, grain: ["order_id", "line"] }]));
    expect(errors.map((text) => text.replace(/ cannot be carried over to PostgreSQL/, ""))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^SQL_NOT_PORTABLE silver\.sales: array extract @22$/),
        expect.stringMatching(/^SQL_NOT_PORTABLE silver\.sales: check listed: /),
        expect.stringMatching(/^SQL_NOT_PORTABLE silver\.sales: check first: aggregate first/),
        expect.stringMatching(/^SQL_NOT_PORTABLE gold\.other: snapshot deleted: /),
      ]),
    );
  });

  test("carries the body of a function over, or takes the one that is written for it", async () => {
    const trimmed = sqlFunction("trimmed", { params: { text: t.varchar() }, result: t.varchar(), duckdb: sql`trim(text)` });
    const letters = (body: string): SqlFunctionDefinition =>
      sqlFunction("letters", {
        params: { text: t.varchar() },
        result: t.varchar(),
        duckdb: sql`array_to_string(list_distinct(string_split(trimmed(text), '')), '')`,
        postgres: { kind: "sql", text: body, location: { file: "f.ts", line: 1 } },
      });
    const named: ModelDefinition = {
      ...sales,
      columns: { ...columns, word: t.varchar(n) },
      sql: sql`select *, letters(order_id::varchar) as word from (${{ kind: "fragment", text: sales.sql.text }})`,
    };
    const first = await both([named], [trimmed, letters("lower(trimmed(text)) -- trimmed(text) and 'trimmed(text)'")]);
    const [carried, own] = first.postgres.functions;
    expect(carried?.bodies.postgres).toMatch(/btrim\("text"/);
    expect(own?.bodies.postgres).toBe(`lower("anna_functions"."${carried?.call}"(text)) -- trimmed(text) and 'trimmed(text)'`);
    expect(modelOf(first.postgres, "silver.sales").select).toContain(`"anna_functions"."${own?.call}"(`);
    const second = await both([named], [trimmed, letters("upper(trimmed(text))")]);
    expect(second.postgres.functions[1]?.call).not.toBe(own?.call);
    const without = { ...letters(""), bodies: { duckdb: letters("").bodies.duckdb } } as SqlFunctionDefinition;
    const [error] = await errorsOf(both([named], [trimmed, without]));
    expect(error).toMatch(/^SQL_NOT_PORTABLE function letters: function (array_to_string|list_distinct|string_split) cannot/);
  });
});

describe("SQL for PostgreSQL written by hand", () => {
  const byHand = model("silver.sales", {
    grain: ["order_id", "line"],
    columns,
    materialize: incremental({ by: ["day"] }),
    sql: {
      duckdb: sales.sql,
      postgres: sql`select i.order_id, i.line, o.day, i.price, 'bronze.items' <> o."Status" as x from ${items} as i natural join "bronze"."orders" as o`,
    },
  });

  test("is used as it is, with the names of the tables, and takes part in this engine's fingerprint only", async () => {
    const [plain, own] = [await both([{ ...sales, checks: [] }]), await both([byHand])];
    const { postgres } = own;
    const table = modelOf(postgres, "silver.sales");
    expect(table.override).toBe(
      `select i.order_id, i.line, o.day, i.price, 'bronze.items' <> o."Status" as x from "anna_bronze"."items" as i natural join "anna_bronze"."orders" as o`,
    );
    expect(table.select).toContain(table.override);
    expect(modelOf(own.duckdb, "silver.sales").fingerprint).toBe(modelOf(plain.duckdb, "silver.sales").fingerprint);
    expect(table.fingerprint).not.toBe(modelOf(own.duckdb, "silver.sales").fingerprint);
  });

  test("is built in full when an upstream changes, unless the author says what a change touches", async () => {
    const [links, declared] = await Promise.all(
      [
        byHand,
        {
          ...byHand,
          materialize: incremental({
            by: ["day"],
            touches: { "bronze.orders": sql`select day::date as day from "delta bronze.orders"` },
            ignoreChanges: [items],
          }),
        },
      ].map(async (item) => modelOf((await both([item])).postgres, "silver.sales").incremental),
    );
    expect(links?.upstreams.map((link) => link.kind)).toEqual(["full", "full"]);
    expect(links?.upstreams[0]).toMatchObject({ reason: expect.stringMatching(/its SQL for PostgreSQL \(.*:\d+\) is written by hand/) });
    expect(links?.splice).toEqual({ why: expect.stringMatching(/is written by hand/) });
    expect(declared?.upstreams.map((link) => link.kind).sort()).toEqual(["declared", "ignored"]);
  });

  test("of a view makes those who read through it build in full", async () => {
    const lines = model("silver.lines", {
      grain: ["order_id", "line"],
      columns,
      materialize: view(),
      sql: { duckdb: sales.sql, postgres: sales.sql },
    });
    const reader: ModelDefinition = { ...sales, name: "gold.reader", checks: [], sql: sql`select * from ${lines}` };
    const { duckdb, postgres } = await both([lines, reader]);
    expect(modelOf(duckdb, "gold.reader").incremental?.upstreams.map((link) => link.kind)).toEqual(["linked", "linked"]);
    const { incremental: plan } = modelOf(postgres, "gold.reader");
    expect(plan?.upstreams.map((link) => link.kind)).toEqual(["full", "full"]);
    expect(plan?.views).toEqual([{ table: "silver.lines", fingerprint: modelOf(postgres, "silver.lines").fingerprint }]);
  });

  test("may read no other tables", async () => {
    const other: ModelDefinition = {
      ...sales,
      name: "gold.other",
      checks: [],
      sql: { ...sales.sql, text: "select order_id, line, null::date as day, price from bronze.items" },
      overrides: { postgres: sales.sql },
    };
    expect(await errorsOf(both([other]))).toEqual([
      expect.stringContaining("SQL_INVALID gold.other: its SQL for PostgreSQL reads bronze.orders, its SQL for DuckDB does not"),
    ]);
  });
});
