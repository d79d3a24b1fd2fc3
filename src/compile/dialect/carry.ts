import type { NotPortable, RelationName } from "../../ports/sql-dialect.ts";
import type { Expression } from "../../ports/syntax-tree.ts";
import type { TableName } from "../../terms.ts";
import { aggregateFunctions } from "../aggregate-functions.ts";
import { createFragments, type Fragments } from "./fragments.ts";
import { offsetOf } from "./located-tree.ts";

/** What carrying one query over makes and finds. */
export interface Carry {
  readonly fragments: Fragments;
  readonly refused: NotPortable[];
  readonly constructs: Set<string>;
  /** Where a table stands in the engine. */
  relation(schema: string, table: string): RelationName;
  /** Notes that a construct was carried over. */
  used(construct: string): void;
  /** Notes that one cannot be, and gives the part back so that the rest is looked at too. */
  refuse<T>(part: T, construct: string, fix: string): T;
}

export function createCarry(relations: ReadonlyMap<TableName, RelationName>): Carry {
  const refused: NotPortable[] = [];
  const constructs = new Set<string>();
  const byName = new Map([...relations].map(([name, relation]) => [lowerName(name), relation]));
  return {
    fragments: createFragments(),
    refused,
    constructs,
    relation: (schema, table) => byName.get(lowerName(`${schema}.${table}`)) ?? { schema: lowerName(schema), name: lowerName(table) },
    used: (construct) => {
      constructs.add(construct);
    },
    refuse: (part, construct, fix) => {
      refused.push({ construct, offset: offsetOf(part), fix });
      return part;
    },
  };
}

export const isAggregate = (name: string): boolean => aggregateFunctions.has(name.toLowerCase());

/** DuckDB does not tell capitals apart in names, PostgreSQL does. */
export const lowerName = (name: string): string => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

export const sameName = (a: string, b: string): boolean => lowerName(a) === lowerName(b);

/** Name of a column that stands alone; null for anything else. */
export function bareName(expression: Expression): string | null {
  const names = expression.class === "COLUMN_REF" ? (expression.column_names ?? []) : [];
  return names.length === 1 ? (names[0] ?? null) : null;
}
