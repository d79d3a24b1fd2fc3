import { memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../../../src/adapters/duckdb/sql-analyzer.ts";
import { compileProject } from "../../../src/compile/compile.ts";
import type { Manifest } from "../../../src/compile/manifest.ts";
import { bronze } from "../../../src/define/bronze.ts";
import { check } from "../../../src/define/check.ts";
import { type Materialization, snapshot, table } from "../../../src/define/materialization.ts";
import type { ModelDefinition } from "../../../src/define/model.ts";
import { defineProject } from "../../../src/define/project.ts";
import { csv } from "../../../src/define/source.ts";
import { t } from "../../../src/define/types.ts";
import { AssayError } from "../../../src/errors.ts";

const from = csv("x.csv");
const money = t.decimal(10, 2, { nullable: true });

/** Tables of a shop, each with the key it has. */
const shop = [
  bronze("orders", {
    from,
    key: ["order_id"],
    columns: {
      order_id: t.integer(),
      customer_id: t.integer(),
      total: money,
      ordered_at: t.timestamp(),
      status: t.varchar(),
      late: t.boolean(),
    },
  }),
  bronze("items", {
    from,
    key: ["order_id", "item_id"],
    columns: {
      order_id: t.integer(),
      item_id: t.integer(),
      product_id: t.integer(),
      seller_id: t.integer(),
      price: money,
      qty: t.integer(),
    },
  }),
  bronze("payments", {
    from,
    key: ["order_id", "seq"],
    columns: { order_id: t.integer(), seq: t.integer(), value: money, method: t.varchar(), status: t.varchar() },
  }),
  bronze("products", {
    from,
    key: ["product_id"],
    columns: { product_id: t.integer(), category: t.varchar({ nullable: true }), weight: money, active: t.boolean() },
  }),
  bronze("customers", {
    from,
    key: ["customer_id"],
    columns: { customer_id: t.integer(), state: t.varchar(), email: t.varchar(), credit: money },
    checks: [check.unique("email")],
  }),
  bronze("sales", {
    from,
    key: ["sale_id"],
    columns: {
      sale_id: t.integer(),
      product_id: t.integer(),
      customer_id: t.integer(),
      email: t.varchar(),
      units: t.integer(),
      amount: money,
      day: t.date(),
    },
  }),
  bronze("returns", {
    from,
    key: ["return_id"],
    columns: {
      return_id: t.integer(),
      sale_id: t.integer(),
      product_id: t.integer(),
      amount: money,
      returned_on: t.date({ nullable: true }),
    },
  }),
  bronze("addresses", {
    from,
    key: ["address_id"],
    columns: { address_id: t.integer(), customer_id: t.integer(), kind: t.varchar(), city: t.varchar() },
  }),
  bronze("rates", {
    from,
    key: ["currency", "starts"],
    columns: { currency: t.varchar(), starts: t.date(), ends: t.date(), rate: t.double() },
  }),
  bronze("days", { from, key: ["day"], columns: { day: t.date(), month: t.varchar() } }),
  bronze("campaign_orders", {
    from,
    key: ["order_id", "campaign_id"],
    columns: { order_id: t.integer(), campaign_id: t.integer(), share: t.double() },
  }),
  bronze("campaigns", { from, key: ["campaign_id"], columns: { campaign_id: t.integer(), channel: t.varchar() } }),
  bronze("employees", { from, key: ["id"], columns: { id: t.integer(), manager_id: t.integer({ nullable: true }), salary: money } }),
  bronze("settings", { from, key: ["name"], columns: { name: t.varchar(), factor: t.double() } }),
  bronze("notes", { from, columns: { order_id: t.integer(), note: t.varchar() } }),
  bronze("customer_updates", {
    from,
    columns: { customer_id: t.integer(), segment: t.varchar(), region_id: t.integer(), updated_at: t.timestamp() },
  }),
  bronze("regions", { from, key: ["region_id"], columns: { region_id: t.integer(), name: t.varchar() } }),
] as const;

export interface ModelParts {
  readonly grain?: readonly string[];
  readonly fanOut?: Readonly<Record<string, string>>;
  readonly materialize?: Materialization;
  readonly checks?: ModelDefinition["checks"];
}

/** A model with an inferred contract, its SQL on line 1 of `<name>.sql`. */
export function sqlModel(name: string, text: string, parts: ModelParts = {}): ModelDefinition {
  const location = { file: `${name}.sql`, line: 1 };
  return {
    kind: "model",
    name: name as ModelDefinition["name"],
    description: null,
    grain: parts.grain ?? [],
    columns: null,
    materialize: parts.materialize ?? table(),
    checks: parts.checks ?? [],
    maxRejected: null,
    indexes: {},
    tags: [],
    work: {},
    fanOut: parts.fanOut ?? {},
    sql: { kind: "sql", text, location },
    location,
  };
}

/** Every version a customer had. */
export const customerHistory = sqlModel(
  "silver.customer_history",
  "select customer_id, segment, region_id, updated_at from bronze.customer_updates",
  {
    grain: ["customer_id"],
    materialize: snapshot({ at: "updated_at" }),
  },
);

export async function compileShop(models: readonly ModelDefinition[]): Promise<Manifest> {
  const analyzer = await duckdbAnalyzer(await memoryDatabase());
  try {
    return await compileProject(
      { folder: ".", config: defineProject({ name: "shop" }), bronze: shop, models, pipelines: [], sinks: [] },
      analyzer,
    );
  } finally {
    analyzer.close();
  }
}

/** What is wrong with the models, every error of the pass. */
export async function faultsOf(models: readonly ModelDefinition[]): Promise<readonly AssayError[]> {
  try {
    await compileShop(models);
    return [];
  } catch (error) {
    if (error instanceof AssayError) return [error, ...error.others];
    throw error;
  }
}
