import { expect, it } from "vitest";
import { duckdbSql } from "../../src/adapters/duckdb/sql.ts";
import { postgresSql } from "../../src/adapters/postgres/engine-sql.ts";
import { physicalNames } from "../../src/compile/dialect/physical-names.ts";

it("names a project's tables as an environment has them", () => {
  const tables = ["gold.fact_sales", "bronze.a.b"] as const;
  expect([...physicalNames(postgresSql("ada"), tables)]).toEqual([
    ["gold.fact_sales", { schema: "ada_gold", name: "fact_sales" }],
    ["bronze.a.b", { schema: "ada_bronze", name: "a.b" }],
  ]);
  expect(physicalNames(postgresSql(null), tables)).toEqual(physicalNames(duckdbSql, tables));
  expect(postgresSql("ada").table('assay_changes.gold.a"b')).toBe('"ada_assay_changes"."gold.a""b"');
});
