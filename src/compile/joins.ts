import { quoteIdentifier } from "../define/quote.ts";
import type { Expression, JoinRef, SelectNode, TableRef } from "../ports/syntax-tree.ts";
import { type OutputColumn, type TableColumns, tableNamed } from "./lineage.ts";
import type { JoinEdge, JoinedTable } from "./manifest.ts";
import { conjuncts, leavesOf } from "./tree.ts";

interface Equality {
  readonly left: { readonly alias: string; readonly column: string };
  readonly right: { readonly alias: string; readonly column: string };
}

/** The tables of a SELECT's own FROM with the equalities that join them. */
export function joinedTables(node: SelectNode, outputs: readonly OutputColumn[] | null, tables: TableColumns): readonly JoinedTable[] {
  const leaves = leavesOf(node.from_table).flatMap((leaf) => {
    if (leaf.ref.type !== "BASE_TABLE" || leaf.ref.schema_name === "") return [];
    const table = tableNamed(leaf.ref, tables);
    return table === null ? [] : [{ table, alias: leaf.alias }];
  });
  const owner = (column: string): string | null => {
    const owners = leaves.filter((leaf) => tables.get(leaf.table)?.some((item) => same(item.name, column)));
    return owners.length === 1 ? (owners[0]?.alias ?? null) : null;
  };
  const equalities = [
    ...joinConditions(node.from_table, owner),
    ...conjuncts(node.where_clause).flatMap((part) => equalityOf(part, owner)),
  ];
  return leaves.map((leaf) => ({
    ...leaf,
    exact: isJoinedExactly(node.from_table, leaf.alias, owner),
    joinedBy: edgesOf(leaf.alias, ownConditions(node.from_table, leaf.alias, owner)),
    on: edgesOf(leaf.alias, equalities),
    filled: Object.fromEntries(
      (outputs ?? []).flatMap(({ name, filled }) => (filled?.alias === leaf.alias ? [[name, filled] as const] : [])),
    ),
    outputs: Object.fromEntries(
      (outputs ?? []).flatMap((output) => (output.origin?.alias === leaf.alias ? [[output.name, output.origin.column] as const] : [])),
    ),
  }));
}

/** Equalities seen from one of their tables. */
function edgesOf(alias: string, equalities: readonly Equality[]): readonly JoinEdge[] {
  return equalities.flatMap(({ left, right }) => {
    if (same(left.alias, alias)) return [{ column: left.column, otherAlias: right.alias, otherColumn: right.column }];
    return same(right.alias, alias) ? [{ column: right.column, otherAlias: left.alias, otherColumn: left.column }] : [];
  });
}

type Owner = (column: string) => string | null;

function joinConditions(ref: TableRef | null, owner: Owner): readonly Equality[] {
  if (ref === null || ref.type !== "JOIN") return [];
  return [...joinConditions(ref.left, owner), ...joinConditions(ref.right, owner), ...conditionsOf(ref, owner)];
}

/** Equalities of the join whose right side is the table. */
function ownConditions(ref: TableRef | null, alias: string, owner: Owner): readonly Equality[] {
  if (ref === null || ref.type !== "JOIN") return [];
  const isRight = ref.right.type !== "JOIN" && leavesOf(ref.right).some((leaf) => same(leaf.alias, alias));
  return isRight ? conditionsOf(ref, owner) : [...ownConditions(ref.left, alias, owner), ...ownConditions(ref.right, alias, owner)];
}

function conditionsOf(ref: JoinRef, owner: Owner): readonly Equality[] {
  const lefts = leavesOf(ref.left);
  const rights = leavesOf(ref.right);
  // A USING column stands for both sides; the nearest table on each side is taken.
  const using = ref.using_columns.flatMap((column) => {
    const left = lefts.at(0)?.alias;
    const right = rights.at(0)?.alias;
    return left === undefined || right === undefined ? [] : [{ left: { alias: left, column }, right: { alias: right, column } }];
  });
  return [...using, ...conjuncts(ref.condition).flatMap((part) => equalityOf(part, owner))];
}

/** Is the leaf the right side of a join whose whole condition is equalities of its columns with those of other tables? */
function isJoinedExactly(ref: TableRef | null, alias: string, owner: Owner): boolean {
  if (ref === null || ref.type !== "JOIN") return false;
  const [right, ...others] = leavesOf(ref.right);
  if (right === undefined || others.length > 0 || !same(right.alias, alias)) return isJoinedExactly(ref.left, alias, owner);
  if (ref.join_type !== "LEFT" && ref.join_type !== "INNER") return false;
  const parts = conjuncts(ref.condition);
  const touches = (equality: Equality): boolean => same(equality.left.alias, alias) || same(equality.right.alias, alias);
  return (parts.length > 0 || ref.using_columns.length > 0) && parts.every((part) => equalityOf(part, owner).some(touches));
}

function equalityOf(condition: Expression, owner: Owner): readonly Equality[] {
  if (condition.type !== "COMPARE_EQUAL") return [];
  const left = sideOf(condition.left, owner);
  const right = sideOf(condition.right, owner);
  return left === null || right === null || same(left.alias, right.alias) ? [] : [{ left, right }];
}

function sideOf(expression: Expression | undefined, owner: Owner): { readonly alias: string; readonly column: string } | null {
  if (expression?.class !== "COLUMN_REF") return null;
  const names = expression.column_names ?? [];
  const column = names.at(-1);
  if (column === undefined) return null;
  const alias = names.at(-2) ?? owner(column);
  return alias === null || alias === undefined ? null : { alias, column };
}

export function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** `"alias"."column"`. */
export function qualified(alias: string, column: string): string {
  return `${quoteIdentifier(alias)}.${quoteIdentifier(column)}`;
}
