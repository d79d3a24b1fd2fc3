import { expect, test } from "vitest";
import { selectTests } from "../../../src/compile/model-test/select-tests.ts";
import { yamlModelTests } from "../../../src/compile/model-test/yaml-model-tests.ts";
import { type GivenTable, modelTest, rows } from "../../../src/define/model-test.ts";
import { sql } from "../../../src/define/sql.ts";
import { AssayError } from "../../../src/errors.ts";
import { items, orders, runTests, runYaml, sales } from "./tested-project.ts";

async function errorOf(work: Promise<unknown>): Promise<AssayError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof AssayError) return error;
  throw new Error(`no AssayError: ${String(error)}`, { cause: error });
}

const head = "t:\n  model: silver.sales\n";
const given = "  given:\n    bronze.orders: [{ order_id: 1 }]\n    bronze.items: []\n";
const none = "  expect: []\n";

/** Title, YAML, code, what the message and the hint say, and the line. */
const cases: readonly (readonly [string, string, string, RegExp, RegExp, number])[] = [
  ["no YAML", `${head}  given: {\n`, "TEST_INVALID", /the file is not YAML: /, /at that line/, 4],
  [
    "the same name twice in a file",
    `${head}${given}${none}${head}${given}${none}`,
    "TEST_INVALID",
    /not YAML: Map keys must be unique/,
    /line/,
    7,
  ],
  ["a list of tests", "- a\n", "TEST_INVALID", /no list of tests/, /name: \{ model/, 1],
  ["a test that is a text", "t: hello\n", "TEST_INVALID", /test "t" is no \{ model/, /known fields: model/, 1],
  [
    "an unknown field",
    `${head}${given}  expected: []\n`,
    "TEST_INVALID",
    /test "t" has an unknown field expected/,
    /did you mean expect\?/,
    6,
  ],
  ["an unknown field of a batch", `${head}  batches:\n    - gives: {}\n`, "TEST_INVALID", /batch 1 has an unknown field gives/, /given/, 4],
  ["batches that are no list", `${head}  batches: {}\n`, "TEST_INVALID", /batches is no list/, /one entry for each run/, 3],
  [
    "expect beside batches",
    `${head}${none}  batches: [{ expect: [] }]\n`,
    "TEST_INVALID",
    /has expect beside batches/,
    /into the batch/,
    1,
  ],
  ["no batches", `${head}  batches: []\n`, "TEST_INVALID", /has no batches/, /at least one/, 1],
  ["no model", `t:\n${given}${none}`, "TEST_INVALID", /names no model/, /write model/, 1],
  ["nothing expected", `${head}${given}`, "TEST_INVALID", /expects nothing/, /expectFailure/, 1],
  [
    "an unknown model",
    `t:\n  model: silver.sale\n${none}`,
    "TABLE_UNKNOWN",
    /test "t" is of silver\.sale, which/,
    /did you mean silver\.sales\?/,
    1,
  ],
  [
    "an unknown given table",
    `${head}  given:\n    bronze.order: []\n${none}`,
    "TABLE_UNKNOWN",
    /gives rows of bronze\.order,/,
    /bronze\.orders/,
    4,
  ],
  [
    "a missing upstream",
    `${head}  given:\n    bronze.items: []\n${none}`,
    "TEST_INVALID",
    /gives no rows of bronze\.orders, which silver\.sales reads/,
    /\[\] for none/,
    1,
  ],
  [
    "a missing upstream further down",
    `t:\n  model: gold.by_day\n  given: { bronze.orders: [] }\n${none}`,
    "TEST_INVALID",
    /gives no rows of bronze\.items, which gold\.by_day, through silver\.sales, reads/,
    /a table between/,
    1,
  ],
  ["a model that is given", `${head}  given: { silver.sales: [] }\n${none}`, "TEST_INVALID", /the model it tests/, /what it reads/, 1],
  [
    "a given table that is not read",
    `${head}${given}    bronze.events: []\n${none}`,
    "TEST_INVALID",
    /gives rows of bronze\.events, which silver\.sales does not read/,
    /silver\.sales reads bronze\.items, bronze\.orders/,
    6,
  ],
  [
    "a given table below a given one",
    `t:\n  model: gold.by_day\n  given:\n    silver.sales: []\n    bronze.orders: []\n${none}`,
    "TEST_INVALID",
    /gives rows of bronze\.orders/,
    /silver\.sales is given, so nothing below it is read/,
    5,
  ],
  [
    "no rows",
    `${head}  given:\n    bronze.orders:\n    bronze.items: []\n${none}`,
    "TEST_INVALID",
    /bronze\.orders: these are no rows/,
    /testing\.md/,
    4,
  ],
  [
    "a row that is a text",
    `${head}  given:\n    bronze.orders:\n      - one\n    bronze.items: []\n${none}`,
    "TEST_INVALID",
    /row 1 is not \{ column/,
    /testing/,
    5,
  ],
  [
    "an unknown column",
    `${head}  given: { bronze.orders: [{ order_id: 1, dey: 2026-01-01 }], bronze.items: [] }\n${none}`,
    "COLUMN_UNKNOWN",
    /bronze\.orders has no column dey/,
    /did you mean day\?/,
    3,
  ],
  [
    "an unknown expected column",
    `${head}${given}  expect: [{ prise: 1 }]\n`,
    "COLUMN_UNKNOWN",
    /expect: silver\.sales has no column prise/,
    /price/,
    1,
  ],
  [
    "a key left out",
    `${head}  given: { bronze.orders: [{ day: 2026-01-01 }], bronze.items: [] }\n${none}`,
    "TEST_INVALID",
    /leave out order_id, which is part of its key/,
    /never filled/,
    3,
  ],
  [
    "null where none may be",
    `${head}  given:\n    bronze.items: []\n    bronze.orders:\n      - { order_id: 1, day: null }\n${none}`,
    "TEST_INVALID",
    /row 1: day: null stands/,
    /value/,
    6,
  ],
  [
    "a text that is no number",
    `${head}  given:\n    bronze.items: []\n    bronze.orders:\n      - { order_id: 1 }\n      - { order_id: two }\n${none}`,
    "TEST_INVALID",
    /row 2: order_id: "two" is no INTEGER/,
    /order_id can hold/,
    7,
  ],
  [
    "a fraction for a whole number",
    `${head}  given: { bronze.orders: [{ order_id: 1.5 }], bronze.items: [] }\n${none}`,
    "TEST_INVALID",
    /"1\.5" is no INTEGER/,
    /./,
    3,
  ],
  [
    "digits that would be rounded",
    `${head}${given}  expect: [{ price: 1.005 }]\n`,
    "TEST_INVALID",
    /expect, silver\.sales row 1: price: 1\.005 has more than 2 digits/,
    /price/,
    6,
  ],
  [
    "a date with a time of day",
    `${head}  given: { bronze.orders: [{ order_id: 1, day: 2026-01-01 10:00:00 }], bronze.items: [] }\n${none}`,
    "TEST_INVALID",
    /it has a time of day/,
    /./,
    3,
  ],
  [
    "a date that does not exist",
    `${head}  given:\n    bronze.items: []\n    bronze.orders:\n      - { order_id: 1, day: 2026-02-30 }\n${none}`,
    "TEST_INVALID",
    /row 1: day: "2026-02-30" is no DATE/,
    /hold/,
    6,
  ],
  [
    "a number that is too large",
    `${head}  given:\n    bronze.items: []\n    bronze.orders: |\n      order_id\n      1\n      3000000000\n${none}`,
    "TEST_INVALID",
    /row 2: order_id: "3000000000" is no INTEGER/,
    /hold/,
    8,
  ],
  [
    "text that is no JSON",
    "t:\n  model: gold.log\n  given: { bronze.events: [{ id: 1, body: nope }] }\n  expect: []\n",
    "TEST_INVALID",
    /body: "nope" is no JSON/,
    /hold/,
    3,
  ],
  [
    "a boolean that is a word",
    "t:\n  model: gold.latest\n  given: { bronze.prices: [{ product: a, gone: perhaps }] }\n  expect: []\n",
    "TEST_INVALID",
    /gone: "perhaps" is no BOOLEAN/,
    /./,
    3,
  ],
  [
    "CSV with a field too many",
    `${head}  given:\n    bronze.items: []\n    bronze.orders: |\n      order_id\n      1,2\n${none}`,
    "TEST_INVALID",
    /has 2 fields, the header 1/,
    /testing/,
    7,
  ],
  [
    "CSV with an open quote",
    `${head}  given:\n    bronze.items: []\n    bronze.orders: |\n      order_id,note\n      1,"x\n${none}`,
    "TEST_INVALID",
    /a quote is not closed/,
    /testing/,
    7,
  ],
  [
    "CSV with a column twice",
    `${head}  given:\n    bronze.items: []\n    bronze.orders: |\n      order_id,order_id\n${none}`,
    "TEST_INVALID",
    /names order_id twice/,
    /testing/,
    6,
  ],
  [
    "empty CSV",
    `${head}  given:\n    bronze.items: []\n    bronze.orders: ""\n${none}`,
    "TEST_INVALID",
    /the CSV text is empty/,
    /testing/,
    5,
  ],
  [
    "SQL that does not parse",
    `${head}  given:\n    bronze.items: []\n    bronze.orders: { sql: selec 1 }\n${none}`,
    "TEST_INVALID",
    /SQL of its rows does not parse/,
    /one SELECT/,
    5,
  ],
  [
    "SQL that does not bind",
    `${head}  given:\n    bronze.items: []\n    bronze.orders: { sql: select x }\n${none}`,
    "TEST_INVALID",
    /does not bind: .*x/,
    /one SELECT/,
    5,
  ],
  [
    "SQL over the project's tables",
    `${head}  given:\n    bronze.items: []\n    bronze.orders: { sql: from bronze.orders }\n${none}`,
    "TEST_INVALID",
    /reads bronze\.orders/,
    /none of the project's tables/,
    5,
  ],
  [
    "SQL with a null key",
    `${head}  given:\n    bronze.items: []\n    bronze.orders: { sql: "select null as order_id" }\n${none}`,
    "TEST_INVALID",
    /row 1: order_id: null stands/,
    /hold/,
    5,
  ],
  [
    "SQL that fails on its rows",
    `${head}  given:\n    bronze.items: []\n    bronze.orders: { sql: "select error('boom')::integer as order_id" }\n${none}`,
    "TEST_INVALID",
    /boom/,
    /hold/,
    5,
  ],
  [
    "expected rows with different columns",
    `${head}${given}  expect:\n    - { order_id: 1, price: 1 }\n    - { order_id: 2 }\n`,
    "TEST_INVALID",
    /expected row 2 does not say what price is/,
    /price: null/,
    8,
  ],
  [
    "an unknown field beside expected rows",
    `${head}${given}  expect: { rows: [], order: true }\n`,
    "TEST_INVALID",
    /unknown field order/,
    /ordered/,
    1,
  ],
  [
    "ordered and partial",
    `${head}${given}  expect: { rows: [], ordered: true, partial: true }\n`,
    "TEST_INVALID",
    /ordered and partial/,
    /leave one out/,
    1,
  ],
  ["a time that is none", `${head}${given}${none}  now: yesterday\n`, "TEST_INVALID", /the time "yesterday"/, /2026-01-31/, 1],
  ["a day that does not exist", `${head}${given}${none}  now: 2026-13-01\n`, "TEST_INVALID", /the time "2026-13-01"/, /2026-01-31/, 1],
  ["checks that are a word", `${head}${given}${none}  checks: grain\n`, "TEST_INVALID", /neither true nor false/, /checks: false/, 1],
  [
    "an unknown parameter",
    `${head}${given}${none}  params: { min_prise: 1 }\n`,
    "PARAM_INVALID",
    /no pipeline has a parameter min_prise/,
    /min_price/,
    1,
  ],
  [
    "a parameter that does not fit",
    `${head}${given}${none}  params: { min_price: -1 }\n`,
    "PARAM_INVALID",
    /parameter min_price: .*>=0/,
    /$/,
    1,
  ],
  ["a failure that is not understood", `${head}${given}  expectFailure: boom\n`, "TEST_INVALID", /the failure "boom"/, /check NAME/, 1],
  [
    "a check that the model does not have",
    `${head}${given}  expectFailure: check grian\n`,
    "TEST_INVALID",
    /silver\.sales has no check grian/,
    /did you mean grain\?/,
    1,
  ],
  [
    "a check on another column",
    `${head}${given}  expectFailure: check not_null note\n`,
    "TEST_INVALID",
    /no check not_null note that could fail/,
    /not_null/,
    1,
  ],
  [
    "a check that only warns",
    "t:\n  model: gold.by_day\n  given: { silver.sales: [] }\n  expectFailure: check row_count\n",
    "TEST_INVALID",
    /no check row_count that could fail/,
    /severity warn/,
    1,
  ],
  [
    "a failing table that is not built",
    `${head}${given}  expectFailure: gold.by_day check grain\n`,
    "TABLE_UNKNOWN",
    /gold\.by_day to fail, which it does not build/,
    /./,
    1,
  ],
  [
    "rows of one table twice",
    `${head}${given}  batches:\n    - given: { bronze.orders: [] }\n      expect: []\n`,
    "TEST_INVALID",
    /gives rows of bronze\.orders twice/,
    /join/,
    7,
  ],
];

test.each(cases)("%s", async (_, text, code, message, hint, line) => {
  const error = await errorOf(runYaml(text));
  expect(error.report()).toMatchObject({ code, message: expect.stringMatching(message), location: { file: "tests/a.test.yaml" } });
  expect(error.hint ?? "").toMatch(hint);
  expect(error.location?.line).toBe(line);
  expect(error.exitCode).toBe(2);
});

/** What a type checker would refuse, as Node.js runs it. */
const untyped = modelTest as unknown as (name: string, options: Readonly<Record<string, unknown>>) => ReturnType<typeof modelTest>;

test("TypeScript tests that no type checker has seen", async () => {
  const both = [rows(orders, []), rows(items, [])];
  const refusal = (options: Readonly<Record<string, unknown>>): Promise<AssayError> => errorOf(runTests([untyped("t", options)]));
  expect((await refusal({ given: both, expect: [] })).message).toBe('test "t" names no model');
  expect((await refusal({ model: sales, given: both })).message).toBe('test "t" expects nothing');
  expect((await refusal({ model: sales, given: [{ orders: [] }], expect: [] })).message).toBe(
    'test "t" gives something that is no rows(table, […])',
  );
  expect((await refusal({ model: sales, given: both, expect: [{ order_id: 1, day: new Date() }] })).message).toBe(
    'test "t", expect: row 1: the value of day is not a text, number, boolean or null',
  );
  expect((await refusal({ model: sales, given: both, expect: 7 })).message).toMatch(/these are no rows/);
  expect((await refusal({ model: sales, given: both, expectFailure: ["grain"] })).message).toMatch(/a failure that is no text/);
  expect((await refusal({ model: sales, given: both, expect: [], batches: [{ expect: [] }] })).message).toMatch(
    /has expect beside batches/,
  );
  expect((await refusal({ model: sales, given: both, expect: [{}] })).message).toMatch(/rows without columns/);
});

test("a place in TypeScript is where rows or test are called", async () => {
  const wrong: GivenTable = rows({ name: "bronze.orders" }, sql`select 1 as order_id, 2 as other`);
  const error = await errorOf(runTests([modelTest("t", { model: sales, given: [wrong, rows(items, [])], expect: [] })]));
  expect(error.report()).toMatchObject({ code: "COLUMN_UNKNOWN", location: { file: expect.stringMatching(/test-errors\.test\.ts$/) } });
  expect(error.location).toEqual(wrong.location);
});

test("tests are selected by name, model, file or pattern; a name that fits none is refused with the nearest", async () => {
  const tests = [
    ...(await yamlModelTests("tests/a.test.yaml", `one (1):\n  model: gold.by_day\ntwo:\n  model: silver.sales\n`)),
    ...(await yamlModelTests("tests/b.test.yaml", "three:\n  model: gold.latest\n")),
  ];
  const names = (...selectors: readonly string[]): readonly string[] => selectTests(tests, selectors).map((item) => item.name);
  expect(names()).toEqual(["one (1)", "two", "three"]);
  expect(names("one (1)")).toEqual(["one (1)"]);
  expect(names("silver.sales", "latest")).toEqual(["two", "three"]);
  expect(names("t*")).toEqual(["two", "three"]);
  expect(names("a.test.yaml")).toEqual(["one (1)", "two"]);
  expect(names("tests/b.test.yaml", "two")).toEqual(["two", "three"]);
  expect(() => names("tow")).toThrow('no test is called "tow"');
  expect(() => selectTests([], [])).toThrow("the project has no tests");
});
