/**
 * DuckDB's syntax tree as `json_serialize_sql` gives it (DuckDB 1.5, `src/include/duckdb/storage/serialization/*.json`): only the fields
 * Assay reads. Locations are byte offsets.
 */

export interface SyntaxTree {
  readonly node: QueryNode;
  /** Parameters written `$name`. */
  readonly named_param_map?: readonly { readonly key: string }[];
}

export interface CteEntry {
  readonly key: string;
  readonly value: { readonly aliases: readonly string[]; readonly query: { readonly node: QueryNode } };
}

interface NodeBase {
  readonly modifiers: readonly Modifier[];
  readonly cte_map: { readonly map: readonly CteEntry[] };
}

export interface Modifier {
  readonly type: string;
  readonly distinct_on_targets?: readonly Expression[];
  readonly orders?: readonly { readonly expression: Expression }[];
  readonly limit?: Expression | null;
}

export interface SelectNode extends NodeBase {
  readonly type: "SELECT_NODE";
  readonly select_list: readonly Expression[];
  readonly from_table: TableRef | null;
  readonly where_clause: Expression | null;
  readonly group_expressions: readonly Expression[];
  readonly group_sets: readonly unknown[];
  readonly aggregate_handling: string;
  readonly having: Expression | null;
  readonly qualify: Expression | null;
  readonly sample: unknown;
}

export interface SetOperationNode extends NodeBase {
  readonly type: "SET_OPERATION_NODE";
  readonly setop_type: string;
  readonly setop_all?: boolean;
  readonly children?: readonly QueryNode[];
  readonly left?: QueryNode;
  readonly right?: QueryNode;
}

export interface RecursiveNode extends NodeBase {
  readonly type: "RECURSIVE_CTE_NODE";
  readonly cte_name: string;
  readonly left: QueryNode;
  readonly right: QueryNode;
}

export interface CteNode extends NodeBase {
  readonly type: "CTE_NODE";
  readonly cte_name: string;
  readonly query: QueryNode;
  readonly child: QueryNode;
}

export type QueryNode = SelectNode | SetOperationNode | RecursiveNode | CteNode;

interface RefBase {
  readonly alias: string;
  /** TABLESAMPLE. */
  readonly sample: unknown;
  readonly query_location: number;
}

export interface BaseTableRef extends RefBase {
  readonly type: "BASE_TABLE";
  readonly catalog_name: string;
  readonly schema_name: string;
  readonly table_name: string;
  readonly column_name_alias: readonly string[];
  /** `at (version => …)`. */
  readonly at_clause?: unknown;
}

export interface JoinRef extends RefBase {
  readonly type: "JOIN";
  readonly left: TableRef;
  readonly right: TableRef;
  readonly condition: Expression | null;
  readonly join_type: string;
  readonly ref_type: string;
  readonly using_columns: readonly string[];
}

export interface SubqueryRef extends RefBase {
  readonly type: "SUBQUERY";
  readonly subquery: { readonly node: QueryNode };
  readonly column_name_alias: readonly string[];
}

export interface OtherRef extends RefBase {
  readonly type: "EMPTY" | "TABLE_FUNCTION" | "EXPRESSION_LIST" | "PIVOT" | "SHOW_REF" | "COLUMN_DATA" | "DELIM_GET" | "CTE";
}

export type TableRef = BaseTableRef | JoinRef | SubqueryRef | OtherRef;

/** An expression; the fields depend on `class`. */
export interface Expression {
  readonly class: string;
  readonly type: string;
  readonly alias: string;
  readonly query_location: number;
  readonly column_names?: readonly string[];
  readonly function_name?: string;
  readonly children?: readonly Expression[];
  readonly left?: Expression;
  readonly right?: Expression;
  readonly child?: Expression;
  /** Of BETWEEN. */
  readonly input?: Expression;
  readonly lower?: Expression;
  readonly upper?: Expression;
  readonly cast_type?: { readonly id: string; readonly type_info: { readonly name?: string } | null };
  readonly try_cast?: boolean;
  readonly case_checks?: readonly { readonly when_expr: Expression; readonly then_expr: Expression }[];
  readonly else_expr?: Expression;
  readonly value?: { readonly is_null?: boolean; readonly value?: unknown };
  readonly subquery?: { readonly node: QueryNode };
  /** Of a subquery: `EXISTS`, `NOT_EXISTS`, `SCALAR`, `ANY`. */
  readonly subquery_type?: string;
  readonly comparison_type?: string;
  /** Of a window. */
  readonly partitions?: readonly Expression[];
  readonly start?: string;
  readonly end?: string;
  /** Of an aggregate. */
  readonly filter?: Expression | null;
  readonly distinct?: boolean;
  readonly order_bys?: { readonly orders: readonly unknown[] };
  /** ORDER BY of a window, and of its arguments. */
  readonly orders?: readonly unknown[];
  readonly arg_orders?: readonly unknown[];
  readonly identifier?: string;
  readonly relation_name?: string;
}

/** `*`, `t.*`, `columns(…)`, with what is left out, replaced or renamed. */
export interface Star extends Expression {
  readonly exclude_list: readonly unknown[];
  readonly qualified_exclude_list: readonly unknown[];
  readonly replace_list: readonly { readonly key: string; readonly value: Expression }[];
  readonly rename_list: readonly unknown[];
  readonly columns: boolean;
  readonly expr: Expression | null;
}
