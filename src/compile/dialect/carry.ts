import type { DialectQuery, EngineFunction, NotPortable, RelationName } from "../../ports/sql-dialect.ts";
import type { Expression } from "../../ports/syntax-tree.ts";
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
  /** The project's function that DuckDB's SQL calls so. */
  projectFunction(call: string): EngineFunction | undefined;
  /** Notes that a construct was carried over. */
  used(construct: string): void;
  /** Notes that one cannot be, and gives the part back so that the rest is looked at too. */
  refuse<T>(part: T, construct: string, fix: string): T;
}

export function createCarry({ relations, functions = [], given = [] }: Omit<DialectQuery, "text" | "params">): Carry {
  const refused: NotPortable[] = [];
  const constructs = new Set<string>();
  const temporary = given.map(({ name, called = name }) => [lowerName(`.${name}`), { schema: "", name: called }] as const);
  const byName = new Map<string, RelationName>([
    ...[...relations].map(([name, relation]) => [lowerName(name), relation] as const),
    ...temporary,
  ]);
  const byCall = new Map(functions.map((item) => [item.original, item]));
  return {
    fragments: createFragments(),
    refused,
    constructs,
    relation: (schema, table) => byName.get(lowerName(`${schema}.${table}`)) ?? { schema: lowerName(schema), name: lowerName(table) },
    projectFunction: (call) => byCall.get(lowerName(call)),
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
