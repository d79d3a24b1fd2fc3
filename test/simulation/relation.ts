import type { TableName } from "../../src/terms.ts";
import type { Dice } from "./dice.ts";
import type { SimColumn, SimType } from "./scenario.ts";

/** What a model may read: its columns, and those that identify a row by construction (null: rows may repeat). */
export interface Relation {
  readonly name: TableName;
  readonly columns: readonly SimColumn[];
  readonly key: readonly string[] | null;
  /** A snapshot: joined by time only. */
  readonly history: boolean;
  /** Only grows, unlike everything else. */
  readonly appendOnly: boolean;
}

export interface Item extends SimColumn {
  readonly text: string;
}

/** A SELECT in the making. */
export interface Query {
  readonly sql: string;
  readonly columns: readonly SimColumn[];
  readonly key: readonly string[];
  readonly reads: readonly TableName[];
}

export const item = (text: string, name: string, type: SimType, nullable: boolean): Item => ({ text, name, type, nullable });

export const list = (items: readonly Item[]): string => items.map(({ text, name }) => `${text} as ${name}`).join(", ");

export const columnsOf = (items: readonly Item[]): readonly SimColumn[] =>
  items.map(({ name, type, nullable }) => ({ name, type, nullable }));

export const isNumber = (column: SimColumn): boolean => column.type === "integer" || column.type === "bigint" || column.type === "decimal";

/** A relation's columns passed on: its key, and some of the rest. */
export function passed(dice: Dice, relation: Relation, alias: string, share = 0.7): readonly Item[] {
  const key = relation.key ?? [];
  return relation.columns
    .filter((column) => key.includes(column.name) || (column.name === "ts" && dice.chance(0.9)) || dice.chance(share))
    .map((column) => item(`${alias}.${column.name}`, column.name, column.type, column.nullable));
}

/** Columns of another table beside a relation's own: renamed, and perhaps absent. */
export function joined(dice: Dice, relation: Relation, alias: string, prefix: string, nullable: boolean): readonly Item[] {
  const columns = dice.some(relation.columns, 0.4);
  return (columns.length === 0 ? relation.columns.slice(0, 1) : columns).map((column) =>
    item(`${alias}.${column.name}`, `${prefix}_${column.name}`, column.type, nullable || column.nullable),
  );
}

/** Are there no two items of one name? */
export const distinctNames = (items: readonly Item[]): boolean => new Set(items.map(({ name }) => name)).size === items.length;

/** A text column, for joins and groups; undefined: there is none. */
export function textColumn(dice: Dice, relation: Relation): SimColumn | undefined {
  const texts = relation.columns.filter((column) => column.type === "varchar");
  return texts.length === 0 ? undefined : dice.pick(texts);
}

export function numberColumn(dice: Dice, relation: Relation): SimColumn | undefined {
  const numbers = relation.columns.filter(isNumber);
  return numbers.length === 0 ? undefined : dice.pick(numbers);
}

/** The only column of a relation's key, when that is a text. */
export function textKey(relation: Relation): string | undefined {
  const [key, ...more] = relation.key ?? [];
  const column = relation.columns.find((candidate) => candidate.name === key);
  return more.length === 0 && column?.type === "varchar" ? key : undefined;
}

/** A condition on a relation's rows. */
export function condition(dice: Dice, relation: Relation, alias: string): string {
  const column = dice.pick(relation.columns);
  const name = `${alias}.${column.name}`;
  if (isNumber(column)) {
    return dice.pick([`${name} > ${dice.below(8)}`, `${name} between 2 and ${3 + dice.below(6)}`, `coalesce(${name}, 3) <> 4`]);
  }
  if (column.type === "timestamp") return `${name} >= timestamp '2040-01-0${1 + dice.below(4)} 00:00:00'`;
  if (column.type === "boolean") return `${name} is not false`;
  return dice.pick([
    `${name} = 'k${1 + dice.below(4)}'`,
    `${name} is distinct from 'x'`,
    `${name} in ('k1', 'k2', 'k3', 'x', 'U')`,
    `(${name} is null or ${name} < 'k4')`,
    `not (coalesce(${name}, 'y') = 'y')`,
    `length(${name}) > 1`,
  ]);
}

/** A value made from a row's columns; null: no column serves. */
export function computed(dice: Dice, relation: Relation, alias: string, name: string): Item | null {
  const column = dice.pick(relation.columns);
  const from = `${alias}.${column.name}`;
  if (isNumber(column)) {
    return dice.pick([
      item(`(${from} * 2)::bigint`, name, "bigint", column.nullable),
      item(`case when ${from} > 4 then 'high' when ${from} is null then null else 'low' end`, name, "varchar", true),
      item(`coalesce(${from}, 0)`, name, column.type === "decimal" ? "decimal" : column.type, false),
    ]);
  }
  if (column.type === "timestamp") return item(`date_trunc('day', ${from})::timestamp`, name, "timestamp", column.nullable);
  if (column.type === "boolean") return null;
  return dice.pick([
    item(`coalesce(${from}, 'none')`, name, "varchar", false),
    item(`upper(${from})`, name, "varchar", column.nullable),
    item(`${from} || '!'`, name, "varchar", column.nullable),
    item(`nullif(${from}, 'x')`, name, "varchar", true),
  ]);
}
