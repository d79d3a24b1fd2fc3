import { columnTypeName } from "../../define/column-type.ts";
import type { DeclaredTable, SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type {
  BaseTableRef,
  CteEntry,
  Expression,
  QueryNode,
  SelectNode,
  SetOperationNode,
  SubqueryRef,
  SyntaxTree,
} from "../../ports/syntax-tree.ts";
import type { Params, TableName } from "../../terms.ts";
import { same } from "../joins.ts";
import { picked } from "../params.ts";
import { type CteScope, findCte, scopeWithin, standingAlone } from "./cte-scope.ts";
import { exactTree, expressionsIn, printable, printExactly, walk } from "./exact-tree.ts";
import { partitionOf } from "./partition.ts";
import type { Query, QueryColumn, SelectQuery, Untraced } from "./query.ts";
import { type GraphBuilder, readBlock } from "./read-block.ts";
import type { LeafSource } from "./read-from.ts";
import { printedItems } from "./scalar-item.ts";
import { selectItems } from "./select-items.ts";
import { rowMakingFunctions } from "./unstable-functions.ts";

/** What reading a model's SQL needs, and what it leaves behind. */
export interface Reader {
  readonly analyzer: SqlAnalyzer;
  /** A value of the right type for every parameter. */
  readonly params: Params;
  /** By name in lower case. */
  readonly tables: ReadonlyMap<string, DeclaredTable>;
  /** Views among them, by name in lower case: the SQL that yields exactly their columns. */
  readonly views: ReadonlyMap<string, string>;
  /** View's name in lower case → the base tables below it. */
  readonly viewTables: ReadonlyMap<string, readonly TableName[]>;
  /** The trees read so far: the model's own and one for each place that reads a view. */
  readonly trees: SyntaxTree[];
  /** View's place in a tree → its own tree. */
  readonly viewTrees: Map<object, SyntaxTree>;
  /** Queries that are not followed → why. */
  readonly refused: Map<object, string>;
  readonly ctes: Map<CteEntry, Promise<Query>>;
}

/** A text as a tree that can be changed and printed. */
export function readTree(identity: string, reader: Reader): SyntaxTree {
  const tree = exactTree(identity);
  const whole = { ...tree, node: printable(tree.node) };
  reader.trees.push(whole);
  return whole;
}

/** A query with its leaves, links and columns; untraced wherever something is in doubt. */
export async function readQuery(node: QueryNode, scope: CteScope | null, tree: SyntaxTree, reader: Reader): Promise<Query> {
  const columns = await describedColumns(node, scope, tree, reader);
  const refuse = (reason: string): Untraced => {
    reader.refused.set(node, reason);
    return { kind: "untraced", columns, reason };
  };
  if (columns === null) return refuse("a part of it cannot be typed on its own: VALUES, LATERAL, or an expression that cannot be copied");
  if (node.modifiers.some((modifier) => modifier.type.includes("LIMIT")))
    return refuse("LIMIT picks its rows: which ones depends on all others");
  switch (node.type) {
    case "SELECT_NODE": {
      const select = await readSelect(node, scope, columns, tree, reader);
      return typeof select === "string" ? refuse(select) : select;
    }
    case "SET_OPERATION_NODE": {
      if (node.setop_type === "UNION_BY_NAME") return refuse("UNION BY NAME is not followed: select the columns in one order");
      return readSetOperation(node, scopeWithin(node, scope), columns, tree, reader);
    }
    case "RECURSIVE_CTE_NODE":
    case "CTE_NODE":
      return refuse("it is recursive");
    default:
      return node satisfies never;
  }
}

async function readSetOperation(
  node: SetOperationNode,
  scope: CteScope | null,
  columns: readonly QueryColumn[],
  tree: SyntaxTree,
  reader: Reader,
): Promise<Query> {
  const children: Query[] = [];
  for (const child of node.children ?? [node.left, node.right]) {
    if (child !== undefined) children.push(await readQuery(child, scope, tree, reader));
  }
  const known = columns.map((column, index) => ({
    ...column,
    type: children.every((child) => child.columns?.[index]?.type !== null) ? column.type : null,
  }));
  return { kind: "set operation", operation: node.setop_type, columns: known, children };
}

async function readSelect(
  node: SelectNode,
  scope: CteScope | null,
  described: readonly QueryColumn[],
  tree: SyntaxTree,
  reader: Reader,
): Promise<SelectQuery | string> {
  if (node.group_sets.length > 1) return "ROLLUP, CUBE and GROUPING SETS make rows without a key";
  const making = expressionsIn(node.select_list, (item) => rowMakingFunctions.has((item.function_name ?? "").toLowerCase()));
  if (making[0] !== undefined) return `${making[0].function_name} makes several rows of one`;
  const builder: GraphBuilder = {
    leaves: [],
    edges: [],
    blocks: 0,
    sourceOf: (ref, inner) => sourceOf(ref, inner, tree, reader),
  };
  const block = await readBlock(node, scope, null, builder);
  if (block.problem !== null) return block.problem;
  const drafts = selectItems(node, block.level, described);
  const partition = partitionOf(node, block.level);
  const printed = await printedItems(reader.analyzer, [...drafts, ...(partition ?? [])]);
  const items = printed.slice(0, drafts.length);
  const typed = builder.leaves.every((leaf) => leaf.columns?.every((column) => column.type !== null) ?? true);
  const columns = described.map((column, index) => {
    const item = items[index];
    const certain = typed || (item !== undefined && item.kind !== "none");
    return certain && !hasParameter(node.select_list) ? column : { ...column, type: null };
  });
  return {
    kind: "select",
    columns,
    items,
    leaves: builder.leaves,
    edges: builder.edges,
    partition: partition === null ? null : printed.slice(drafts.length).filter((item) => item.kind !== "none"),
  };
}

async function sourceOf(ref: BaseTableRef | SubqueryRef, scope: CteScope | null, tree: SyntaxTree, reader: Reader): Promise<LeafSource> {
  const untraced = (reason: string): LeafSource => ({ source: { kind: "untraced", columns: null, reason }, columns: null, cte: null });
  if (ref.type === "SUBQUERY") {
    const source = await readQuery(ref.subquery.node, scope, tree, reader);
    return { source, columns: renamed(source.columns, ref.column_name_alias), cte: null };
  }
  if ((ref.at_clause ?? null) !== null || ref.catalog_name !== "") return untraced("it reads a table of another catalog or time");
  const cte = ref.schema_name === "" ? findCte(ref.table_name, scope) : null;
  if (cte !== null) {
    const { entry } = cte;
    const query = reader.ctes.get(entry) ?? readQuery(entry.value.query.node, cte.scope, tree, reader);
    reader.ctes.set(entry, query);
    const source = await query;
    return { source, columns: renamed(renamed(source.columns, entry.value.aliases), ref.column_name_alias), cte: entry.key };
  }
  const table = reader.tables.get(`${ref.schema_name}.${ref.table_name}`.toLowerCase());
  if (table === undefined) return untraced(`it reads ${ref.table_name}, which is no table of the project`);
  const columns = declaredColumns(table);
  const view = reader.views.get(table.name.toLowerCase());
  const source = view === undefined ? ({ kind: "table", table: table.name, columns } as const) : await readView(ref, table, view, reader);
  return { source, columns: renamed(columns, ref.column_name_alias), cte: null };
}

function declaredColumns(table: DeclaredTable): readonly QueryColumn[] {
  return table.columns.map((column) => ({ name: column.name, type: columnTypeName(column.type) }));
}

/** A view has no changes of its own; its tables have. */
async function readView(ref: BaseTableRef, table: DeclaredTable, text: string, reader: Reader): Promise<Query> {
  const [outcome] = await reader.analyzer.parse([text]);
  const declared = declaredColumns(table);
  const refuse = (reason: string): Untraced => ({ kind: "untraced", columns: declared, reason });
  if (outcome === undefined || "failure" in outcome) return refuse(`the view ${table.name} does not parse`);
  const tree = readTree(outcome.identity, reader);
  reader.viewTrees.set(ref, tree);
  const query = await readQuery(tree.node, null, tree, reader);
  const { columns } = query;
  const equal =
    columns?.length === declared.length &&
    columns.every((column, index) => same(column.name, declared[index]?.name ?? "") && column.type === declared[index]?.type);
  return equal ? query : refuse(`the columns of the view ${table.name} are not those of its SQL`);
}

function renamed(columns: readonly QueryColumn[] | null, names: readonly string[]): readonly QueryColumn[] | null {
  return columns === null ? null : columns.map((column, index) => ({ ...column, name: names[index] ?? column.name }));
}

/** Names and types as a query around the node sees them. */
async function describedColumns(
  node: QueryNode,
  scope: CteScope | null,
  tree: SyntaxTree,
  reader: Reader,
): Promise<readonly QueryColumn[] | null> {
  const [text] = await printExactly(reader.analyzer, [standingAlone(node, scope)], tree);
  if (text === undefined || text === null) return null;
  const outcome = await reader.analyzer.describe(text, picked(reader.params, parametersIn(standingAlone(node, scope))));
  return "failure" in outcome ? null : outcome.columns;
}

/** Names of the parameters in a part of a tree, queries within it included. */
export function parametersIn(part: unknown): readonly string[] {
  const names = new Set<string>();
  walk(part, (item) => {
    if (item.class === "PARAMETER") names.add(String((item as unknown as Expression).identifier));
    return true;
  });
  return [...names];
}

function hasParameter(part: unknown): boolean {
  return parametersIn(part).length > 0;
}
