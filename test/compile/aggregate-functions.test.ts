import { expect, it } from "vitest";
import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { aggregateFunctions } from "../../src/compile/aggregate-functions.ts";

it("lists exactly DuckDB's aggregate and window functions", async () => {
  const database = await memoryDatabase();
  const session = await database.session();
  const rows = await session.query({
    text: "select distinct function_name from duckdb_functions() where function_type = 'aggregate' order by 1",
  });
  expect([...aggregateFunctions].toSorted()).toEqual(rows.map((row) => String(row.function_name)).toSorted());
  session.close();
  database.close();
});
