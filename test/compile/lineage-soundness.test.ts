import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../../src/adapters/duckdb/sql-analyzer.ts";
import { contractColumns } from "../../src/compile/contract.ts";
import { outputColumns } from "../../src/compile/lineage.ts";
import { type Columns, type ContractColumn, t } from "../../src/define/types.ts";
import type { Session } from "../../src/ports/engine.ts";
import type { SqlAnalyzer } from "../../src/ports/sql-analyzer.ts";

const tables: Readonly<Record<"bronze.a" | "bronze.b", Columns>> = {
  "bronze.a": { id: t.integer(), x: t.integer({ nullable: true }), f: t.boolean({ nullable: true }) },
  "bronze.b": { id: t.integer(), y: t.integer(), z: t.integer({ nullable: true }) },
};
const columns = new Map<string, readonly ContractColumn[]>(
  Object.entries(tables).map(([name, definition]) => [name, contractColumns(definition)]),
);
let analyzer: SqlAnalyzer;
let session: Session;
beforeAll(async () => {
  const database = await memoryDatabase();
  analyzer = await duckdbAnalyzer(database);
  session = await database.session();
  await analyzer.declare((["bronze.a", "bronze.b"] as const).map((name) => ({ name, columns: columns.get(name) ?? [] })));
});

/** Chooses among possibilities; the numbers come from fast-check, so that a failing query shrinks. */
function chooser(numbers: readonly number[]) {
  let at = 0;
  return <T>(...options: readonly [T, ...T[]]): T => options[(numbers[at++] ?? 0) % options.length] as T;
}

/** A query of the little grammar: joins of every kind, filters, grouping, set operations, subqueries and CTEs. */
function queryOf(numbers: readonly number[]): string {
  const pick = chooser(numbers);
  const column = (): string => pick("id", "x", "y", "z", "l.id", "r.id", "l.x", "r.y", "r.z", "f");
  const expression = (depth: number): string => {
    if (depth === 0) return column();
    return pick<() => string>(
      () => column(),
      () => `${expression(depth - 1)} + ${expression(depth - 1)}`,
      () => `coalesce(${expression(depth - 1)}, ${expression(depth - 1)})`,
      () => `case when ${condition(depth - 1)} then ${expression(depth - 1)} else 0 end`,
      () => `cast(${expression(depth - 1)} as varchar)`,
      () => `(${condition(depth - 1)})`,
      () => `abs(${expression(depth - 1)})`,
      () => `nullif(${expression(depth - 1)}, 1)`,
      () => pick("1", "null", "'a'"),
    )();
  };
  const condition = (depth: number): string =>
    pick<() => string>(
      () => `${column()} is not null`,
      () => `${column()} ${pick("=", "<>", "<", ">=", "is distinct from", "is not distinct from")} ${pick("1", column())}`,
      () => `${column()} ${pick("in", "not in")} (1, ${pick("2", "null")})`,
      () => `${column()} ${pick("in", "not in")} (select ${pick("id", "z")} from bronze.b where ${pick("true", "false")})`,
      () => `${column()} ${pick("between", "not between")} 0 and ${pick("2", column())}`,
      () => (depth === 0 ? "f" : `not (${condition(depth - 1)})`),
      () => (depth === 0 ? "true" : `(${condition(depth - 1)} ${pick("and", "or")} ${condition(depth - 1)})`),
      () => `coalesce(${column()}, 1) > 0`,
    )();
  const leaf = (table: string): string => pick(table, table, `(select * from ${table}${pick("", " where id > 0")})`);
  const join = pick("join", "left join", "right join", "full join", "semi join", "anti join");
  const from = pick<() => string>(
    () => "bronze.a as l",
    () => `${leaf("bronze.a")} as l ${join} ${leaf("bronze.b")} as r ${pick("using (id)", "on l.id = r.id", "on l.x = r.y", "on true")}`,
    () => `bronze.a as l ${pick("cross join", "positional join", "natural left join", "natural full join")} bronze.b as r`,
    () =>
      `bronze.a as l ${join} bronze.b as r on l.id = r.id ${pick("join", "left join", "full join")} bronze.b as q on q.id = ${pick("l.id", "r.id", "r.z")}`,
  )();
  const where = pick("", "", ` where ${condition(2)}`, ` where ${condition(1)} and ${condition(1)}`);
  const plain = (): string => `select ${expression(2)} as c0, ${expression(1)} as c1 from ${from}${where}`;
  const grouped = (): string => {
    const key = column();
    const aggregate = `${pick("sum", "min", "max", "avg", "count")}(${pick("id", "1", column())})`;
    return `select ${key} as c0, ${aggregate} as c1 from ${from}${where} group by ${pick("all", key, `rollup (${key})`, `grouping sets ((), (${key}))`)}`;
  };
  const total = (): string =>
    `select ${pick("sum", "min", "count")}(${column()}) as c0, ${pick("count(*)", "max(id)")} as c1 from ${from}${where}${pick("", " group by all", " group by ()")}`;
  const body = (): string => pick(plain, plain, plain, grouped, total)();
  const whole = pick<() => string>(
    () => body(),
    () => body(),
    () => `${body()} ${pick("union all", "union", "except", "intersect", "union all by name")} ${body()}`,
    () => `select s.c0, s.c1 from (${body()}) as s${pick("", "(c1, c0)")} ${pick("", "where c0 is not null", "where s.c1 = 1")}`,
    () =>
      `with c${pick("", "(c1, c0)")} as (${body()}) select c0, coalesce(c1, c0) as c1 from c ${pick("", "left join bronze.b on b.id = c.c0")}`,
  );
  return whole();
}

const rowsOf = (nullable: boolean) => (nullable ? fc.option(fc.integer({ min: 0, max: 3 }), { freq: 2 }) : fc.integer({ min: 0, max: 3 }));
const data = fc.record({
  a: fc.array(fc.tuple(rowsOf(false), rowsOf(true), fc.option(fc.boolean(), { freq: 2 })), { maxLength: 3 }),
  b: fc.array(fc.tuple(rowsOf(false), rowsOf(false), rowsOf(true)), { maxLength: 3 }),
});

async function fill(table: string, rows: readonly (readonly (number | boolean | null)[])[]): Promise<void> {
  const values = rows.map((row) => `(${row.map(String).join(", ")})`).join(", ");
  await session.execute({ text: `delete from ${table}; ${rows.length === 0 ? "" : `insert into ${table} values ${values}`}` });
}

describe("a column inferred not null", () => {
  it("is never null in the result", { timeout: 120_000 }, async () => {
    let followed = 0;
    let inferred = 0;
    const check = async (
      numbers: readonly number[],
      rows: { readonly a: readonly (readonly (number | boolean | null)[])[]; readonly b: typeof rows.a },
    ) => {
      const text = queryOf(numbers);
      const [outcome] = await analyzer.parse([text]);
      if (outcome === undefined || "failure" in outcome) throw new Error(`does not parse: ${text}`);
      if ("failure" in (await analyzer.describe(text, {}))) return;
      const outputs = outputColumns(outcome.tree.node, columns);
      if (outputs === null) return;
      followed += 1;
      const notNull = outputs.flatMap((output) => (output.nullability === "no" ? [output.name] : []));
      inferred += notNull.length;
      await fill("bronze.a", rows.a);
      await fill("bronze.b", rows.b);
      // A text that is no number, and the like.
      const found = await session.query({ text }).catch(() => []);
      const absent = found.flatMap((row) => notNull.filter((name) => row[name] === null));
      expect(absent, `${text}\n${JSON.stringify(rows)}\n${JSON.stringify(found)}`).toEqual([]);
    };
    await fc.assert(fc.asyncProperty(fc.array(fc.nat(1000), { minLength: 60, maxLength: 60 }), data, check), { numRuns: 1500 });
    // Otherwise the grammar would prove nothing.
    expect(followed).toBeGreaterThan(300);
    expect(inferred).toBeGreaterThan(200);
  });
});
