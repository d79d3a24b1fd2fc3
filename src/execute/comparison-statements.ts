import { columnList, quoteIdentifier, quoteText } from "../define/quote.ts";
import type { Engine } from "../ports/engine.ts";
import type { EngineSql } from "../ports/engine-sql.ts";
import type { ColumnTypes } from "./table-comparison.ts";

/** Two relations of the same columns, in the same order. */
export interface ComparedSides {
  /** Parenthesized queries. */
  readonly old: string;
  readonly new: string;
  readonly columns: readonly ComparedColumn[];
  /** Columns of `columns`; empty: at most one row on each side. */
  readonly key: readonly string[];
}

export interface ComparedColumn {
  readonly name: string;
  /** Type of the old side, as the engine prints it. */
  readonly type: string;
  /** Shown as `***`. */
  readonly sensitive: boolean;
}

const marker = "_side";

const marked = (relation: string): string => `(select side.*, true as ${marker} from ${relation} as side)`;

/** Rows of both sides and an order-free hash of their content. */
export function contentStatement(engine: Pick<Engine, "contentHash">, { columns, old, new: now }: ComparedSides): string {
  const content = engine.contentHash(columns);
  const side = (name: string, relation: string): string =>
    `select ${quoteText(name)} as side, count(*) as rows, ${content} as content from ${relation} as compared`;
  return `${side("old", old)} union all ${side("new", now)}`;
}

/** Distinct keys of both sides; `rows` many prove that every key appears once. Counted by hash, or exactly. */
export function keysStatement(engine: Pick<Engine, "keyHash">, sides: ComparedSides, how: "hash" | "exact"): string {
  const { key, old, new: now } = sides;
  const count = (relation: string): string =>
    how === "hash"
      ? `(select count(distinct ${engine.keyHash(key)}) from ${relation} as compared)`
      : `(select count(*) from (select 1 from ${relation} as compared group by ${columnList(key)}) as keys)`;
  return `select ${count(old)} as old_keys, ${count(now)} as new_keys`;
}

/** One row: keys of one side only, changed ones, and changed values of each column as `changed_<position>`. */
export function keyedCountsStatement(sql: EngineSql, sides: ComparedSides): string {
  const both = `o.${marker} and n.${marker}`;
  const compared = comparedColumns(sides);
  const each = compared.map((column, index) => `count(*) filter (where ${both} and ${differs(column.name)}) as changed_${index}`);
  const counts = [
    `count(*) filter (where n.${marker} is null) as removed`,
    `count(*) filter (where o.${marker} is null) as added`,
    `count(*) filter (where ${both}) as matched`,
    `count(*) filter (where ${both} and ${anyDiffers(compared)}) as changed`,
  ];
  return `select ${[...counts, ...each].join(", ")} from ${marked(sides.old)} as o full join ${marked(sides.new)} as n on ${sameKey(sql, sides)}`;
}

/** Columns beyond the key, in the order of `changed_<position>`. */
export function comparedColumns({ columns, key }: ComparedSides): readonly ComparedColumn[] {
  return columns.filter((column) => !key.includes(column.name));
}

const differs = (name: string): string => `o.${quoteIdentifier(name)} is distinct from n.${quoteIdentifier(name)}`;

function anyDiffers(columns: readonly ComparedColumn[]): string {
  return columns.length === 0 ? "false" : `(${columns.map((column) => differs(column.name)).join(" or ")})`;
}

/** With an empty key the one row of each side is the same row. */
function sameKey(sql: EngineSql, { key }: ComparedSides): string {
  if (key.length === 0) return `o.${marker} = n.${marker}`;
  return key.map((name) => sql.sameValue(`o.${quoteIdentifier(name)}`, `n.${quoteIdentifier(name)}`)).join(" and ");
}

/** Rows of one side whose key the other does not have, as `v<position>`, in key order. */
export function oneSidedStatement(sql: EngineSql, sides: ComparedSides, side: "old" | "new", limit: number): string {
  const [here, there] = side === "old" ? ["o", "n"] : ["n", "o"];
  const other = `select 1 from ${marked(side === "old" ? sides.new : sides.old)} as ${there} where ${sameKey(sql, sides)}`;
  const own = marked(side === "old" ? sides.old : sides.new);
  return `select ${shownColumns(sides.columns, `${here}.`, "v")} from ${own} as ${here} where not exists (${other})${ordered(sides.key, `${here}.`)} limit ${limit}`;
}

/** Rows of one key with another content: old values as `v<position>`, new ones as `w<position>`, and whether they differ as `d<position>`. */
export function changedStatement(sql: EngineSql, sides: ComparedSides, limit: number): string {
  const flags = sides.columns.map(({ name }, index) => `(${differs(name)}) as d${index}`);
  const items = [shownColumns(sides.columns, "o.", "v"), shownColumns(sides.columns, "n.", "w"), ...flags].join(", ");
  const joined = `${marked(sides.old)} as o join ${marked(sides.new)} as n on ${sameKey(sql, sides)}`;
  return `select ${items} from ${joined} where ${anyDiffers(comparedColumns(sides))}${ordered(sides.key, "o.")} limit ${limit}`;
}

/** Rows and how many more of them the new side has than the old (`_net`), where that is not 0. */
function netRows({ columns, old, new: now }: ComparedSides): string {
  const names = columnList(columns.map((column) => column.name));
  const all = `select ${names}, -1 as ${marker} from ${old} as old union all select ${names}, 1 as ${marker} from ${now} as now`;
  return `(select ${names}, sum(${marker}) as _net from (${all}) as both_sides group by ${names} having sum(${marker}) <> 0)`;
}

/** One row: rows that only one side has, by their whole content; a row that one side has more often counts with the difference. */
export function rowCountsStatement(sides: ComparedSides): string {
  const sum = (condition: string): string => `coalesce(sum(abs(_net)) filter (where ${condition}), 0)`;
  return `select ${sum("_net > 0")} as added, ${sum("_net < 0")} as removed from ${netRows(sides)} as net`;
}

/** Rows that one side has more often, as `v<position>`, with `times`. */
export function unmatchedRowsStatement(sides: ComparedSides, side: "old" | "new", limit: number): string {
  const condition = side === "old" ? "_net < 0" : "_net > 0";
  const shown = shownColumns(sides.columns, "", "v");
  const order = ordered(
    sides.columns.map((column) => column.name),
    "",
  );
  return `select ${shown}, abs(_net) as times from ${netRows(sides)} as net where ${condition}${order} limit ${limit}`;
}

function shownColumns(columns: readonly ComparedColumn[], qualifier: string, prefix: string): string {
  const items = columns.map(
    ({ name, sensitive }, index) => `${sensitive ? "'***'" : `cast(${qualifier}${quoteIdentifier(name)} as varchar)`} as ${prefix}${index}`,
  );
  return items.join(", ");
}

function ordered(columns: readonly string[], qualifier: string): string {
  return columns.length === 0 ? "" : ` order by ${columns.map((name) => `${qualifier}${quoteIdentifier(name)}`).join(", ")}`;
}

const time = /^(?:DATE|TIMESTAMP(?:_S|_MS|_NS)?)$/;
/** Digits before the point that a value of the type may have; DOUBLE holds any. */
const wholeDigits: Readonly<Record<string, number>> = { TINYINT: 3, SMALLINT: 5, INTEGER: 10, BIGINT: 19, FLOAT: 0, DOUBLE: 0 };

/** Can values of two types be compared as they are, without a value that does not fit? Else they are compared as text. */
export function comparesNatively({ old, new: now }: Omit<ColumnTypes, "column">): boolean {
  if (old === now || (time.test(old) && time.test(now))) return true;
  const [a, b] = [digitsOf(old), digitsOf(now)];
  return a !== null && b !== null && Math.max(a.whole, b.whole) + Math.max(a.scale, b.scale) <= 38;
}

function digitsOf(type: string): { readonly whole: number; readonly scale: number } | null {
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type);
  if (decimal !== null) return { whole: Number(decimal[1]) - Number(decimal[2]), scale: Number(decimal[2]) };
  const whole = wholeDigits[type];
  return whole === undefined ? null : { whole, scale: 0 };
}
