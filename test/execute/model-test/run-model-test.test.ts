import { describe, expect, test } from "vitest";
import { modelTest, rows } from "../../../src/define/model-test.ts";
import { sql } from "../../../src/define/sql.ts";
import { byDay, failureOf, items, orders, runTests, runYaml, sales } from "./tested-project.ts";

const twoOrders = `
  given:
    bronze.orders:
      - { order_id: 1, day: 2026-01-01 }
      - { order_id: 2, day: 2026-01-02 }
    bronze.items: |
      order_id, product, price
      1, apple, 1.50
      1, pear, 2
      2, apple, 7.25
`;

describe("a chain", () => {
  test("is built from what is given, and compared without regard to order", async () => {
    const expected = "\n  expect:\n    - { day: 2026-01-02, revenue: 7.250 }\n    - { day: 2026-01-01, revenue: 3.5 }\n";
    expect(await failureOf(`a:\n  model: gold.by_day${twoOrders}${expected}`)).toBeNull();
  });

  test("starts at a given model, whose own SQL is not run", async () => {
    const text = "a:\n  model: gold.by_day\n  given: { silver.sales: [{ order_id: 9, product: x, price: 4, day: 2026-03-03 }] }\n";
    expect(await failureOf(`${text}  expect: [{ day: 2026-03-03, revenue: 4 }]\n`)).toBeNull();
    const failure = await failureOf(`${text}  expect: [{ day: 2026-03-03, revenue: 5 }]\n`);
    // The check compares with bronze.items, which is no part of the test.
    expect(failure).toMatchObject({ batch: null, unchecked: ["gold.by_day: conserves (bronze.items)"] });
  });

  test("takes rows in TypeScript as objects, CSV and SQL", async () => {
    const shape = { model: byDay, expect: [{ day: "2026-01-01", revenue: "3.00" }] } as const;
    const given = rows(orders, [{ order_id: 1, day: "2026-01-01" }]);
    const failures = await runTests([
      modelTest("objects", { ...shape, given: [given, rows(items, [{ order_id: 1, product: "a", price: "3" }])] }),
      modelTest("csv", { ...shape, given: [given, rows(items, 'order_id,product,price\n1,"a, b",3\n')] }),
      modelTest("sql", {
        ...shape,
        given: [given, rows(items, sql`select 1 as order_id, 'a' || i as product, 1.5 as price from range(2) r(i);`)],
      }),
      modelTest("expected sql", {
        model: sales,
        given: [given, rows(items, sql`select 1 as order_id, 'a' as product, 1.5 as price`)],
        expect: sql`select 1 as order_id, 'a' as product, 1.50 as price`,
      }),
    ]);
    expect(failures).toEqual({ objects: null, csv: null, sql: null, "expected sql": null });
  });

  test("fills what the rows leave out, and says so when it fails", async () => {
    const given = "given: { bronze.orders: [{ order_id: 1 }], bronze.items: [{ order_id: 1, product: a }] }";
    expect(
      await failureOf(`a:\n  model: silver.sales\n  ${given}\n  expect: [{ order_id: 1, product: a, price: 0, day: 1970-01-01 }]\n`),
    ).toBeNull();
    const failure = await failureOf(`a:\n  model: silver.sales\n  ${given}\n  expect: []\n`);
    expect(failure?.filled).toEqual([
      { table: "bronze.orders", column: "day", value: "1970-01-01" },
      { table: "bronze.orders", column: "note", value: null },
      { table: "bronze.items", column: "price", value: "0" },
    ]);
  });

  test("uses the pipeline's default of a parameter, or the test's value", async () => {
    const text = (params: string, revenue: string): string =>
      `a:\n  model: gold.by_day\n  checks: false${params}${twoOrders}  expect: { rows: [{ day: 2026-01-01, revenue: ${revenue} }], partial: true }\n`;
    expect(await failureOf(text("", "3.5"))).toBeNull();
    expect(await failureOf(text("\n  params: { min_price: 2 }", "2"))).toBeNull();
    expect(await failureOf(text("\n  params: { min_price: 2 }", "3.5"))).toMatchObject({ diff: { changed: [{}] } });
  });
});

describe("rows are compared", () => {
  const expectSales = (expect: string): Promise<unknown> => failureOf(`a:\n  model: silver.sales${twoOrders}  expect: ${expect}\n`);

  test("as multisets: a row more or less is a difference", async () => {
    expect(await expectSales("[{ price: 1.5 }, { price: 2 }, { price: 7.25 }]")).toBeNull();
    expect(await expectSales("[{ product: apple }, { product: pear }]")).toMatchObject({
      diff: { expected_rows: 2, actual_rows: 3, equal_rows: 2, missing: [], unexpected: [{ product: "apple" }], changed: [] },
    });
    expect(await expectSales("[{ product: apple }, { product: apple }, { product: apple }, { product: pear }]")).toMatchObject({
      diff: { equal_rows: 3, missing: [{ product: "apple" }], unexpected: [] },
    });
    expect(await expectSales("[]")).toMatchObject({ diff: { expected_rows: 0, actual_rows: 3 } });
  });

  test("on the columns named, old and new value side by side where the key is the same", async () => {
    const failure = await expectSales(
      "[{ order_id: 1, product: apple, price: 1.5 }, { order_id: 1, product: pear, price: 3 }, { order_id: 3, product: fig, price: 1 }]",
    );
    expect(failure).toMatchObject({
      message: "silver.sales does not hold the expected rows",
      diff: {
        columns: ["order_id", "product", "price"],
        key: ["order_id", "product"],
        equal_rows: 1,
        changed: [{ expected: { product: "pear", price: "3.00" }, actual: { product: "pear", price: "2.00" } }],
        missing: [{ order_id: 3, product: "fig", price: "1.00" }],
        unexpected: [{ order_id: 2, product: "apple", price: "7.25" }],
      },
    });
  });

  test("partially, when that is asked for", async () => {
    expect(await expectSales("{ rows: [{ product: pear }], partial: true }")).toBeNull();
    expect(await expectSales("{ rows: [{ product: pear }, { product: pear }], partial: true }")).toMatchObject({
      diff: { missing: [{ product: "pear" }], unexpected: [] },
    });
  });

  test("in their order, when that is asked for", async () => {
    const expectDays = (days: readonly string[]): Promise<unknown> =>
      failureOf(
        `a:\n  model: gold.by_day${twoOrders}  expect: { rows: [${days.map((day) => `{ day: ${day} }`).join(", ")}], ordered: true }\n`,
      );
    expect(await expectDays(["2026-01-02", "2026-01-01"])).toBeNull();
    expect(await expectDays(["2026-01-01", "2026-01-02"])).toMatchObject({
      diff: { missing: [], unexpected: [], misplaced: { row: 1, expected: { day: "2026-01-01" }, actual: { day: "2026-01-02" } } },
    });
  });

  test("by value: null is null, doubles to 12 digits, JSON without its layout", async () => {
    const text = (ratio: string, body: string): string => `
a:
  model: bronze.events
  given:
    bronze.events: { sql: "select 1 as id, 0.1::double + 0.2::double as ratio, '{\\"a\\":  1}' as body union all select 9007199254740993, null, null" }
  expect:
    - { id: 1, ratio: ${ratio}, body: '${body}', at_time: null }
    - { id: 9007199254740993, ratio: null, body: null, at_time: null }
`;
    expect(await failureOf(text("0.3", '{"a":1}'))).toBeNull();
    expect(await failureOf(text("0.3001", '{"a":1}'))).toMatchObject({ diff: { equal_rows: 1 } });
    expect(await failureOf(text("0.3", '{"a":2}'))).toMatchObject({ diff: { equal_rows: 1 } });
  });
});

describe("batches", () => {
  test("merge: the table is asserted after each, deletions included", async () => {
    const text = (last: string): string => `
a:
  model: bronze.prices
  batches:
    - given: { bronze.prices: [{ product: a, price: 1 }, { product: b, price: 2 }] }
      expect: [{ product: a, price: 1 }, { product: b, price: 2 }]
    - given: { bronze.prices: [{ product: a, price: 3 }, { product: b, gone: true }, { product: c, price: 4 }] }
      expect: [{ product: a, price: 3 }, { product: c, price: ${last} }]
`;
    expect(await failureOf(text("4"))).toBeNull();
    expect(await failureOf(text("5"))).toMatchObject({ batch: 2, diff: { changed: [{ actual: { product: "c", price: "4.00" } }] } });
  });

  test("replace: what is given is the whole source; a table that is not named stays as it is", async () => {
    expect(
      await failureOf(`
a:
  model: silver.sales
  given:
    bronze.orders: [{ order_id: 1, day: 2026-01-01 }]
  batches:
    - given: { bronze.items: [{ order_id: 1, product: a, price: 1 }, { order_id: 1, product: b, price: 2 }] }
      expect: [{ product: a }, { product: b }]
    - given: { bronze.items: [{ order_id: 1, product: b, price: 3 }] }
      expect: [{ product: b, price: 3, day: 2026-01-01 }]
    - expect: [{ product: b, price: 3, day: 2026-01-01 }]
    - given: { bronze.orders: [], bronze.items: [] }
      expect: []
`),
    ).toBeNull();
  });

  test("append: rows come in addition, what is there is not computed again", async () => {
    expect(
      await failureOf(`
a:
  model: gold.log
  now: 2026-01-01
  batches:
    - given: { bronze.events: [{ id: 1 }] }
      expect: [{ id: 1, seen: 2026-01-01 }]
    - now: 2026-01-02
      given: { bronze.events: [{ id: 2 }] }
      expect: [{ id: 1, seen: 2026-01-01 }, { id: 2, seen: 2026-01-02 }]
`),
    ).toBeNull();
  });

  test("snapshot: late versions go into the middle, a key that is gone is closed at the test's time", async () => {
    expect(
      await failureOf(`
a:
  model: silver.price_history
  batches:
    - given: { bronze.prices: [{ product: a, price: 1, changed_at: 2026-01-01 }, { product: b, price: 9, changed_at: 2026-01-01 }] }
      expect: [{ product: a, is_current: true }, { product: b, is_current: true }]
    - given: { bronze.prices: [{ product: a, price: 3, changed_at: 2026-03-01 }] }
      expect: |
        product, price, valid_from, valid_to, is_current
        a,       1,     0001-01-01, 2026-03-01, false
        a,       3,     2026-03-01, 9999-12-31, true
        b,       9,     0001-01-01, 9999-12-31, true
    - now: 2026-05-05
      given: { bronze.prices: [{ product: a, price: 2, changed_at: 2026-02-01 }, { product: b, gone: true }] }
      expect: |
        product, price, valid_from, valid_to, is_current
        a,       1,     0001-01-01, 2026-02-01, false
        a,       2,     2026-02-01, 2026-03-01, false
        a,       3,     2026-03-01, 9999-12-31, true
        b,       9,     0001-01-01, 2026-05-05, false
`),
    ).toBeNull();
  });

  test("incremental: the whole table is asserted; a failed batch leaves the old one", async () => {
    expect(
      await failureOf(`
a:
  model: gold.latest
  batches:
    - given: { bronze.prices: [{ product: a, price: 1 }, { product: b, price: 2 }, { product: c, price: 3 }] }
      expect: [{ product: a, price: 1 }, { product: b, price: 2 }, { product: c, price: 3 }]
    - given: { bronze.prices: [{ product: a, price: 5000 }] }
      expectFailure: check affordable
      expect: [{ product: a, price: 1 }, { product: b, price: 2 }, { product: c, price: 3 }]
    - given: { bronze.prices: [{ product: a, price: 50 }, { product: b, gone: true }] }
      expect: [{ product: a, price: 50 }, { product: c, price: 3 }]
`),
    ).toBeNull();
  });

  test("incremental: only what a batch touches is built again, however few rows there are", async () => {
    const text = (label: string): string => `
a:
  model: gold.labelled
  batches:
    - given:
        bronze.prices: [{ product: a, price: 1 }, { product: b, price: 2 }]
        bronze.labels: [{ product: a, label: old }, { product: b, label: old }]
      expect: [{ product: a, label: old }, { product: b, label: old }]
    - given:
        bronze.prices: [{ product: a, price: 3 }]
        bronze.labels: [{ product: a, label: new }, { product: b, label: new }]
      expect: [{ product: a, price: 3, label: new }, { product: b, price: 2, label: ${label} }]
`;
    // A full build would show the new label everywhere.
    expect(await failureOf(text("old"))).toBeNull();
    expect(await failureOf(text("new"))).toMatchObject({ batch: 2 });
  });

  test("a given view hides the tables below it from the model that follows its changes", async () => {
    expect(
      await failureOf(`
a:
  model: gold.shown
  batches:
    - given: { silver.shown: [{ product: a, price: 1 }] }
      expect: [{ product: a, price: 1 }]
    - given: { silver.shown: [{ product: a, price: 2 }, { product: b, price: 3 }] }
      expect: [{ product: a, price: 2 }, { product: b, price: 3 }]
`),
    ).toBeNull();
    expect(
      await failureOf(`
a:
  model: gold.shown
  batches:
    - given: { bronze.prices: [{ product: a, price: 1 }] }
      expect: [{ product: a, price: 1 }]
    - given: { bronze.prices: [{ product: a, price: 2 }, { product: b, price: 3 }] }
      expect: [{ product: a, price: 2 }, { product: b, price: 3 }]
`),
    ).toBeNull();
  });
});

describe("time", () => {
  test("is the test's, for every way to ask, and the real one without", async () => {
    const text = (now: string): string => `a:\n  model: gold.clock${now}\n  given: { bronze.orders: [{ order_id: 1 }] }\n`;
    const row = (time: string): string => `{ now_at: ${time}, today: ${time.slice(0, 10)}, local_at: ${time} }`;
    for (const [written, time] of [
      ["2020-02-29", "2020-02-29 00:00:00"],
      ["2020-02-29 23:30:00", "2020-02-29 23:30:00"],
      ["2020-02-29T23:30:00Z", "2020-02-29 23:30:00"],
      ["2020-03-01T01:30:00+02:00", "2020-02-29 23:30:00"],
    ] as const) {
      expect(
        await failureOf(`${text(`\n  now: ${written}`)}  expect: ["${row(time)}"]\n`.replace('["{', "[{").replace('}"]', "}]")),
      ).toBeNull();
    }
    expect(await failureOf(`${text("")}  expect: [{ today: 2020-02-29 }]\n`)).toMatchObject({ diff: {} });
  });
});

describe("an expected failure", () => {
  const lostItem = "given: { bronze.orders: [], bronze.items: [{ order_id: 1, product: a, price: 3 }] }";

  test("is a check by its kind, name or column, or an error's code", async () => {
    for (const failure of [
      "check conserves",
      "check conserves revenue",
      "check conserves (revenue)",
      "gold.by_day check conserves",
      "CHECK_FAILED",
    ])
      expect(await failureOf(`a:\n  model: gold.by_day\n  ${lostItem}\n  expectFailure: ${failure}\n`), failure).toBeNull();
    const dear = "given: { bronze.prices: [{ product: a, price: 5000 }] }";
    expect(await failureOf(`a:\n  model: gold.latest\n  ${dear}\n  expectFailure: check affordable\n`)).toBeNull();
  });

  test("is of the table under test, a given bronze table too, or of one on the way", async () => {
    const negative = "given: { bronze.items: [{ order_id: 1, product: a, price: -1 }] }";
    expect(await failureOf(`a:\n  model: bronze.items\n  ${negative}\n  expectFailure: check between price\n`)).toBeNull();
    const twice = "given: { silver.sales: [{ order_id: 1, product: a }, { order_id: 1, product: a }] }";
    expect(await failureOf(`a:\n  model: gold.by_day\n  ${twice}\n  expectFailure: silver.sales check grain\n`)).toBeNull();
  });

  test("that does not come is a failure", async () => {
    const good = "given: { bronze.orders: [{ order_id: 1 }], bronze.items: [{ order_id: 1, product: a, price: 3 }] }";
    expect(await failureOf(`a:\n  model: gold.by_day\n  ${good}\n  expectFailure: check grain\n`)).toMatchObject({
      message: "check grain did not fail for gold.by_day: gold.by_day passed",
    });
    expect(await failureOf(`a:\n  model: gold.by_day\n  ${lostItem}\n  expectFailure: check grain\n`)).toMatchObject({
      message: "check grain did not fail for gold.by_day, but something else did",
      errors: [{ code: "CHECK_FAILED" }],
    });
    expect(await failureOf(`a:\n  model: gold.by_day\n  ${good}\n  expectFailure: BUILD_FAILED\n`)).toMatchObject({
      message: "BUILD_FAILED did not fail for gold.by_day",
    });
    const twice = "given: { silver.sales: [{ order_id: 1, product: a }, { order_id: 1, product: a }] }";
    expect(await failureOf(`a:\n  model: gold.by_day\n  ${twice}\n  expectFailure: check grain\n`)).toMatchObject({
      message: "check grain did not fail for gold.by_day, but something else did",
      errors: [{ message: expect.stringContaining("silver.sales: check grain") }],
    });
  });

  test("that nobody expects is a failure with its error", async () => {
    expect(await failureOf(`a:\n  model: gold.by_day\n  ${lostItem}\n  expect: []\n`)).toMatchObject({
      message: "build gold.by_day failed",
      diff: null,
      errors: [
        {
          code: "CHECK_FAILED",
          message: expect.stringContaining("the total of revenue is null, in bronze.items the total of price is 3.00"),
        },
      ],
    });
    expect(await failureOf(`a:\n  model: gold.by_day\n  checks: false\n  ${lostItem}\n  expect: []\n`)).toBeNull();
  });

  test("leaves no table to look at in the first batch", async () => {
    expect(await failureOf(`a:\n  model: gold.by_day\n  ${lostItem}\n  expectFailure: check conserves\n  expect: []\n`)).toMatchObject({
      message: "gold.by_day was not published",
    });
  });
});

test("tests do not see each other's rows", async () => {
  const one = (name: string, product: string): string =>
    `${name}:\n  model: bronze.prices\n  given: { bronze.prices: [{ product: ${product} }] }\n  expect: [{ product: ${product} }]\n`;
  expect(await runYaml(["a", "b", "c"].map((name) => one(name, name)).join(""))).toEqual({ a: null, b: null, c: null });
});
