import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { table } from "../../src/define/materialization.ts";
import type { ModelDefinition } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { type Columns, t } from "../../src/define/types.ts";
import { AssayError } from "../../src/errors.ts";
import type { TableName } from "../../src/terms.ts";
import { type BronzeTableOfTest, compileModels, type Warehouse, warehouse } from "./run.ts";

const tables: readonly BronzeTableOfTest[] = [
  { name: "a", key: ["id"], columns: { id: t.integer(), x: t.integer({ nullable: true }), g: t.integer() } },
  { name: "b", key: ["id", "k"], columns: { id: t.integer(), k: t.integer(), z: t.integer({ nullable: true }) } },
  { name: "c", key: ["id"], columns: { id: t.integer(), v: t.integer({ nullable: true }) } },
  { name: "d", key: [], columns: { id: t.integer(), w: t.integer({ nullable: true }) } },
];

/** A model whose contract is inferred, unless there is one. */
function inferred(text: string, grain: readonly string[], columns: Columns | null = null): ModelDefinition {
  const query = { ...sql`select 1`, text };
  const location = { file: "m.sql", line: 1 };
  return {
    kind: "model",
    name: "gold.m",
    description: null,
    grain,
    columns,
    materialize: table(),
    checks: [],
    maxRejected: null,
    indexes: {},
    tags: [],
    fanOut: {},
    work: {},
    sql: query,
    location,
  };
}

let duckdb: Warehouse;
beforeAll(async () => {
  duckdb = await warehouse();
});
afterAll(() => duckdb.close());

interface Ledger {
  readonly error: string | null;
  readonly rows_in: number | null;
  readonly rows_out: number | null;
  readonly removed_by: readonly { readonly rule: string; readonly rows: number }[];
  readonly used: Readonly<Record<string, number | null>>;
}

async function ledgerOf(text: string, grain: readonly string[], columns: Columns | null = null): Promise<Ledger> {
  const manifest = await compileModels(tables, [inferred(text, grain, columns)]);
  const { facts, error } = await duckdb.build(manifest, "gold.m");
  const used = Object.fromEntries(facts.upstreams.map((upstream) => [upstream.table.slice(7), upstream.used]));
  return { error, rows_in: facts.rows_in, rows_out: facts.rows_out, removed_by: facts.removed_by, used };
}

type Rows = readonly (readonly (number | null)[])[];

async function fill(rows: Readonly<Record<string, Rows>>): Promise<void> {
  for (const { name, columns } of tables) {
    await duckdb.fill(
      `bronze.${name}`,
      columns,
      (rows[name] ?? []).map((row) => row.map(String)),
    );
  }
}

const sample = {
  a: [
    [1, 1, 1],
    [2, null, 1],
    [3, 3, 2],
    [4, 2, 2],
  ],
  b: [
    [1, 1, 5],
    [1, 2, null],
    [2, 1, 7],
    [9, 1, 1],
  ],
  c: [
    [1, 10],
    [2, null],
    [8, 3],
  ],
  d: [
    [1, 1],
    [1, 1],
    [2, null],
  ],
} as const;

describe("the ledger of a model that keeps rows", () => {
  const kept: readonly (readonly [
    text: string,
    grain: readonly string[],
    rows_in: number,
    rows_out: number,
    removed: Readonly<Record<string, number>>,
  ])[] = [
    ["select id, x from bronze.a", ["id"], 4, 4, {}],
    ["select id, x from bronze.a where x > 1", ["id"], 4, 2, { "where x > 1": 2 }],
    ["select id, x from bronze.a where x > 1 -- not null\n", ["id"], 4, 2, { "where x > 1": 2 }],
    ["select id, x from bronze.a where 'from where' <> '' and x > 1;", ["id"], 4, 2, { "where 'from where' <> '' and x > 1": 2 }],
    ["select a.id, c.v from bronze.a left join bronze.c on c.id = a.id", ["id"], 4, 4, {}],
    ["select a.id, c.v from bronze.a left join bronze.c using (id) where c.v is null", ["id"], 4, 3, { "where c.v is null": 1 }],
    [
      "select a.id, b.z, c.v from bronze.a left join bronze.b on b.id = a.id and b.k = 1 + 0 and b.k = a.g left join bronze.c on c.id = a.id",
      ["id"],
      4,
      4,
      {},
    ],
    ["select g from bronze.a qualify row_number() over (partition by g order by id) = 1", ["g"], 4, 2, { qualify: 2 }],
    ["select distinct g from bronze.a", ["g"], 4, 2, { distinct: 2 }],
    ["select distinct g from bronze.a where id < 4", ["g"], 4, 2, { "where id < 4": 1, distinct: 1 }],
    ["select distinct on (g) g, id from bronze.a order by g, id", ["g"], 4, 2, { distinct: 2 }],
    [
      "select id from bronze.a where exists (select 1 from bronze.b where b.id = a.id)",
      ["id"],
      4,
      2,
      { "where exists (select 1 from bronze.b where b.id = a.id)": 2 },
    ],
    [
      "with unused as (select 1 from bronze.c) select id from bronze.a where id in (select id from bronze.c)",
      ["id"],
      4,
      2,
      { "where id in (select id from bronze.c)": 2 },
    ],
    ["select id, row_number() over (order by id) as n from bronze.a", ["id"], 4, 4, {}],
    ["select id from bronze.a as bronze where id between 1 and 2", ["id"], 4, 2, { "where id between 1 and 2": 2 }],
  ];

  it.each(kept)("%s", async (text, grain, rowsIn, rowsOut, removed) => {
    await fill(sample);
    const ledger = await ledgerOf(text, grain);
    expect(ledger).toMatchObject({ error: null, rows_in: rowsIn, rows_out: rowsOut });
    expect(Object.fromEntries(ledger.removed_by.filter(({ rows }) => rows > 0).map(({ rule, rows }) => [rule, rows]))).toEqual(removed);
  });
});

describe("the ledger of a model that changes the grain", () => {
  const others: readonly (readonly [text: string, grain: readonly string[]])[] = [
    ["select g, count(*) as n from bronze.a group by g", ["g"]],
    ["select g, count(*) as n from bronze.a group by all", ["g"]],
    ["select count(*) as n from bronze.a where x > 1", []],
    ["select unnest([id, id + 10]) as k from bronze.a", ["k"]],
    ["select coalesce(sum(x), 0) between 1 and 100 as k from bronze.a", ["k"]],
    ["select id from bronze.a limit 2", ["id"]],
    ["select id from bronze.a union all select id + 10 from bronze.c", ["id"]],
    ["from bronze.a select id", ["id"]],
    ["select s.id from (select id from bronze.a) as s", ["id"]],
    ["select a.id, b.k from bronze.a join bronze.b on b.id = a.id", ["id", "k"]],
    ["select a.id, b.k from bronze.a left join bronze.b on b.id = a.id", ["id", "k"]],
    // The whole key is equated, but not by the table's own join.
    ["select a.id, c.v from bronze.a left join bronze.c on true where c.id = a.id", ["id"]],
    [
      "select a.id, c.id as cid, q.k from bronze.a left join bronze.c on true left join bronze.b as q on q.id = c.id and q.k = 1",
      ["id", "cid"],
    ],
    // WHERE names a column of the SELECT.
    ["select id, coalesce(x, 0) * 2 as y from bronze.a where y > 2", ["id"]],
    // Rows that are not the same when they are read again.
    ["select id from bronze.a where random() < 0.5", ["id"]],
    ["select id from bronze.a tablesample reservoir(2 rows)", ["id"]],
    ["select id from bronze.a using sample 50%", ["id"]],
    ["select id from bronze.a semi join bronze.b using (id) where x > 0", ["id"]],
    ["select id from bronze.a anti join bronze.c using (id)", ["id"]],
    ["select a.id, c.v from bronze.a positional join bronze.c", ["id"]],
  ];

  it.each(others)("claims no row-by-row balance: %s", async (text, grain) => {
    await fill(sample);
    const ledger = await ledgerOf(text, grain);
    expect(ledger.error?.startsWith("LEDGER_UNBALANCED") ?? false).toBe(false);
    expect(ledger.rows_in).toBeNull();
  });

  it("counts the rows used, or says that it cannot", async () => {
    await fill(sample);
    expect((await ledgerOf("select g, count(*) as n from bronze.a where x > 1 group by g", ["g"])).used).toEqual({ a: 2 });
    expect((await ledgerOf("select a.id, b.k from bronze.a join bronze.b on b.id = a.id", ["id", "k"])).used).toEqual({ a: 2, b: 3 });
    expect((await ledgerOf("select count(*) as n from bronze.a join bronze.b on b.id = a.id where b.z > 5", [])).used).toEqual({
      a: 1,
      b: 1,
    });
    expect((await ledgerOf("select a.g, count(*) as n from bronze.a left join bronze.d on d.id = a.id group by a.g", ["g"])).used).toEqual({
      a: 4,
      d: null,
    });
    expect((await ledgerOf("select g, count(*) as n from bronze.a group by g having count(*) > 5", ["g"])).used).toEqual({ a: null });
    expect((await ledgerOf("select id from bronze.a order by id limit 1", ["id"])).used).not.toEqual({ a: 4 });
    expect((await ledgerOf("select count(*) as n from bronze.a full join bronze.c on c.id = a.id", [])).used).toEqual({ a: 4, c: 3 });
  });

  it("knows a key with an explicit member for its absence, unless the member is a real key", async () => {
    await fill(sample);
    const text = (member: string): string =>
      `select a.id, coalesce(b.k, ${member})::integer as k, c.v from bronze.a left join bronze.b on b.id = a.id left join bronze.c on c.id = a.id`;
    expect((await ledgerOf(text("0"), ["id", "k"])).used).toEqual({ a: 4, b: 3, c: 2 });
    expect((await ledgerOf(text("1"), ["id", "k"])).used).toEqual({ a: 4, b: null, c: 2 });
    // Cast to an integer a decimal is no longer the upstream's key: FROM is read again.
    expect((await ledgerOf(text("0").replace("b.k", "b.k + 0"), ["id", "k"])).used).toEqual({ a: 4, b: 3, c: 2 });
  });

  it("counts the rows used of a key that the contract holds in another type", async () => {
    await fill(sample);
    const columns = { id: t.decimal(12, 2), v: t.integer({ nullable: true }) };
    const text = "select a.id, c.v from bronze.a left join bronze.c on c.id = a.id";
    expect((await ledgerOf(text, ["id"], columns)).used).toEqual({ a: 4, c: 2 });
  });

  it("measures with the parameters it needs, also when others are only mentioned", async () => {
    const { z } = await import("zod");
    await fill(sample);
    const model = inferred("select id, $shown as s from bronze.a where x > $least -- not $shown\n", ["id"]);
    const manifest = await compileModels(tables, [model], z.object({ shown: z.string().default("s"), least: z.int().default(0) }));
    const { facts, error } = await duckdb.build(manifest, "gold.m", { shown: "x", least: 1 });
    expect([error, facts.rows_in, facts.rows_out, facts.removed_by[0]?.rows]).toEqual([null, 4, 2, 2]);
  });
});

interface Query {
  readonly text: string;
  readonly grain: readonly string[];
  /** Alias → table. */
  readonly leaves: Readonly<Record<string, string>>;
  /** Rows that take part, for counting by hand. */
  readonly rows: string;
}

function queryOf(numbers: readonly number[]): Query {
  let at = 0;
  const pick = <T>(...options: readonly [T, ...T[]]): T => options[(numbers[at++] ?? 0) % options.length] as T;
  const leaves: Record<string, string> = { l: pick("a", "b", "c", "d") };
  const keyOf = { a: ["id"], b: ["id", "k"], c: ["id"], d: ["id"] } as const;
  let from = `bronze.${leaves.l} as l`;
  for (const alias of ["r", "q"].slice(0, pick(0, 1, 1, 2))) {
    const used = Object.values(leaves);
    const right = pick("a", "b", "c", "d");
    if (used.includes(right)) continue;
    const before = pick(...(Object.keys(leaves) as [string]));
    const condition = pick(
      `${alias}.id = ${before}.id`,
      `${alias}.id = ${before}.id${right === "b" ? ` and ${alias}.k = ${before}.id` : ""}`,
      `${before}.id = ${alias}.id and ${alias}.id > 1`,
      `${alias}.id <= ${before}.id`,
      "true",
    );
    from += ` ${pick("left join", "left join", "join", "right join", "full join")} bronze.${right} as ${alias} on ${condition}`;
    leaves[alias] = right;
  }
  if (pick(false, false, false, true)) {
    const extra = pick("a", "b", "c", "d");
    if (!Object.values(leaves).includes(extra)) {
      from += ` cross join bronze.${extra} as e`;
      leaves.e = extra;
    }
  }
  const aliases = Object.keys(leaves) as [string, ...string[]];
  const where = pick("", "", ` where ${pick(...aliases)}.id ${pick("> 1", "is not null", "is null", "<> 2", `= ${pick(...aliases)}.id`)}`);
  const keys = aliases.flatMap((alias) => keyOf[leaves[alias] as "a"].map((column) => `${alias}.${column}`));
  const some = pick(keys, keys.slice(0, 1), keys.slice(-1), keys.slice(0, 2)) as readonly string[];
  const named = some.map((key) => `${key} as ${key.replace(".", "_")}`);
  const grain = some.map((key) => key.replace(".", "_"));
  const kind = pick("plain", "plain", "plain", "distinct", "group", "qualify");
  const grouped = {
    plain: "",
    distinct: "",
    group: " group by all",
    qualify: ` qualify row_number() over (partition by ${some[0]} order by ${keys.join(", ")}) = 1`,
  }[kind];
  const text = `select ${kind === "distinct" ? "distinct " : ""}${named.join(", ")}${kind === "group" ? ", count(*) as n" : ""} from ${from}${where}${grouped}`;
  const ids = aliases.map((alias) => `${alias}.rowid as rowid_${alias}`).join(", ");
  return { text, grain, leaves, rows: `select ${ids} from ${from}${where}${kind === "qualify" ? grouped : ""}` };
}

describe("the ledger", () => {
  const value = fc.integer({ min: 0, max: 3 });
  const rows = (key: number) =>
    fc.uniqueArray(fc.tuple(value, value, fc.option(value, { freq: 3 })), { maxLength: 4, selector: (row) => row.slice(0, key).join() });
  const data = fc.record({
    a: rows(1),
    b: rows(2),
    c: rows(1).map((list) => list.map(([id, v]) => [id, v])),
    d: rows(3).map((list) => list.map(([id, w]) => [id, w])),
  });

  it("agrees with a count by hand, and balances", { timeout: 120_000 }, async () => {
    let told = 0;
    const check = async (
      numbers: readonly number[],
      contents: { readonly a: Rows; readonly b: Rows; readonly c: Rows; readonly d: Rows },
    ) => {
      const { text, grain, leaves, rows } = queryOf(numbers);
      const a = contents.a.map(([id, g, x]) => [id ?? 0, x ?? null, g ?? 0]);
      await fill({ ...contents, a });
      const shown = `${text}\n${JSON.stringify({ ...contents, a })}`;
      const ledger = await ledgerOf(text, grain).catch((error: unknown) => {
        if (error instanceof AssayError && error.code === "SQL_INVALID") return null;
        throw error;
      });
      if (ledger === null) return;
      expect(ledger.error?.startsWith("LEDGER_UNBALANCED") ?? false, `${shown}\n${ledger.error}`).toBe(false);
      for (const [alias, name] of Object.entries(leaves)) {
        const used = ledger.used[name];
        if (used === null || used === undefined) continue;
        told += 1;
        const [row] = await duckdb.session.query({ text: `select count(distinct rowid_${alias}) as used from (${rows})` });
        expect(used, `used rows of ${name}: ${shown}`).toBe(Number(row?.used));
      }
      const tableName: TableName = "gold.m";
      await duckdb.session.execute({ text: `drop table if exists ${tableName}` });
    };
    await fc.assert(fc.asyncProperty(fc.array(fc.nat(1000), { minLength: 30, maxLength: 30 }), data, check), {
      numRuns: 300,
    });
    expect(told).toBeGreaterThan(150);
  });
});
