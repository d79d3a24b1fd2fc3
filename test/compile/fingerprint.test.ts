import { beforeAll, describe, expect, it } from "vitest";
import { fingerprintOf } from "../../src/compile/fingerprint.ts";
import { type TestAnalyzer, testAnalyzer } from "./analyzer.ts";

let duckdb: TestAnalyzer;
beforeAll(async () => {
  duckdb = await testAnalyzer({});
});

const of = (text: string): Promise<string> => duckdb.identity(text);

describe("a query's identity", () => {
  const query = "select a, sum(b) as total from gold.t as t where c = 'x' group by all";

  it.each([
    ["keywords in capitals", "SELECT a, SUM(b) AS total FROM gold.t AS t WHERE c = 'x' GROUP BY ALL"],
    ["another layout", "\n  select a,\n    sum ( b ) as total\n  from gold.t as t\n  where c = 'x'\n  group by all ;"],
    ["comments", "/* contract */ select a, -- the key\n sum(b) as total from gold.t t where c = 'x' group by all -- end"],
    ["optional words left out", "select a, sum(b) total from gold.t t where (c = 'x') group by all"],
  ])("does not count %s", async (_what, text) => {
    expect(await of(text)).toBe(await of(query));
  });

  it.each([
    ["a text's case", "select a, sum(b) as total from gold.t as t where c = 'X' group by all"],
    ["spaces in a text", "select a, sum(b) as total from gold.t as t where c = 'x ' group by all"],
    ["an alias", "select a, sum(b) as totals from gold.t as t where c = 'x' group by all"],
    ["a function", "select a, min(b) as total from gold.t as t where c = 'x' group by all"],
    ["distinct", "select a, sum(distinct b) as total from gold.t as t where c = 'x' group by all"],
    ["a table", "select a, sum(b) as total from gold.u as t where c = 'x' group by all"],
    ["an order", "select a, sum(b) as total from gold.t as t where c = 'x' group by all order by a"],
    ["the order of columns", "select sum(b) as total, a from gold.t as t where c = 'x' group by all"],
  ])("counts %s", async (_what, text) => {
    expect(await of(text)).not.toBe(await of(query));
  });

  it.each([
    ["1", "2"],
    ["1", "'1'"],
    ["1", "1.0"],
    ["1.0", "1.00"],
    ["9007199254740992", "9007199254740993"],
    ["1234567890123456.12", "1234567890123456.13"],
    ["12345678901234567890123.12", "12345678901234567890123.13"],
    ["170141183460469231731687303715884105726", "170141183460469231731687303715884105727"],
    ["-9007199254740992", "-9007199254740993"],
    ["1e20", "1e21"],
    ["0.1::double", "0.2::double"],
    ["null", "0"],
    ["true", "false"],
    ["'a:9007199254740993,\"'", "'a:9007199254740992,\"'"],
    ["date '2020-01-01'", "date '2020-01-02'"],
    ["$p", "$q"],
    ["a::integer", "a::bigint"],
  ])("tells %s from %s", async (a, b) => {
    expect(await of(`select ${a} as v from gold.t`)).not.toBe(await of(`select ${b} as v from gold.t`));
    expect(await of(`select ${a} as v from gold.t`)).toBe(await of(`select  ${a}  as v from gold.t`));
  });
});

describe("fingerprintOf data", () => {
  it("does not depend on the order of keys, and does on the order of lists", () => {
    expect(fingerprintOf({ a: 1, b: [1, 2], c: undefined })).toBe(fingerprintOf({ b: [1, 2], a: 1 }));
    expect(fingerprintOf({ a: [1, 2] })).not.toBe(fingerprintOf({ a: [2, 1] }));
    expect(fingerprintOf({ a: null })).not.toBe(fingerprintOf({}));
    expect(fingerprintOf(["a,b"])).not.toBe(fingerprintOf(["a", "b"]));
  });
});
