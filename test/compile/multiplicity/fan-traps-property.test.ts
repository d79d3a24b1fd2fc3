import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { fanTraps } from "../../../src/compile/multiplicity/fan-traps.ts";
import { readQuery } from "../../../src/compile/multiplicity/read-query.ts";
import { bronzeRows } from "../../../src/compile/multiplicity/table-rows.ts";
import { type Columns, t } from "../../../src/define/types.ts";
import type { Session } from "../../../src/ports/engine.ts";
import { type TestAnalyzer, testAnalyzer } from "../analyzer.ts";

const whole = t.integer();
const tables = {
  a: { key: ["id"], columns: { id: whole, g: whole, v: whole } },
  b: { key: ["aid", "n"], columns: { aid: whole, n: whole, v: whole } },
  c: { key: ["cid"], columns: { cid: whole, aid: whole, v: whole } },
  d: { key: ["did"], columns: { did: whole, v: whole } },
  e: { key: ["aid", "n"], columns: { aid: whole, n: whole, did: whole, v: whole } },
} as const satisfies Readonly<Record<string, { readonly key: readonly string[]; readonly columns: Columns }>>;
type Name = keyof typeof tables;
const names = Object.keys(tables) as readonly Name[];

/** Copies of the data: what is the same by chance in one is not in another. */
const copies = [1, 2, 3, 4, 5, 6, 7, 8];

/** Keys as they have to be, other columns by chance, with several rows for each value. */
const rowsOf = (copy: number): Readonly<Record<Name, string>> => {
  const chance = (salt: number, ...parts: readonly string[]): string => `(hash(${[copy, salt, ...parts].join(", ")}) % 3 + 1)::integer`;
  return {
    a: `select i, ${chance(1, "i")}, i * 7 from range(1, 10) r(i)`,
    b: "select i, j, i * 100 + j from range(1, 10) r(i), range(1, 5) s(j)",
    c: `select i, ${chance(2, "i")}, i * 3 from range(1, 10) r(i)`,
    d: "select i, i * 11 from range(1, 10) r(i)",
    e: `select i, j, ${chance(3, "i", "j")}, i * 1000 + j from range(1, 10) r(i), range(1, 5) s(j)`,
  };
};

let analyzer: TestAnalyzer;
let session: Session;
beforeAll(async () => {
  analyzer = await testAnalyzer(Object.fromEntries(names.map((name) => [`bronze.${name}`, tables[name].columns])));
  session = await (await memoryDatabase()).session();
  for (const copy of copies) {
    const made = names.map(
      (name) => `create table copy_${copy}.${name} as from (${rowsOf(copy)[name]}) as r(${Object.keys(tables[name].columns).join(", ")})`,
    );
    await session.execute({ text: [`create schema copy_${copy}`, ...made].join("; ") });
  }
});

interface Query {
  readonly from: string;
  readonly measured: { readonly alias: string; readonly key: readonly string[] };
  readonly group: string | null;
}

/** A tree of joins on single columns, a measure of any of its tables, and perhaps a grouping; CTEs and subqueries in between. */
function queryOf(numbers: readonly number[], first: boolean): Query {
  let at = 0;
  const pick = <T>(options: readonly T[]): T => options[(numbers[at++] ?? 0) % options.length] as T;
  const columnsOf = (name: Name): readonly string[] => Object.keys(tables[name].columns).filter((column) => column !== "v");
  const leaves = Array.from({ length: pick([2, 2, 3, 4]) }, (_, index) => ({ alias: `t${index}`, name: pick(names) }));
  const written = ({ name, alias }: (typeof leaves)[number]): string =>
    `${pick([`bronze.${name}`, `bronze.${name}`, `(select * from bronze.${name})`, `(select ${columnsOf(name).join(", ")}, v + 0 as v from bronze.${name})`])} as ${alias}`;
  const joins = leaves.slice(1).map((leaf, index) => {
    const other = pick(leaves.slice(0, index + 1));
    const condition = `${leaf.alias}.${pick(columnsOf(leaf.name))} = ${other.alias}.${pick(columnsOf(other.name))}`;
    // An inner join further on may leave one row of many.
    return `left join ${written(leaf)} on ${condition}`;
  });
  const measured = first ? leaves[0] : pick(leaves);
  if (measured === undefined) throw new Error("no leaf");
  const grouped = pick(leaves);
  const group = pick([false, true]) ? `${grouped.alias}.${pick(columnsOf(grouped.name))}` : null;
  const [spine] = leaves;
  return {
    from: [written(spine ?? measured), ...joins].join(" "),
    measured: { alias: measured.alias, key: tables[measured.name].key },
    group,
  };
}

async function judged({
  from,
  measured,
  group,
}: Query): Promise<{ readonly text: string; readonly refused: boolean; readonly differs: boolean }> {
  const grouping = group === null ? "" : ` group by ${group}`;
  const text = `select sum(${measured.alias}.v) as total from ${from}${grouping}`;
  const known = new Map(
    names.map((name) => {
      const columns = analyzer.columns.get(`bronze.${name}`) ?? [];
      return [`bronze.${name}`, bronzeRows({ name: `bronze.${name}`, grain: tables[name].key, checks: [], columns })] as const;
    }),
  );
  let refused = false;
  readQuery((await analyzer.tree(text)).node, known, (reading) => {
    refused ||= fanTraps(reading, text).length > 0;
    return [];
  });
  const keys = [...measured.key.map((column) => `${measured.alias}.${column}`), ...(group === null ? [] : [group])];
  const repeated = copies.map(
    (copy) => `select count(*) > count(distinct (${keys.map((_, at) => `k${at}`).join(", ")})) as differs
      from (select ${keys.map((key, at) => `${key} as k${at}`).join(", ")} from ${from.replaceAll("bronze.", `copy_${copy}.`)} where ${keys[0]} is not null)`,
  );
  const [found] = await session.query({ text: `select bool_or(differs) as differs from (${repeated.join(" union all ")})` });
  return { text, refused, differs: found?.differs === true };
}

const numbers = fc.array(fc.nat(1000), { minLength: 30, maxLength: 30 });

describe("a refused measure", () => {
  it("is repeated on data the keys allow", { timeout: 120_000 }, async () => {
    let refusals = 0;
    await fc.assert(
      fc.asyncProperty(numbers, async (chosen) => {
        const { text, refused, differs } = await judged(queryOf(chosen, false));
        if (refused) refusals += 1;
        expect(refused && !differs, text).toBe(false);
      }),
      { numRuns: 200 },
    );
    // Otherwise the grammar would prove nothing.
    expect(refusals).toBeGreaterThan(30);
  });
});

describe("a measure of the first table, not grouped", () => {
  it("is refused just when it is repeated", { timeout: 120_000 }, async () => {
    const found = { refused: 0, accepted: 0 };
    await fc.assert(
      fc.asyncProperty(numbers, async (chosen) => {
        const { text, refused, differs } = await judged({ ...queryOf(chosen, true), group: null });
        found[refused ? "refused" : "accepted"] += 1;
        expect({ text, refused }).toEqual({ text, refused: differs });
      }),
      { numRuns: 200 },
    );
    expect(found.refused).toBeGreaterThan(50);
    expect(found.accepted).toBeGreaterThan(30);
  });
});
