import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbEngine } from "../../src/adapters/duckdb/engine.ts";
import { contractColumns } from "../../src/compile/contract.ts";
import { quoteText } from "../../src/define/quote.ts";
import { t } from "../../src/define/types.ts";
import { compareTables, type TablesToCompare } from "../../src/execute/compare-tables.ts";
import { isEqual, type TableComparison } from "../../src/execute/table-comparison.ts";
import type { Engine, Session } from "../../src/ports/engine.ts";

let database: Database;
let engine: Engine;
let session: Session;

beforeAll(async () => {
  database = await memoryDatabase();
  engine = duckdbEngine(database);
  session = await engine.session();
});
afterAll(() => {
  session.close();
  database.close();
});

const names = ["k", "part", "amount", "note", "ratio"] as const;
type Values = readonly (string | null)[];

const contract = contractColumns({
  k: t.integer({ nullable: true }),
  part: t.varchar({ nullable: true }),
  amount: t.decimal(38, 2, { nullable: true }),
  note: t.varchar({ nullable: true }),
  ratio: t.double({ nullable: true }),
});
const types = ["integer", "varchar", "decimal(38, 2)", "varchar", "double"];

/** Texts as the engine writes the values, so that equal texts are equal values. */
const row: fc.Arbitrary<Values> = fc.tuple(
  fc.constantFrom(null, "0", "-1", "1", "2"),
  fc.constantFrom(null, "", "a", "null", "a,b"),
  fc.constantFrom(null, "0.00", "-0.01", "0.01", "184467440737095516.15", "999999999999999999999999999999999999.99"),
  fc.constantFrom(null, "", "null", "it's", "x".repeat(40)),
  fc.constantFrom(null, "0.1", "0.30000000000000004", "nan", "-inf"),
);
const rows = fc.array(row, { maxLength: 8 });

/** Some rows of the other side as they are, some changed in one value, some new ones. */
const sides = rows.chain((old) =>
  fc
    .tuple(fc.array(fc.tuple(fc.nat(Math.max(0, old.length - 1)), fc.nat(9), row), { maxLength: 8 }), fc.array(row, { maxLength: 2 }))
    .map(([picks, added]) => ({
      old,
      now: [
        ...(old.length === 0
          ? []
          : picks.map(([at, column, other]) =>
              (old[at] ?? other).map((value, index) => (index === column ? (other[index] ?? null) : value)),
            )),
        ...added,
      ],
    })),
);

function relation(list: readonly Values[]): string {
  const columns = names.map((name, index) => `cast(column${index} as ${types[index]}) as ${name}`).join(", ");
  const literal = (value: string | null): string => (value === null ? "null" : quoteText(value));
  const lines = list.map((values) => `(${values.map(literal).join(", ")})`).join(", ");
  const nothing = `(${names.map(() => "null::varchar").join(", ")})`;
  return list.length === 0
    ? `(select ${columns} from (values ${nothing}) as v(${names.map((_, index) => `column${index}`).join(", ")}) where false)`
    : `(select ${columns} from (values ${lines}) as v(${names.map((_, index) => `column${index}`).join(", ")}))`;
}

const textOf = (values: Values): string => JSON.stringify(values);

function counted(list: readonly Values[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const values of list) counts.set(textOf(values), (counts.get(textOf(values)) ?? 0) + 1);
  return counts;
}

/** The same question answered row by row. */
function naive(old: readonly Values[], now: readonly Values[], key: readonly string[] | null) {
  const keyOf = (values: Values): string => textOf(values.filter((_, index) => key?.includes(names[index] ?? "") === true));
  const unique = (list: readonly Values[]): boolean => new Set(list.map(keyOf)).size === list.length;
  if (key !== null && unique(old) && unique(now)) {
    const before = new Map(old.map((values) => [keyOf(values), values] as const));
    const after = new Map(now.map((values) => [keyOf(values), values] as const));
    const pairs = [...before].flatMap(([id, values]) => (after.has(id) ? [[values, after.get(id) ?? []] as const] : []));
    const columns = names.flatMap((column, index) => {
      const changed = pairs.filter(([a, b]) => a[index] !== b[index]).length;
      return changed === 0 ? [] : [{ column, changed }];
    });
    const changed = pairs.filter(([a, b]) => textOf(a) !== textOf(b)).length;
    const added = [...after.keys()].filter((id) => !before.has(id)).length;
    return { added, removed: before.size - pairs.length, changed, equal: pairs.length - changed, columns };
  }
  const [before, after] = [counted(old), counted(now)];
  const more = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number =>
    [...a].reduce((sum, [text, times]) => sum + Math.max(0, times - (b.get(text) ?? 0)), 0);
  return { added: more(after, before), removed: more(before, after), changed: 0, equal: old.length - more(before, after), columns: [] };
}

const compare = (old: string, now: string, options: Partial<TablesToCompare> = {}): Promise<TableComparison> =>
  compareTables(engine, session, { old, new: now, key: ["k"], contract, samples: 100, ...options });

describe("compareTables", () => {
  it("says what a comparison row by row says, whatever the rows", { timeout: 120_000 }, async () => {
    const keys = fc.constantFrom<readonly string[] | null>(null, ["k"], ["part", "k"], [...names], []);
    await fc.assert(
      fc.asyncProperty(sides, keys, async ({ old, now }, key) => {
        const found = await compare(relation(old), relation(now), { key });
        const { added, removed, changed, equal, columns } = found;
        expect({ added, removed, changed, equal, columns }).toEqual(naive(old, now, key));
        expect({ old_rows: found.old_rows, new_rows: found.new_rows }).toEqual({ old_rows: old.length, new_rows: now.length });
        expect(isEqual(found)).toBe(JSON.stringify([...counted(old)].sort()) === JSON.stringify([...counted(now)].sort()));
        samplesAreRows(found, old, now);
      }),
      { numRuns: Number(process.env.RUNS ?? 300) },
    );
  });

  /** Every difference is among the samples, as it stands in its table. */
  function samplesAreRows({ samples, added, removed, changed }: TableComparison, old: readonly Values[], now: readonly Values[]): void {
    const texts = (list: readonly Values[]): ReadonlyMap<string, number> => counted(list);
    for (const [list, all, count] of [
      [samples.added, texts(now), added],
      [samples.removed, texts(old), removed],
    ] as const) {
      expect(list.reduce((sum, sample) => sum + sample.times, 0)).toBe(count);
      for (const sample of list)
        expect(all.get(textOf(names.map((name) => sample.row[name] ?? null))) ?? 0).toBeGreaterThanOrEqual(sample.times);
    }
    expect(samples.changed.length).toBe(changed);
    for (const sample of samples.changed) {
      expect(sample.columns.length).toBeGreaterThan(0);
      for (const { old: before, new: after } of sample.columns) expect(before).not.toBe(after);
    }
  }

  it("does not take 0 and -0.01 of a wide decimal for equal, though the engine's hashes are", async () => {
    const one = (value: string): string => `(select 1 as k, ${value}::decimal(38, 2) as amount)`;
    const [hashes] = await session.query({ text: "select hash(0::decimal(38, 2)) = hash(-0.01::decimal(38, 2)) as same" });
    expect(hashes).toEqual({ same: true });
    expect(await compare(one("0"), one("-0.01"))).toMatchObject({
      changed: 1,
      columns: [{ column: "amount", changed: 1 }],
      samples: { changed: [{ key: { k: "1" }, columns: [{ column: "amount", old: "0.00", new: "-0.01" }] }] },
    });
    const mixed = await compare("(select 1 as k, 0::decimal(10, 2) as amount)", one("-0.01"));
    expect(mixed).toMatchObject({ changed: 1, types: [{ column: "amount", old: "DECIMAL(10,2)", new: "DECIMAL(38,2)" }] });
  });

  it("falls back to whole rows where a key is there twice", async () => {
    const old = "(from (values (1, 'a'), (1, 'b'), (2, 'c')) as v(k, note))";
    const now = "(from (values (1, 'a'), (2, 'd')) as v(k, note))";
    expect(await compare(old, now)).toMatchObject({ by: "row", key: [], added: 1, removed: 2, changed: 0, equal: 1 });
    expect(await compare(now, old)).toMatchObject({ by: "row", added: 2, removed: 1 });
  });

  it("counts how often a row is missing", async () => {
    const found = await compare("(select 1 as k from range(3))", "(select 1 as k)", { key: null });
    expect(found).toMatchObject({ removed: 2, equal: 1, samples: { removed: [{ row: { k: "1" }, times: 2 }] } });
  });

  it("takes columns of one side only, and other types, for a difference", async () => {
    const found = await compare("(select 1 as k, 2 as gone, '5' as part)", "(select 1 as K, 3 as came, 5 as part)");
    expect(found).toMatchObject({ added: 0, removed: 0, changed: 0, equal: 1, only_old: ["gone"], only_new: ["came"] });
    expect(found.types).toEqual([{ column: "part", old: "VARCHAR", new: "INTEGER" }]);
    expect(isEqual(found)).toBe(false);
  });

  it("compares values that fit no common type as text", async () => {
    const wide = "(select 1 as k, 12345678901234567890123456789012345678::decimal(38, 0) as amount)";
    const fine = "(select 1 as k, 0.00000000000000000000000000000000000001::decimal(38, 38) as amount)";
    expect(await compare(wide, fine)).toMatchObject({ changed: 1, equal: 0 });
    expect(await compare("(select 1 as k, 'x' as part)", "(select 1 as k, 5 as part)")).toMatchObject({ changed: 1 });
  });

  it("compares row counts where no column is in both", async () => {
    expect(await compare("(select 1 as a from range(3))", "(select 1 as b)", { key: null })).toMatchObject({
      added: 1,
      removed: 3,
      equal: 0,
    });
  });

  it("masks sensitive values, columns the contract does not know beside one, and all of a table without contract", async () => {
    const secret = contractColumns({ k: t.integer(), note: t.varchar({ sensitive: true }) });
    const old = "(select 1 as k, 'secret' as note, 'derived' as other)";
    const now = "(select 1 as k, 'hidden' as note, 'computed' as other union all select 2, 'fresh', 'more')";
    const guarded = await compare(old, now, { contract: secret });
    expect(guarded.samples.changed).toEqual([
      {
        key: { k: "1" },
        columns: [
          { column: "note", old: "***", new: "***" },
          { column: "other", old: "***", new: "***" },
        ],
      },
    ]);
    expect(guarded.samples.added).toEqual([{ row: { k: "2", note: "***", other: "***" }, times: 1 }]);
    expect(JSON.stringify(await compare(old, now, { contract: null }))).not.toMatch(/secret|hidden|derived|computed|fresh|more/);
    expect((await compare(old, now, { contract: secret, key: null })).samples.removed).toEqual([
      { row: { k: "1", note: "***", other: "***" }, times: 1 },
    ]);
  });

  it("shows no more samples than asked for, in key order", async () => {
    const found = await compare(
      "(select i as k, i as note from range(100) as r(i))",
      "(select i as k, i + 1 as note from range(50, 150) as r(i))",
      {
        samples: 2,
      },
    );
    expect(found).toMatchObject({ added: 50, removed: 50, changed: 50, equal: 0 });
    expect(found.samples.removed.map((sample) => sample.row.k)).toEqual(["0", "1"]);
    expect(found.samples.changed.map((sample) => sample.key.k)).toEqual(["50", "51"]);
    expect(found.samples.added.map((sample) => sample.row.k)).toEqual(["100", "101"]);
  });
});
