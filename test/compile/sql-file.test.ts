import { describe, expect, it } from "vitest";
import { modelFromSqlFile } from "../../src/compile/sql-file.ts";
import { check } from "../../src/define/check.ts";
import { errorsOf } from "./analyzer.ts";

const file = "/p/models/gold/finance/daily.sql";

describe("modelFromSqlFile", () => {
  it("takes layer and name from the path, and the contract from the opening comment", async () => {
    const text = `
/*
description: Revenue a day
grain: [day]
columns:
  day: date
  revenue: { type: "decimal(14, 2)", nullable: true, description: gross, sensitive: true }
materialize: view
indexes: { by_day: [day] }
tags: [money]
fanOut: { bronze.items: the old report counts so }
checks:
  - not_null: day
  - between: { column: revenue, min: 0, severity: warn }
  - unique_combination: [day, revenue]
  - accepted_values: { column: day, values: [1, two, true] }
  - row_count: { min: 1 }
  - expression: { name: late, expression: "day > '2016-01-01'" }
  - conserves: { column: revenue, upstream: bronze.orders }
  - sql: { name: odd, query: "select * from {table} where revenue < 0" }
  - row_count_drift:
  - row_count_drift: { sensitivity: 4, direction: drop, severity: error }
  - null_share_drift: revenue
  - freshness: { column: day, maxAge: 1 day, severity: warn }
*/
select 1`;
    const model = await modelFromSqlFile(file, text);
    expect(model).toMatchObject({
      kind: "model",
      name: "gold.daily",
      description: "Revenue a day",
      grain: ["day"],
      columns: {
        day: { type: { kind: "date" }, nullable: false, sensitive: false },
        revenue: { type: { kind: "decimal", precision: 14, scale: 2 }, nullable: true, description: "gross", sensitive: true },
      },
      materialize: { kind: "view" },
      indexes: { by_day: ["day"] },
      tags: ["money"],
      fanOut: { "bronze.items": "the old report counts so" },
      sql: { text, location: { file, line: 1 } },
    });
    expect(model.checks).toEqual([
      { kind: "not_null", column: "day", severity: "error" },
      { kind: "between", column: "revenue", min: 0, max: null, severity: "warn" },
      { kind: "unique_combination", columns: ["day", "revenue"], severity: "error" },
      { kind: "accepted_values", column: "day", values: ["1", "two", "true"], severity: "error" },
      { kind: "row_count", min: 1, max: null, severity: "error" },
      { kind: "expression", name: "late", expression: "day > '2016-01-01'", severity: "error" },
      { kind: "conserves", column: "revenue", upstream: "bronze.orders", measure: "revenue", where: null, severity: "error" },
      { kind: "sql", name: "odd", query: "select * from {table} where revenue < 0", severity: "error" },
      check.rowCountDrift(),
      check.rowCountDrift({ sensitivity: 4, direction: "drop", severity: "error" }),
      check.nullShareDrift("revenue"),
      check.freshness("day", "1 day", "warn"),
    ]);
  });

  it.each(["select 1", "-- grain: [a]\nselect 1", "/* just a remark */ select 1", "/* */ select 1", "select 1 /* grain: [a] */", ""])(
    "infers everything from %j",
    async (text) => {
      expect(await modelFromSqlFile(file, text)).toMatchObject({
        name: "gold.daily",
        grain: null,
        columns: null,
        checks: [],
        materialize: { kind: "table" },
      });
    },
  );

  it.each(["/p/models/daily.sql", "/p/models/bronze/daily.sql", "/p/sources/daily.sql"])(
    "refuses a file without a layer: %s",
    async (path) => {
      expect(await errorsOf(() => modelFromSqlFile(path, "select 1"))).toEqual([
        expect.stringMatching(/^PROJECT_INVALID .*models\/silver\/ or models\/gold\//),
      ]);
    },
  );

  it.each([
    ["grian: [a]", /grian/],
    ["columns: { a: intger }", /column a has no known type: intger/],
    ["grain: [a\n", /not YAML/],
    ["checks: [{ not_nul: a }]", /no check not_nul; did you mean not_null\?/],
    ["checks: [{ between: { column: a, minimum: 1 } }]", /minimum/],
    ["checks: [{ not_null: a, severity: warn }]", /one name/],
    ["checks: [{ not_null: { column: a, severity: warning } }]", /severity/],
    ["checks: [{ freshness: a }]", /check freshness lacks maxAge/],
    ["checks: [{ row_count_drift: { sensitivty: 3 } }]", /check row_count_drift has no sensitivty; did you mean sensitivity\?/],
    ["materialize: incremental", /materialize/],
  ])("refuses %j", async (front, message) => {
    const [error] = await errorsOf(() => modelFromSqlFile(file, `/*\n${front}\n*/ select 1`));
    expect(error).toMatch(/^PROJECT_INVALID /);
    expect(error).toMatch(message);
  });
});
