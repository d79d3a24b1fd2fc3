import { afterAll, beforeAll, expect, test } from "vitest";
import { incremental, view } from "../../src/define/materialization.ts";
import { type ModelDefinition, model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import type { StepResult } from "../../src/terms.ts";
import { items } from "../conformance/shop.ts";
import { openWorld, type World } from "../conformance/world.ts";
import { type PostgresEngines, startPostgresEngines } from "../services/postgres-engine.ts";

let server: PostgresEngines;
let world: World;
beforeAll(async () => {
  server = await startPostgresEngines({ settings: { fsync: "off" } });
  world = await openWorld(server.open);
}, 120_000);
afterAll(async () => {
  await world?.close();
  await server?.stop();
});

const columns = { order_id: t.integer(), prices: t.varchar() };

/** Lists are DuckDB's; PostgreSQL's are arrays. */
const listed = (postgres: string, more: Partial<ModelDefinition> = {}): ModelDefinition => ({
  ...model("silver.listed", {
    grain: ["order_id"],
    columns,
    materialize: incremental({ by: ["order_id"] }),
    sql: {
      duckdb: sql`select order_id, array_to_string(list(price order by price), ' ') as prices from ${items} group by order_id`,
      postgres: { kind: "sql", text: postgres, location: { file: "models/silver/listed.postgres.sql", line: 1 } },
    },
  }),
  ...more,
});

const arrays = "select order_id, array_to_string(array_agg(price order by price), ' ') as prices from bronze.items group by order_id;";

async function build(definition: ModelDefinition): Promise<StepResult> {
  await world.define([items], [definition]);
  const { steps } = await world.run();
  const step = steps.find((item) => item.table === definition.name);
  if (step === undefined) throw new Error("the model was not built");
  return step;
}

test("SQL written for PostgreSQL is what runs, and a change means a full build that says why", async () => {
  await world.send("data/items-1.csv", "order_id,line,price", ["1,1,5.00", "1,2,1.50", "2,1,7.00"]);
  expect((await build(listed(arrays))).error).toBeNull();
  expect(await world.rows("silver.listed")).toEqual(["1 1.50 5.00", "2 7.00"]);
  await world.send("data/items-2.csv", "order_id,line,price", ["2,2,0.10"]);
  const plan = await world.plan();
  const planned = plan.steps.find((step) => step.table === "silver.listed");
  expect(planned?.build?.why).toContain(
    "in full if bronze.items changes: its SQL for PostgreSQL (models/silver/listed.postgres.sql:1) is written by hand",
  );
  const { steps } = await world.run();
  const step = steps.find((item) => item.table === "silver.listed");
  expect(step).toMatchObject({ status: "succeeded", touched: null });
  expect(step?.notes.join()).toContain("its SQL for PostgreSQL (models/silver/listed.postgres.sql:1) is written by hand");
  expect(await world.rows("silver.listed")).toEqual(["1 1.50 5.00", "2 0.10 7.00"]);
});

test("other SQL for PostgreSQL is another definition", async () => {
  const step = await build(listed(arrays.replace("order by price", "order by price desc")));
  expect(step).toMatchObject({ status: "succeeded", reason: expect.stringContaining("definition") });
  expect(await world.rows("silver.listed")).toEqual(["1 5.00 1.50", "2 7.00 0.10"]);
});

test.each([
  ["a column too few", "select order_id from bronze.items", 'does not select "prices"'],
  ["a column too many", "select order_id, '' as prices, line from bronze.items", "selects line, which the contract does not have"],
  [
    "another type",
    "select order_id::bigint * 1.5 as order_id, '' as prices from bronze.items",
    "gives order_id as NUMERIC, the contract has INTEGER",
  ],
])("%s breaks the contract before anything is built", async (_, text, said) => {
  const before = await world.rows("silver.listed");
  for (const materialize of [incremental({ by: ["order_id"] }), view()]) {
    const { error } = await build(listed(text, { materialize }));
    expect(error?.code).toBe("CONTRACT_MISMATCH");
    expect(error?.message).toContain(said);
  }
  expect(await world.rows("silver.listed")).toEqual(before);
});

test("SQL that PostgreSQL does not take fails the step in its words", async () => {
  const { error } = await build(listed("select order_id, list(price) as prices from bronze.items group by order_id"));
  expect(error).toMatchObject({ code: "BUILD_FAILED", message: expect.stringContaining("function list(numeric) does not exist") });
});
