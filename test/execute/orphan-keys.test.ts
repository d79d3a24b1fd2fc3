import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { snapshot, table } from "../../src/define/materialization.ts";
import { type ModelDefinition, model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { type Columns, t } from "../../src/define/types.ts";
import type { CheckResult } from "../../src/terms.ts";
import { type BronzeTableOfTest, compileModels, type Warehouse, warehouse } from "./run.ts";

const key = t.integer({ nullable: true });
const tables: readonly BronzeTableOfTest[] = [
  { name: "sales", key: ["id"], columns: { id: t.integer(), cust: key, shop: key, till: key, at: t.timestamp() } },
  { name: "customers", key: ["cust"], columns: { cust: t.integer(), state: t.varchar(), note: t.varchar({ nullable: true }) } },
  { name: "tills", key: ["shop", "till"], columns: { shop: t.integer(), till: t.integer(), kind: t.varchar() } },
];
const versions = { cust: t.integer(), segment: t.varchar(), at: t.timestamp() };
const stored: Columns = { ...versions, valid_from: t.timestamp(), valid_to: t.timestamp(), is_current: t.boolean() };
const history = model("silver.history", {
  grain: ["cust"],
  columns: versions,
  materialize: snapshot({ at: "at" }),
  sql: sql`select cust, state as segment, '2026-01-01'::timestamp as at from bronze.customers`,
});

let duckdb: Warehouse;
beforeAll(async () => {
  duckdb = await warehouse();
  const { sales, customers, tills } = Object.fromEntries(tables.map((item) => [item.name, item.columns]));
  const day = (date: number): string => `'2026-01-0${date}'`;
  await duckdb.fill("bronze.sales", sales ?? {}, [
    ["1", "1", "1", "1", day(1)],
    ["2", "2", "1", "2", day(5)],
    ["3", "null", "null", "1", day(5)],
    ["4", "9", "1", "3", day(5)],
    ["5", "9", "2", "1", day(5)],
  ]);
  await duckdb.fill("bronze.customers", customers ?? {}, [
    ["1", "'SP'", "null"],
    ["2", "'none'", "null"],
  ]);
  await duckdb.fill("bronze.tills", tills ?? {}, [
    ["1", "1", "'a'"],
    ["1", "2", "'b'"],
    ["2", "9", "'c'"],
  ]);
  await duckdb.fill("silver.history", stored, [
    ["1", "'a'", day(1), "'0001-01-01'", day(1), "false"],
    ["1", "'b'", day(1), day(1), "'9999-12-31'", "true"],
    ["2", "'c'", day(1), "'0001-01-01'", day(5), "false"],
  ]);
});
afterAll(() => duckdb.close());

/** The model's orphan_keys; its contract is inferred. */
async function orphans(text: string): Promise<readonly CheckResult[]> {
  const location = { file: "m.sql", line: 1 };
  const definition: ModelDefinition = {
    kind: "model",
    name: "gold.m",
    description: null,
    grain: ["id"],
    columns: null,
    materialize: table(),
    checks: [],
    maxRejected: null,
    indexes: {},
    tags: [],
    fanOut: {},
    work: {},
    sql: { kind: "sql", text, location },
    location,
  };
  const manifest = await compileModels(tables, [history, definition]);
  const { facts, error } = await duckdb.build(manifest, "gold.m");
  expect(error).toBeNull();
  return facts.checks.filter((item) => item.check === "orphan_keys");
}

const joined = (columns: string, condition = "c.cust = s.cust", join = "left join bronze.customers c"): string =>
  `select s.id, s.cust, s.shop, s.till, ${columns} from bronze.sales s ${join} on ${condition}`;

describe("orphan keys", () => {
  it.each([
    ["by a column that is never null", joined("c.state")],
    ["by the key itself", joined("c.cust as known")],
    ["by a constant in its place", joined("coalesce(c.state, 'unknown') as state")],
    ["by a constant that is also a value", joined("coalesce(c.state, 'none') as state")],
  ])("are counted %s", async (_, text) => {
    expect(await orphans(text)).toEqual([
      {
        check: "orphan_keys",
        column: "cust",
        severity: "warn",
        status: "warned",
        failures: 2,
        message: "2 rows find no partner in bronze.customers, e.g. cust = 9",
      },
    ]);
  });

  it("are counted by all columns of a key", async () => {
    const text = joined("l.kind", "l.shop = s.shop and l.till = s.till", "left join bronze.tills l");
    expect(await orphans(text)).toMatchObject([
      { column: "shop, till", failures: 2, message: "2 rows find no partner in bronze.tills, e.g. shop = 1, till = 3; shop = 2, till = 1" },
    ]);
  });

  it("are counted at the time of the row", async () => {
    const text = joined("h.segment", "h.cust = s.cust and s.at >= h.valid_from and s.at < h.valid_to", "left join silver.history h");
    expect(await orphans(text)).toMatchObject([
      { column: "cust", failures: 3, message: "3 rows find no partner in silver.history at its time, e.g. cust = 2; cust = 9" },
    ]);
  });

  it("are not there when every key is met, or filtered", async () => {
    expect(await orphans(`${joined("c.state")} where s.id < 3`)).toMatchObject([{ status: "passed", failures: 0, message: null }]);
    expect(await orphans(`${joined("coalesce(c.state, 'none') as state")} where s.id < 4`)).toMatchObject([
      { status: "passed", failures: 0 },
    ]);
  });

  it.each([
    ["an inner join", joined("c.state", "c.cust = s.cust", "join bronze.customers c")],
    ["a part of a key", `${joined("l.kind", "l.till = s.till and l.shop = 1", "left join bronze.tills l")}`],
    ["a join with a further condition", joined("c.state", "c.cust = s.cust and c.state <> 'x'")],
    ["a column that may be absent anyway", joined("c.note")],
    ["a key that is not in the result", "select s.id, c.state from bronze.sales s left join bronze.customers c on c.cust = s.cust"],
    [
      "grouped rows",
      "select s.id, s.cust, max(c.state) as state from bronze.sales s left join bronze.customers c using (cust) group by all",
    ],
  ])("are not looked for behind %s", async (_, text) => {
    expect(await orphans(text)).toEqual([]);
  });
});
