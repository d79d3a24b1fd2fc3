import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { contractColumns } from "../../src/compile/contract.ts";
import { type Check, check } from "../../src/define/check.ts";
import { columnList } from "../../src/define/quote.ts";
import { type Columns, t } from "../../src/define/types.ts";
import { type CheckReport, runChecks } from "../../src/execute/checks.ts";
import { type Warehouse, warehouse } from "./run.ts";

const columns = {
  id: t.integer({ nullable: true }),
  name: t.varchar({ nullable: true }),
  price: t.decimal(10, 2, { nullable: true }),
  score: t.double({ nullable: true }),
  mail: t.varchar({ nullable: true, sensitive: true }),
  day: t.date({ nullable: true }),
};
const rows = [
  ["1", "'a'", "10.00", "1.5", "'x@y.de'", "date '2026-01-01'"],
  ["2", "'b'", "20.50", "'nan'", "'z@y.de'", "date '2026-01-02'"],
  ["2", "null", "null", "null", "null", "null"],
  ["null", "'b'", "-1.00", "-5", "'x@y.de'", "date '2025-12-31'"],
] as const;

let duckdb: Warehouse;
beforeEach(async () => {
  duckdb ??= await warehouse();
  await duckdb.fill("gold.t", columns, rows);
  await duckdb.fill("bronze.p", { id: t.integer(), price: t.decimal(10, 2, { nullable: true }) }, [
    ["1", "10.00"],
    ["3", "19.50"],
    ["4", "null"],
  ]);
});
afterAll(() => duckdb.close());

interface Asked {
  readonly checks?: readonly Check[];
  readonly grain?: readonly string[] | null;
  readonly columns?: Columns;
  readonly relation?: string;
}

function report({ checks = [], grain = null, columns: contract = columns, relation = '"gold"."t"' }: Asked): Promise<CheckReport> {
  return runChecks({ keyHash: (names) => `hash(${columnList(names)})` }, duckdb.session, {
    table: "gold.t",
    relation,
    columns: contractColumns(contract),
    grain,
    checks,
    present: new Set(),
    part: null,
    history: { now: 0, past: [] },
  });
}

/** `status failures: message` of the one check. */
async function result(rule: Check, asked: Asked = {}): Promise<string> {
  const { results } = await report({ ...asked, checks: [rule] });
  const found = results.find((item) => item.check === rule.kind && item.severity === rule.severity);
  return `${found?.status} ${found?.failures}${found?.message === null ? "" : `: ${found?.message}`}`;
}

const cases: readonly (readonly [rule: Check, expected: string])[] = [
  [check.notNull("id"), "failed 1: id is absent"],
  [check.notNull("name", { severity: "warn" }), "warned 1: name is absent"],
  [check.unique("id"), "failed 1: 1 key appears more than once, e.g. id = 2 2 times"],
  [check.unique("price"), "passed 0"],
  [check.unique("mail"), "failed 1: 1 key appears more than once, e.g. mail = *** 2 times"],
  [check.uniqueCombination(["id", "name"]), "passed 0"],
  [check.uniqueCombination(["name", "mail"], { severity: "warn" }), "passed 0"],
  [check.acceptedValues("name", ["a", "b"]), "passed 0"],
  [check.acceptedValues("name", ["a"]), "failed 2: name is none of a, e.g. name = b; name = b"],
  [check.acceptedValues("name", ["it's", "a", "b"]), "passed 0"],
  [check.acceptedValues("id", [1, "2"]), "passed 0"],
  [check.acceptedValues("mail", ["x@y.de"]), "failed 1: mail is none of x@y.de, e.g. mail = ***"],
  [check.between("price", { min: 0 }), "failed 1: price is outside 0 to …, e.g. price = -1.00"],
  [check.between("price", { min: "-1.00", max: "20.50" }), "passed 0"],
  [check.between("price", { max: "20.49" }, { severity: "warn" }), "warned 1: price is outside … to 20.49, e.g. price = 20.50"],
  [
    check.between("day", { min: "2026-01-01", max: "2026-12-31" }),
    "failed 1: day is outside 2026-01-01 to 2026-12-31, e.g. day = 2025-12-31",
  ],
  [check.between("score", { max: 100 }), "failed 1: score is outside … to 100, e.g. score = NaN"],
  [check.matches("name", "^[ab]$"), "passed 0"],
  [check.matches("name", "a'|x"), "failed 3: name does not match a'|x, e.g. name = a; name = b; name = b"],
  [check.matches("mail", "^x@"), "failed 1: mail does not match ^x@, e.g. mail = ***"],
  [check.rowCount({ min: 4, max: 4 }), "passed 0"],
  [check.rowCount({ min: 5 }), "failed 1: there are 4 rows, not 5 to any number"],
  [check.rowCount({ max: 3 }, { severity: "warn" }), "warned 1: there are 4 rows, not 0 to 3"],
  [check.relationships("id", { name: "bronze.p" }, "id"), "failed 2: 2 rows have no partner in bronze.p.id, e.g. id = 2"],
  [check.relationships("price", { name: "bronze.p" }, "price"), "failed 2: 2 rows have no partner in bronze.p.price, e.g. price = "],
  [check.expression("cheap", "price < 100"), "failed 1: cheap: price < 100 does not hold"],
  [check.expression("cheap", "price < 100 or price is null -- or absent"), "passed 0"],
  [check.expression("either", "id = 1 or name = 'b'"), "failed 1: either: id = 1 or name = 'b' does not hold"],
  [check.conserves("price", { name: "bronze.p" }), "passed 0"],
  [
    check.conserves("price", { name: "bronze.p" }, { where: "id < 3 -- the first" }),
    "failed 1: the total of price is 29.50, in bronze.p the total of price is 10.00: a difference of 19.50",
  ],
  [
    check.conserves("price", { name: "bronze.p" }, { measure: "price * 2" }),
    "failed 1: the total of price is 29.50, in bronze.p the total of price * 2 is 59.00: a difference of -29.50",
  ],
  [check.sql("cheap", "select id, price from {table} where price < 0;"), "failed 1: cheap: 1 rows, e.g. id = null, price = -1.00"],
  [check.sql("none", "select * from {table} as own join {table} as twin using (id) where own.price < -5"), "passed 0"],
];

describe("runChecks", () => {
  it.each(cases)("%j", async (rule, expected) => {
    const found = await result(rule);
    // Which of several rows serve as the example is the engine's choice.
    if (rule.kind === "relationships") expect(found).toContain(expected.replace(/e\.g\..*$/, "e.g. "));
    else expect(found.split("; ").sort()).toEqual(expected.split("; ").sort());
  });

  it("gives the same over a query as over a table", async () => {
    for (const [rule, expected] of cases) {
      const found = await result(rule, { relation: '(select * from "gold"."t")' });
      expect(found.split(":")[0]).toBe(expected.split(":")[0]);
    }
  });

  it("checks nulls by the contract, and does not repeat a declared not_null", async () => {
    const strict = { ...columns, id: t.integer(), price: t.decimal(10, 2) };
    const { results } = await report({
      columns: strict,
      checks: [check.notNull("id", { severity: "warn" }), check.notNull("name")],
      grain: ["price"],
    });
    expect(results.map(({ check: name, column, severity, status, failures }) => [name, column, severity, status, failures])).toEqual([
      ["not_null", "id", "error", "failed", 1],
      ["not_null", "price", "error", "failed", 1],
      ["not_null", "name", "error", "failed", 1],
      ["grain", "price", "error", "passed", 0],
    ]);
    expect(results[0]?.message).toBe("id is absent, e.g. price = -1.00");
  });

  it.each<readonly [grain: readonly string[], expected: string]>([
    [["id"], "failed 1: 1 key appears more than once, e.g. id = 2 2 times"],
    [["id", "name"], "passed 0"],
    [["mail"], "failed 1: 1 key appears more than once, e.g. mail = *** 2 times"],
    [[], "failed 4: the grain is exactly one row, there are 4"],
  ])("checks the grain %j", async (grain, expected) => {
    const found = (await report({ grain })).results.find((item) => item.check === "grain");
    expect(`${found?.status} ${found?.failures}${found?.message === null ? "" : `: ${found?.message}`}`).toBe(expected);
  });

  it("lets no part of the grain be absent, whatever the contract says", async () => {
    const { results } = await report({ grain: ["id", "name"] });
    expect(results.map(({ check: name, column, status }) => [name, column, status])).toEqual([
      ["not_null", "id", "failed"],
      ["not_null", "name", "failed"],
      ["grain", "id, name", "passed"],
    ]);
  });

  it("refuses a row without its key, even where the contract lets the column be absent", async () => {
    const { results } = await report({ grain: ["id"] });
    expect(results.filter((item) => item.check === "not_null").map((item) => [item.column, item.status, item.failures])).toEqual([
      ["id", "failed", 1],
    ]);
  });

  it("takes no row for exactly one row", async () => {
    await duckdb.session.execute({ text: "delete from gold.t" });
    const { results, rows: count } = await report({
      grain: [],
      checks: [check.rowCount({ min: 1 }), check.conserves("price", { name: "bronze.p" }), check.unique("id")],
    });
    expect(count).toBe(0);
    expect(results.map((item) => [item.check, item.status])).toEqual([
      ["grain", "failed"],
      ["row_count", "failed"],
      ["conserves", "failed"],
      ["unique", "passed"],
    ]);
  });

  it("has no total where there are no rows, and agrees with another that has none", async () => {
    await duckdb.session.execute({ text: "delete from gold.t; delete from bronze.p" });
    const { conserved } = await report({ checks: [check.conserves("price", { name: "bronze.p" })] });
    expect(conserved).toEqual([
      { column: "price", upstream: "bronze.p", measure: "price", total: null, upstream_total: null, agrees: true },
    ]);
  });

  it("adds up exactly", async () => {
    await duckdb.session.execute({
      text: "delete from gold.t; delete from bronze.p; insert into gold.t (price) select 0.10 from range(1000); insert into bronze.p values (1, 100.00)",
    });
    const { conserved } = await report({ checks: [check.conserves("price", { name: "bronze.p" })] });
    expect(conserved[0]).toMatchObject({ total: "100.00", upstream_total: "100.00", agrees: true });
    await duckdb.session.execute({ text: "insert into bronze.p values (2, 0.01)" });
    expect(await result(check.conserves("price", { name: "bronze.p" }))).toMatch(/^failed 1: .* a difference of -0\.01$/);
  });

  it("shows no sensitive value, however a query names it", async () => {
    const shown = await result(check.sql("who", "select upper(mail) as address, id from {table} where id = 1"));
    expect(shown).toBe("failed 1: who: 1 rows, e.g. address = ***, id = 1");
    expect(await result(check.unique("MAIL"))).not.toContain("@");
    expect(await result(check.sql("who", "select * from {table} where id = 1"))).not.toContain("@");
  });

  it("shortens long values", async () => {
    await duckdb.session.execute({ text: "update gold.t set name = repeat('x', 5000) where id = 1" });
    expect((await result(check.matches("name", "^[ab]$"))).length).toBeLessThan(150);
  });
});
