import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { type Columns, t } from "../../src/define/types.ts";
import { type BronzeTableOfTest, compileModels, type Warehouse, warehouse } from "./run.ts";

const tables: readonly BronzeTableOfTest[] = [
  { name: "orders", key: ["order_id"], columns: { order_id: t.varchar(), state: t.varchar() } },
  { name: "items", key: ["order_id", "item"], columns: { order_id: t.varchar(), item: t.integer(), product_id: t.varchar() } },
  { name: "payments", key: ["order_id", "payment"], columns: { order_id: t.varchar(), payment: t.integer(), paid: t.integer() } },
  { name: "customers", key: ["state"], columns: { state: t.varchar(), mail: t.varchar({ sensitive: true }) } },
];

let duckdb: Warehouse;
beforeAll(async () => {
  duckdb = await warehouse();
  const rows: Readonly<Record<string, readonly (readonly string[])[]>> = {
    orders: [
      ["'o1'", "'SP'"],
      ["'o2'", "'RJ'"],
      ["'o3'", "'SP'"],
    ],
    items: [
      ["'o1'", "1", "'p'"],
      ["'o1'", "2", "'q'"],
      ["'o2'", "1", "'p'"],
      ["'o3'", "1", "'p'"],
    ],
    payments: [
      ["'o1'", "1", "5"],
      ["'o2'", "1", "2"],
      ["'o2'", "2", "2"],
      ["'o2'", "3", "2"],
      ["'o3'", "1", "9"],
    ],
    customers: [
      ["'SP'", "'x@y'"],
      ["'RJ'", "'z@y'"],
    ],
  };
  for (const { name, columns } of tables) await duckdb.fill(`bronze.${name}`, columns, rows[name] ?? []);
});
afterAll(() => duckdb.close());

async function grainMessage(text: string, grain: readonly string[], columns: Columns): Promise<string | null> {
  const definition = model("gold.m", { grain: grain as never, columns, sql: { ...sql`select 1`, text } });
  const { facts, error } = await duckdb.build(await compileModels(tables, [definition]), "gold.m");
  const failed = facts.checks.find((item) => item.check === "grain")?.message ?? null;
  if (failed !== null) expect(error).toMatch(/^CHECK_FAILED gold\.m: check grain /);
  return failed;
}

const wide = { order_id: t.varchar(), product_id: t.varchar(), paid: t.integer() };

describe("a grain that fails", () => {
  it("names the join that multiplies rows, its key and an example with its counts", async () => {
    const text = "select i.order_id, i.product_id, p.paid from bronze.items i join bronze.payments p on p.order_id = i.order_id";
    expect(await grainMessage(text, ["order_id", "product_id"], wide)).toBe(
      "1 key appears more than once, e.g. order_id = o2, product_id = p 3 times. " +
        "bronze.payments joined on order_id multiplies rows: it has 3 rows for order_id = o2, and order_id = o2, product_id = p appears 3 times",
    );
  });

  it.each([
    ["using", "select order_id, i.product_id, p.paid from bronze.items i join bronze.payments p using (order_id)"],
    ["where", "select i.order_id, i.product_id, p.paid from bronze.items i, bronze.payments p where p.order_id = i.order_id"],
    [
      "left join, and names in capitals",
      "select I.ORDER_ID, I.PRODUCT_ID, P.PAID from bronze.items i left join BRONZE.PAYMENTS P on I.ORDER_ID = P.order_id where p.paid is not null",
    ],
    [
      "a chain of lookups",
      "select o.order_id, i.product_id, p.paid from bronze.orders o join bronze.items i on i.order_id = o.order_id join bronze.customers c on c.state = o.state join bronze.payments p on p.order_id = o.order_id",
    ],
  ])("explains joins written with %s", async (_what, text) => {
    expect(await grainMessage(text, ["order_id", "product_id"], wide)).toMatch(
      /bronze\.payments joined on order_id multiplies rows: it has 3 rows for order_id = o2/i,
    );
  });

  it("does not blame a join on a whole key", async () => {
    const text = "select o.state, c.mail from bronze.orders o join bronze.customers c on c.state = o.state";
    const message = await grainMessage(text, ["state"], { state: t.varchar(), mail: t.varchar({ sensitive: true }) });
    expect(message).toBe("1 key appears more than once, e.g. state = SP 2 times");
  });

  it("shows no sensitive value", async () => {
    const text = "select c.mail, o.order_id from bronze.customers c join bronze.orders o on o.state = c.state";
    const message = await grainMessage(text, ["mail"], { mail: t.varchar({ sensitive: true }), order_id: t.varchar() });
    expect(message).toContain("mail = ***");
    expect(message).not.toContain("@");
  });

  it("has nothing to explain where the grain holds", async () => {
    const text = "select i.order_id, i.product_id, i.item as paid from bronze.items i";
    expect(await grainMessage(text, ["order_id", "product_id"], wide)).toBeNull();
  });
});
