import type { BaseTableRef, Expression, QueryNode, SelectNode, SubqueryRef } from "../../ports/syntax-tree.ts";
import { isGrouped } from "../lineage.ts";
import { conjuncts } from "../tree.ts";
import { type CteScope, scopeWithin } from "./cte-scope.ts";
import { expressionsIn } from "./exact-tree.ts";
import { type ColumnOf, type Edge, isFollowed, type Leaf } from "./query.ts";
import { type LeafSource, type PendingJoin, readFrom } from "./read-from.ts";
import { columnNamed, type Level, resolveColumn, type Visible } from "./resolve-column.ts";
import { typeOf } from "./scalar-item.ts";

/** Collects the leaves and edges of a SELECT and of all its subquery expressions. */
export interface GraphBuilder {
  readonly leaves: Leaf[];
  readonly edges: Edge[];
  blocks: number;
  sourceOf(ref: BaseTableRef | SubqueryRef, scope: CteScope | null): Promise<LeafSource>;
}

/** One SELECT read into the graph. */
export interface Block {
  readonly level: Level;
  /** What makes it untraceable; null when nothing does. */
  readonly problem: string | null;
}

/** Which leaves an equality's row has to come with, by the clause it stands in. */
type Rule = (leaf: number) => "row" | "other";

/** Reads FROM, the equalities of WHERE and ON, and every subquery expression of a SELECT; `outer` is null for the query's own block. */
export async function readBlock(node: SelectNode, scope: CteScope | null, outer: Level | null, builder: GraphBuilder): Promise<Block> {
  const block = builder.blocks++;
  const inner = scopeWithin(node, scope);
  const joins: PendingJoin[] = [];
  const problems: string[] = [];
  const reader = {
    leaves: builder.leaves,
    joins,
    block,
    sourceOf: (ref: BaseTableRef | SubqueryRef) => builder.sourceOf(ref, inner),
    refuse: (reason: string) => {
      problems.push(reason);
    },
  };
  const visible = await readFrom(node.from_table, reader, { nullable: false, probe: outer !== null });
  const level: Level = {
    leaves: builder.leaves,
    visible,
    siblings: everything(builder.leaves, block, visible),
    aliases: aliasesOf(node),
    aliasesCount: false,
    outer,
  };
  if (problems[0] !== undefined) return { level, problem: problems[0] };
  const twice = repeatedAlias(builder.leaves, block);
  if (twice !== null) return { level, problem: `two tables of one FROM are called ${twice}` };
  for (const join of joins) await readJoinConditions(join, level, block, inner, builder);
  for (const part of conjuncts(node.where_clause)) addEdge(builder, part, level, block, () => "row", both);
  const named = { ...level, aliasesCount: true };
  await readProbes(node.select_list, isGrouped(node) ? named : level, inner, builder, []);
  await readProbes(node.where_clause, level, inner, builder, positive(node.where_clause));
  await readProbes(node.group_expressions, named, inner, builder, []);
  await readProbes(node.having, named, inner, builder, positive(node.having));
  await readProbes(node.qualify, named, inner, builder, positive(node.qualify));
  await readProbes(node.modifiers, named, inner, builder, []);
  return { level, problem: null };
}

function everything(leaves: readonly Leaf[], block: number, visible: Visible): Visible {
  const ids = leaves.filter((leaf) => leaf.block === block && leaf.ref !== null).map((leaf) => leaf.id);
  return { leaves: [...new Set([...visible.leaves, ...ids])], merged: new Map() };
}

function repeatedAlias(leaves: readonly Leaf[], block: number): string | null {
  const names = leaves
    .filter((leaf) => leaf.block === block && leaf.ref !== null && leaf.alias !== "")
    .map((leaf) => leaf.alias.toLowerCase());
  return names.find((name, index) => names.indexOf(name) < index) ?? null;
}

function aliasesOf(node: SelectNode): ReadonlyMap<string, Expression | null> {
  const aliases = new Map<string, Expression | null>();
  for (const item of node.select_list) {
    const name = item.alias.toLowerCase();
    if (name !== "") aliases.set(name, aliases.has(name) ? null : item);
  }
  return aliases;
}

/** How far an equality ties its rows together. */
type Tie = "both" | "none";
const both: Tie = "both";

async function readJoinConditions(
  join: PendingJoin,
  outerLevel: Level,
  block: number,
  scope: CteScope | null,
  builder: GraphBuilder,
): Promise<void> {
  const { ref, left, right, choice } = join;
  const level: Level = {
    ...outerLevel,
    visible: { leaves: [...left.leaves, ...right.leaves], merged: new Map([...right.merged, ...left.merged]) },
  };
  const rights = new Set(right.leaves);
  const lefts = new Set(left.leaves);
  const rule = ruleOf(ref.join_type, lefts, rights);
  const tie: Tie = ref.join_type === "FULL" ? "none" : both;
  const add = (pair: Pair): void => {
    // FULL and ASOF conditions hold between the sides only.
    const across =
      [pair.left, pair.right].some((side) => lefts.has(side.leaf)) && [pair.left, pair.right].some((side) => rights.has(side.leaf));
    if ((ref.join_type === "FULL" || choice !== null) && !across) return;
    pushEdge(builder, pair, block, rule, tie);
    const [of, other] = rights.has(pair.left.leaf) ? [pair.left, pair.right] : [pair.right, pair.left];
    if (choice !== null) builder.edges.push({ left: { ...of, leaf: choice }, right: other, impliesRight: true, impliesLeft: false });
  };
  const compared = ref.ref_type === "ASOF" ? ref.using_columns.slice(0, -1) : ref.using_columns;
  for (const name of compared) {
    const ofLeft = columnNamed(name, left, builder.leaves);
    const ofRight = columnNamed(name, right, builder.leaves);
    if (typeof ofLeft !== "string" && typeof ofRight !== "string" && sameType(ofLeft, ofRight, builder.leaves))
      add({ left: ofLeft, right: ofRight });
  }
  for (const part of conjuncts(ref.condition)) {
    const pair = equality(part, level);
    if (pair !== null) add(pair);
  }
  await readProbes(ref.condition, level, scope, builder, []);
}

/** "row": where the leaf has a row, the condition held. The preserved side of an outer join has rows without. */
function ruleOf(type: string, lefts: ReadonlySet<number>, rights: ReadonlySet<number>): Rule {
  const bound = type === "INNER" || type === "FULL" ? new Set([...lefts, ...rights]) : type === "RIGHT" ? lefts : rights;
  return (leaf) => (bound.has(leaf) ? "row" : "other");
}

interface Pair {
  readonly left: ColumnOf;
  readonly right: ColumnOf;
}

function addEdge(builder: GraphBuilder, part: Expression, level: Level, block: number, rule: Rule, tie: Tie): void {
  const pair = equality(part, level);
  if (pair !== null) pushEdge(builder, pair, block, rule, tie);
}

function pushEdge(builder: GraphBuilder, pair: Pair, block: number, rule: Rule, tie: Tie): void {
  // Outside its own block an equality says nothing: rows of outer leaves take part without it.
  const binds = (side: ColumnOf): boolean => builder.leaves[side.leaf]?.block === block && rule(side.leaf) === "row";
  const impliesRight = binds(pair.left);
  const impliesLeft = binds(pair.right);
  if (!impliesRight && !impliesLeft) return;
  builder.edges.push(tie === "none" ? { ...pair, impliesRight: false, impliesLeft: false } : { ...pair, impliesRight, impliesLeft });
}

/** Two bare columns of two leaves, of one type of which equal values are the same. */
function equality(part: Expression, level: Level): Pair | null {
  if (part.type !== "COMPARE_EQUAL" || part.left?.class !== "COLUMN_REF" || part.right?.class !== "COLUMN_REF") return null;
  const left = resolveColumn(part.left, level);
  const right = resolveColumn(part.right, level);
  if (left === null || right === null || left.leaf === right.leaf) return null;
  return sameType(left, right, level.leaves) ? { left, right } : null;
}

function sameType(left: ColumnOf, right: ColumnOf, leaves: readonly Leaf[]): boolean {
  const type = typeOf(left, leaves);
  return isFollowed(type) && type === typeOf(right, leaves);
}

/** `x in (select …)` where only its being true counts: in ANDs and ORs of a condition. */
function positive(condition: Expression | null): readonly Expression[] {
  if (condition === null) return [];
  if (condition.class === "CONJUNCTION") return (condition.children ?? []).flatMap(positive);
  return condition.class === "SUBQUERY" && condition.subquery_type === "ANY" && condition.comparison_type === "COMPARE_EQUAL"
    ? [condition]
    : [];
}

async function readProbes(
  part: unknown,
  level: Level,
  scope: CteScope | null,
  builder: GraphBuilder,
  positives: readonly Expression[],
): Promise<void> {
  for (const expression of expressionsIn(part, (item) => item.class === "SUBQUERY")) {
    const node = expression.subquery?.node;
    const compared = positives.includes(expression) ? (expression.child ?? null) : null;
    if (node !== undefined) await readProbe(node, level, scope, builder, compared);
  }
}

/** The leaves of a subquery expression; `compared` is what a positive IN looks for in its rows. */
async function readProbe(
  node: QueryNode,
  level: Level,
  scope: CteScope | null,
  builder: GraphBuilder,
  compared: Expression | null,
): Promise<void> {
  const limited = node.modifiers.some((modifier) => modifier.type.includes("LIMIT") || (modifier.distinct_on_targets ?? []).length > 0);
  const sought = limited ? null : compared;
  if (node.type === "SET_OPERATION_NODE") {
    const inner = scopeWithin(node, scope);
    const children = node.children ?? [node.left, node.right];
    const byPlace = node.setop_type === "UNION_BY_NAME" ? null : sought;
    for (const child of children) if (child !== undefined) await readProbe(child, level, inner, builder, byPlace);
    return;
  }
  if (node.type !== "SELECT_NODE") return;
  const edges = builder.edges.length;
  const block = await readBlock(node, scope, level, builder);
  if (block.problem !== null || node.sample !== null) {
    // Its tables stay, but nothing ties their rows to the rows around it.
    builder.edges.length = edges;
    return;
  }
  const [item, ...others] = node.select_list;
  const plain = node.qualify === null && node.group_sets.length < 2 && others.length === 0;
  if (sought?.class !== "COLUMN_REF" || item?.class !== "COLUMN_REF" || !plain) return;
  const inner = resolveColumn(item, { ...block.level, aliasesCount: false, outer: null });
  const outer = resolveColumn(sought, level);
  if (inner === null || outer === null || !sameType(inner, outer, builder.leaves)) return;
  builder.edges.push({ left: inner, right: outer, impliesRight: true, impliesLeft: false });
}
