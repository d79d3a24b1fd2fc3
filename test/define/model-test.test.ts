import { expect, expectTypeOf, test } from "vitest";
import { bronze } from "../../src/define/bronze.ts";
import { model } from "../../src/define/model.ts";
import { type GivenTable, type ModelTestDefinition, modelTest, rows } from "../../src/define/model-test.ts";
import { csv } from "../../src/define/source.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";

const items = bronze("items", {
  from: csv("i.csv"),
  columns: { id: t.integer(), price: t.decimal(10, 2, { nullable: true }) },
  key: ["id"],
});
const revenue = model("gold.revenue", { grain: [], columns: { revenue: t.decimal(12, 2) }, sql: sql`select 1` });

test("rows and expectations are typed by the contracts", () => {
  expectTypeOf(rows(items, [{ id: 1 }, { price: null }])).toEqualTypeOf<GivenTable>();
  // @ts-expect-error a column that was renamed
  rows(items, [{ id: 1, prize: "1" }]);
  // @ts-expect-error a decimal is a text, so that no digit is lost
  rows(items, [{ id: 1, price: 1.5 }]);
  // @ts-expect-error not null
  rows(items, [{ id: null }]);
  // Without a contract in TypeScript any column may be named.
  rows({ name: "gold.from_sql" }, [{ whatever: 1 }]);

  const given = [rows(items, [])];
  expectTypeOf(modelTest("a", { model: revenue, given, expect: [{ revenue: "1" }] })).toEqualTypeOf<ModelTestDefinition>();
  modelTest("b", { model: revenue, given, expect: { rows: "revenue\n1\n", partial: true } });
  modelTest("c", { model: revenue, batches: [{ given, expect: [{ valid_from: "2026-01-01" }] }, { expectFailure: "check grain" }] });
  modelTest("d", { model: { name: "gold.from_sql" }, given, expect: [{ whatever: 1 }] });
  // @ts-expect-error a column that was renamed
  modelTest("e", { model: revenue, given, expect: [{ revenu: "1" }] });
  // @ts-expect-error a column that was renamed, in a batch
  modelTest("f", { model: revenue, batches: [{ given, expect: { rows: [{ revenu: "1" }] } }] });
  // @ts-expect-error what a batch expects stands in the batch
  modelTest("g", { model: revenue, expect: [], batches: [{ given, expect: [] }] });
});

test("what is given beside batches belongs to the first, the time to all without their own", () => {
  const [first, second] = [rows(items, []), rows({ name: "bronze.other" }, [])];
  const { batches, location } = modelTest("a", {
    model: revenue,
    given: [first],
    now: "2026-01-01",
    batches: [{ given: [second], expect: [] }, { now: "2026-01-02", expect: [] }, { expect: [] }],
  });
  expect(batches.map((batch) => batch.given.map((item) => item.table))).toEqual([["bronze.items", "bronze.other"], [], []]);
  expect(batches.map((batch) => batch.now)).toEqual(["2026-01-01", "2026-01-02", "2026-01-01"]);
  expect(location.file).toMatch(/model-test\.test\.ts$/);
  expect(location.line).toBeGreaterThan(first.location.line);
});
