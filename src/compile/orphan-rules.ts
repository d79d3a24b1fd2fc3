import type { Expression, JoinRef, SelectNode, TableRef } from "../ports/syntax-tree.ts";
import type { TableName } from "../terms.ts";
import { same } from "./joins.ts";
import type { UpstreamShape } from "./ledger.ts";
import { isGrouped } from "./lineage.ts";
import type { JoinedTable, OrphanRule } from "./manifest.ts";
import { isAggregated } from "./multiplicity/groups.ts";
import { snapshotColumns } from "./snapshot-columns.ts";
import { conjuncts, leavesOf } from "./tree.ts";

/**
 * LEFT JOINs on a whole key (of a history: the key at a time) whose misses the result itself shows: it has the key as the left side has it,
 * and a column of the right side that is never null there. Looking is one more condition in the scan of the checks.
 */
export function orphanRules(
  select: SelectNode,
  joins: readonly JoinedTable[],
  shapes: ReadonlyMap<TableName, UpstreamShape>,
  histories: ReadonlySet<TableName>,
): readonly OrphanRule[] {
  if (isGrouped(select) || select.select_list.some(isAggregated)) return [];
  return joins.flatMap((join): readonly OrphanRule[] => {
    const own = ownJoin(select.from_table, join.alias);
    const shape = shapes.get(join.table);
    if (own === null || shape === undefined || own.join_type !== "LEFT" || own.ref_type === "ASOF") return [];
    const isHistory = histories.has(join.table);
    const key = shape.grain.filter((column) => !isHistory || !same(column, "valid_from"));
    const keys = key.flatMap((column) => keyOutput(column, join, joins));
    const isWhole = join.joinedBy.every((edge) => key.some((column) => same(column, edge.column)));
    const rest = conjuncts(own.condition).filter((part) => part.type !== "COMPARE_EQUAL");
    const isTimed = rest.length === 0 ? !isHistory && join.exact : isHistory && rest.every(isOfVersion);
    const witness = witnessOf(join, shape, key);
    if (key.length === 0 || keys.length < key.length || !isWhole || !isTimed || witness === null) return [];
    return [{ dimension: join.table, atTime: isHistory, keys, witness }];
  });
}

/** The join whose right side is the table alone. */
function ownJoin(ref: TableRef | null, alias: string): JoinRef | null {
  if (ref === null || ref.type !== "JOIN") return null;
  const leaves = leavesOf(ref.right);
  if (ref.right.type !== "JOIN" && leaves.some((leaf) => same(leaf.alias, alias))) return ref;
  return ownJoin(ref.left, alias) ?? ownJoin(ref.right, alias);
}

/** The result's column that holds the left side's value of a key column. */
function keyOutput(column: string, join: JoinedTable, joins: readonly JoinedTable[]): OrphanRule["keys"] {
  const edge = join.joinedBy.find((item) => same(item.column, column));
  const left = joins.find((item) => edge !== undefined && same(item.alias, edge.otherAlias));
  const output = Object.entries(left?.outputs ?? {}).find(([, name]) => edge !== undefined && same(name, edge.otherColumn))?.[0];
  return output === undefined ? [] : [{ column, output }];
}

/** A column of the right side in the result that is absent, or a constant in its place, where nothing was met. */
function witnessOf(join: JoinedTable, { columns }: UpstreamShape, key: readonly string[]): OrphanRule["witness"] | null {
  const required = (name: string): boolean => columns.some((column) => same(column.name, name) && !column.nullable);
  const passed = Object.entries(join.outputs).find(([, column]) => required(column));
  if (passed !== undefined) return { output: passed[0], column: passed[1], absent: null };
  const filled = Object.entries(join.filled).find(([, { column }]) => required(column) && !key.some((name) => same(name, column)));
  return filled === undefined ? null : { output: filled[0], column: filled[1].column, absent: filled[1].constant };
}

function isOfVersion(part: Expression): boolean {
  const sides = part.class === "COMPARISON" ? [part.left, part.right] : [part];
  return sides.some((side) => snapshotColumns.some(({ name }) => same(name, side?.column_names?.at(-1) ?? "")));
}
