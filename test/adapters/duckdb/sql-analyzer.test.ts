import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../../../src/adapters/duckdb/sql-analyzer.ts";
import { contractColumns } from "../../../src/compile/contract.ts";
import { t } from "../../../src/define/types.ts";
import type { BindFailure, ParseFailure, SqlAnalyzer } from "../../../src/ports/sql-analyzer.ts";

let analyzer: SqlAnalyzer;
beforeEach(async () => {
  analyzer = await duckdbAnalyzer(await memoryDatabase());
  await analyzer.declare([
    { name: "bronze.orders", columns: contractColumns({ order_id: t.varchar(), total: t.decimal(10, 2), 'odd "name': t.json() }) },
  ]);
});
afterEach(() => analyzer.close());

async function parseFailure(text: string): Promise<ParseFailure | null> {
  const [outcome] = await analyzer.parse([text]);
  return outcome !== undefined && "failure" in outcome ? outcome.failure : null;
}

async function bindFailure(text: string): Promise<BindFailure | null> {
  const outcome = await analyzer.describe(text, {});
  return "failure" in outcome ? outcome.failure : null;
}

describe("parse", () => {
  it("gives an outcome for each text, in their order", async () => {
    const outcomes = await analyzer.parse(["select 1", "selec", "", "select 'it''s \\ 日本'", "select 2; select 3", "select $a + $b"]);
    expect(outcomes.map((outcome) => "tree" in outcome)).toEqual([true, false, false, true, false, true]);
    expect(
      outcomes.map((outcome) => ("tree" in outcome ? outcome.tree.named_param_map?.map((entry) => entry.key).sort() : null)).at(-1),
    ).toEqual(["a", "b"]);
    expect(await analyzer.parse([])).toEqual([]);
    expect(await analyzer.parse(Array.from({ length: 2000 }, (_, index) => `select ${index}`))).toHaveLength(2000);
  });

  it("says where a text stops being SQL", async () => {
    expect(await parseFailure("select a\nfrom t\nwhere where")).toMatchObject({
      message: expect.stringContaining("syntax error"),
      offset: 22,
    });
    expect(await parseFailure("select 1; select 2")).toMatchObject({ message: expect.stringContaining("more than one statement") });
    expect(await parseFailure("create table x (a integer)")).toMatchObject({ message: "this is not one SELECT statement" });
    expect(await parseFailure("-- nothing")).toMatchObject({ message: "there is no statement" });
  });
});

describe("describe", () => {
  it("types queries on declared tables, with parameters too", async () => {
    expect(await analyzer.describe('select order_id, total * 2 as t, "odd ""name" as j from bronze.orders', {})).toEqual({
      columns: [
        { name: "order_id", type: "VARCHAR" },
        { name: "t", type: expect.stringMatching(/^DECIMAL\(\d+,2\)$/) },
        { name: "j", type: "JSON" },
      ],
    });
    expect(await analyzer.describe("select $n as n, $s as s, $b as b", { n: 1, s: "x", b: true })).toEqual({
      columns: [
        { name: "n", type: "INTEGER" },
        { name: "s", type: "VARCHAR" },
        { name: "b", type: "BOOLEAN" },
      ],
    });
  });

  it.each([
    "from bronze.orders",
    "(select 1 as a)",
    "values (1)",
    "-- x\nselect 1 as a",
    "select 1 as a;",
    "with c as (select 1 as a) from c",
    "pivot bronze.orders on order_id in ('a') using sum(total)",
  ])("types %j", async (text) => {
    expect(await bindFailure(text)).toBeNull();
  });

  it("names the unknown column, those there are, and the line", async () => {
    expect(await bindFailure("select\n  order_id,\n  totl\nfrom bronze.orders")).toMatchObject({
      line: 3,
      unknownColumn: "totl",
      candidates: expect.arrayContaining(["total"]),
    });
    expect(await bindFailure("select o.totl from bronze.orders o")).toMatchObject({ unknownColumn: "totl" });
    expect(await bindFailure("select sum(order_id) from bronze.orders")).toMatchObject({
      unknownColumn: null,
      message: expect.stringContaining("sum(VARCHAR)"),
    });
  });

  it("reads no data and changes nothing", async () => {
    expect(await bindFailure("select error('ran') from bronze.orders")).toBeNull();
    await analyzer.describe("drop table bronze.orders", {});
    expect(await bindFailure("select 1 from bronze.orders")).toBeNull();
  });

  it("types many queries at once", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        analyzer.describe(`select total as c${index} from bronze.orders`, index % 2 === 0 ? {} : { unused: 1 }),
      ),
    );
    expect(
      outcomes.filter((_, index) => index % 2 === 0).map((outcome) => ("columns" in outcome ? outcome.columns[0]?.name : null)),
    ).toEqual(Array.from({ length: 100 }, (_, index) => `c${index * 2}`));
  });
});

describe("print", () => {
  const identities = async (texts: readonly string[]): Promise<readonly string[]> =>
    (await analyzer.parse(texts)).map((outcome) => ("identity" in outcome ? outcome.identity : "none"));

  it("writes trees as texts of the same meaning", async () => {
    const texts = [
      "select a::int, 'it''s \\ 日本', 12345678901234567890, $p from t as x left join u using (k) where a is not distinct from $p",
      "with c as (select 1 as n union all select 2) select n, row_number() over (partition by n order by n desc nulls last) from c qualify true",
    ];
    const before = await identities(texts);
    const printed = await analyzer.print(before);
    expect(await identities(printed.map((text) => text ?? ""))).toEqual(before);
    expect(await analyzer.print([])).toEqual([]);
  });

  it("gives null where the text would be another tree, and for what is no tree", async () => {
    // A comma binds looser than the join that follows; a floating-point constant is printed as a decimal one.
    const [joined, constant, plain] = await identities(["select 1 from a cross join b join c on c.k = a.k", "select 1.5e3", "select 1"]);
    const printed = await analyzer.print([joined ?? "", constant ?? "", "{}", "no json", plain ?? ""]);
    expect(printed).toEqual([null, null, null, null, "SELECT 1"]);
  });
});
