import type { BaseTableRef, Expression, QueryNode, SelectNode, TableRef } from "../../ports/syntax-tree.ts";
import type { TableName } from "../../terms.ts";
import { conjuncts, type Leaf, leavesOf } from "../tree.ts";
import { readConditions, type ToValue } from "./conditions.ts";
import { groupItems, isCut, keyOfGroups } from "./groups.ts";
import { type Ref, type Rows, refOf, rowsOfSource, type Source, shifted, type Value } from "./rows.ts";
import type { Look, SelectReading, TableRows } from "./select-reading.ts";
import { type Binding, valueReader } from "./values.ts";

/** More sources than this are not followed further: the query is taken as one table. */
const mostSources = 32;

interface Scope {
  readonly tables: TableRows;
  readonly ctes: ReadonlyMap<string, Rows>;
  readonly look: Look;
  readonly done: Map<QueryNode, Rows>;
}

/** The rows of a query; every SELECT in it, however deep, is shown to `look` once. */
export function readQuery(node: QueryNode, tables: TableRows, look: Look): Rows {
  return queryRows(node, { tables, look, ctes: new Map(), done: new Map() });
}

function queryRows(node: QueryNode, outer: Scope): Rows {
  const known = outer.done.get(node);
  if (known !== undefined) return known;
  const scope = withCtes(node, outer);
  const rows = nodeRows(node, scope, outer);
  outer.done.set(node, rows);
  return rows;
}

function withCtes(node: QueryNode, outer: Scope): Scope {
  const ctes = new Map(outer.ctes);
  for (const { key, value } of node.cte_map.map) {
    const inner = { ...outer, ctes: new Map(ctes) };
    const rows = renamed(named(queryRows(value.query.node, inner), key), value.aliases);
    ctes.set(key.toLowerCase(), rows);
  }
  return { ...outer, ctes };
}

function nodeRows(node: QueryNode, scope: Scope, outer: Scope): Rows {
  switch (node.type) {
    case "SELECT_NODE":
      return selectRows(node, scope);
    case "SET_OPERATION_NODE": {
      const children = (node.children ?? [node.left, node.right]).flatMap((child) => (child ? [queryRows(child, scope)] : []));
      return opaque({ columns: node.setop_type === "UNION_BY_NAME" ? null : [...(children[0]?.columns?.keys() ?? [])] });
    }
    case "CTE_NODE": {
      const rows = named(queryRows(node.query, outer), node.cte_name);
      return queryRows(node.child, { ...scope, ctes: new Map([...scope.ctes, [node.cte_name.toLowerCase(), rows] as const]) });
    }
    case "RECURSIVE_CTE_NODE": {
      const self = { ...scope, ctes: new Map([...scope.ctes, [node.cte_name.toLowerCase(), opaque({ columns: null })] as const]) };
      for (const part of [node.left, node.right]) queryRows(part, self);
      return opaque({ columns: null });
    }
    default:
      return node satisfies never;
  }
}

/** A query that cannot be seen through. */
function opaque(parts: { readonly columns: readonly string[] | null; readonly keys?: Source["keys"]; readonly counted?: boolean }): Rows {
  const columns = parts.columns?.length === 0 ? null : parts.columns;
  const { keys = [], counted = false } = parts;
  return rowsOfSource({ name: "", keys, counted, columns: null, through: [], history: false }, columns);
}

/** Gives a query that is one table of its own the name it is called by. */
function named(rows: Rows, name: string): Rows {
  const [only] = rows.sources;
  return only?.name === "" ? { ...rows, sources: [{ ...only, name }] } : rows;
}

/** `as name(first, second)`. */
function renamed(rows: Rows, aliases: readonly string[]): Rows {
  if (rows.columns === null || aliases.length === 0) return rows;
  return { ...rows, columns: new Map([...rows.columns].map(([name, value], at) => [(aliases[at] ?? name).toLowerCase(), value] as const)) };
}

function selectRows(select: SelectNode, scope: Scope): Rows {
  const read = fromRows(select, scope);
  const groups = groupItems(select);
  const reading: SelectReading = { ...read, select, groups };
  visitSubqueries(select, scope);
  const { rows } = read;
  const said = scope.look(reading);
  const outputs = outputColumns(reading);
  if (groups !== null || isCut(select) || rows.sources.length > mostSources || outputs === null) {
    const columns = outputs === null ? null : [...outputs.keys()];
    return opaque({ columns, ...keyOfGroups(reading, outputs) });
  }
  return { ...rows, versions: [...rows.versions, ...said], columns: outputs };
}

function fromRows(select: SelectNode, scope: Scope): Pick<SelectReading, "rows" | "bindings" | "toValue"> {
  const sources: Source[] = [];
  const parts: Rows[] = [];
  const bindings = leavesOf(select.from_table).map((leaf) => {
    const rows = shifted(named(leafRows(leaf.ref, scope), leaf.alias), sources.length);
    const first = sources.length;
    sources.push(...rows.sources);
    parts.push(rows);
    return { leaf, alias: leaf.alias, columns: rows.columns, first, end: sources.length };
  });
  const toValue = valueReader(select, bindings, { sources });
  const conditions = [...joinConditions(select.from_table), ...conjuncts(select.where_clause)];
  const read = readConditions(conditions, sources, toValue);
  const spine = spineOf(select.from_table);
  const rows: Rows = {
    sources,
    spine: parts[bindings.findIndex(({ leaf }) => leaf.ref === spine)]?.spine ?? 0,
    equalities: [...parts.flatMap((part) => part.equalities), ...read.equalities, ...usingEqualities(select.from_table, bindings)],
    dependencies: parts.flatMap((part) => part.dependencies),
    picks: [...parts.flatMap((part) => part.picks), ...read.picks, ...nearestPicks(select.from_table, bindings)],
    versions: [...parts.flatMap((part) => part.versions), ...read.versions],
    columns: null,
  };
  return { rows, bindings, toValue };
}

function spineOf(ref: TableRef | null): TableRef | null {
  if (ref?.type !== "JOIN") return ref;
  return spineOf(ref.join_type === "RIGHT" ? ref.right : ref.left);
}

function leafRows(ref: TableRef, scope: Scope): Rows {
  if (ref.type === "SUBQUERY") return renamed(queryRows(ref.subquery.node, scope), ref.column_name_alias);
  if (ref.type !== "BASE_TABLE") return opaque({ columns: null });
  const rows = ref.schema_name === "" ? scope.ctes.get(ref.table_name.toLowerCase()) : scope.tables.get(tableName(ref).toLowerCase());
  const sampled = ref.sample !== null && ref.sample !== undefined;
  return rows === undefined || sampled ? opaque({ columns: null }) : renamed(rows, ref.column_name_alias);
}

function tableName(ref: BaseTableRef): TableName {
  return `${ref.schema_name}.${ref.table_name}` as TableName;
}

function joinConditions(ref: TableRef | null): readonly Expression[] {
  if (ref === null || ref.type !== "JOIN") return [];
  // The condition of a semi or anti join names a side that is not among the rows: a column equal to one of its columns is no constant.
  if (ref.join_type === "SEMI" || ref.join_type === "ANTI") return joinConditions(ref.left);
  return [...joinConditions(ref.left), ...joinConditions(ref.right), ...conjuncts(ref.condition)];
}

type Bound = readonly (Binding & { readonly leaf: Leaf })[];

const bindingsOf = (ref: TableRef, bindings: Bound): Bound => {
  const leaves = leavesOf(ref).map((leaf) => leaf.ref);
  return bindings.filter((binding) => leaves.includes(binding.leaf.ref));
};

/** USING and NATURAL: the columns of one name on both sides are equal. */
function usingEqualities(ref: TableRef | null, bindings: Bound): Rows["equalities"] {
  if (ref === null || ref.type !== "JOIN") return [];
  const own = [bindingsOf(ref.left, bindings), bindingsOf(ref.right, bindings)] as const;
  const names = (side: Bound): readonly string[] => side.flatMap((binding) => [...(binding.columns?.keys() ?? [])]);
  const isNatural = ref.ref_type === "NATURAL";
  const shared = isNatural ? names(own[0]).filter((name) => names(own[1]).includes(name)) : ref.using_columns;
  const equal = shared.flatMap((name) => {
    const plain = (side: Bound): readonly Ref[] => side.flatMap((binding) => plainOf(binding, name.toLowerCase()) ?? []);
    return plain(own[0]).flatMap((left) =>
      plain(own[1]).flatMap((right) => [
        { column: left, from: [right] },
        { column: right, from: [left] },
      ]),
    );
  });
  return [...usingEqualities(ref.left, bindings), ...usingEqualities(ref.right, bindings), ...equal];
}

function plainOf(binding: Binding, name: string): Ref | null {
  return binding.columns === null ? refOf(binding.first, name) : (binding.columns.get(name)?.plain ?? null);
}

/** An ASOF or positional join meets one row at most, a lateral one is not followed. */
function nearestPicks(ref: TableRef | null, bindings: Bound): Rows["picks"] {
  if (ref === null || ref.type !== "JOIN") return [];
  const all = (side: TableRef): readonly Ref[] =>
    bindingsOf(side, bindings).flatMap((binding) =>
      Array.from({ length: binding.end - binding.first }, (_, at): Ref => `${binding.first + at}.*`),
    );
  const own = ref.ref_type === "ASOF" ? [all(ref.right)] : ref.ref_type === "POSITIONAL" ? [all(ref.left), all(ref.right)] : [];
  return [...nearestPicks(ref.left, bindings), ...nearestPicks(ref.right, bindings), ...own];
}

/** Output columns of a SELECT in order; null where a star cannot be followed or a column has no name. */
function outputColumns({ select, bindings, toValue }: SelectReading): ReadonlyMap<string, Value> | null {
  const outputs = new Map<string, Value>();
  const add = (name: string, value: Value): void => {
    if (!outputs.has(name.toLowerCase())) outputs.set(name.toLowerCase(), value);
  };
  for (const item of select.select_list) {
    if (item.class !== "STAR") {
      const name = item.alias || (item.column_names?.at(-1) ?? "");
      add(name || `${outputs.size}:`, toValue(item));
      continue;
    }
    const star = starColumns(item, bindings, toValue);
    if (star === null) return null;
    for (const [name, value] of star) add(name, value);
  }
  return outputs;
}

function starColumns(star: Expression, bindings: readonly Binding[], toValue: ToValue): readonly (readonly [string, Value])[] | null {
  const { exclude_list, qualified_exclude_list, rename_list, replace_list, expr, columns } = star as Expression &
    Readonly<Record<string, unknown>>;
  const isEmpty = (list: unknown): boolean => !Array.isArray(list) || list.length === 0;
  if ((expr ?? null) !== null || columns === true || !isEmpty(qualified_exclude_list) || !isEmpty(rename_list)) return null;
  const relation = (star.relation_name ?? "").toLowerCase();
  const taken = bindings.filter((binding) => relation === "" || binding.alias.toLowerCase() === relation);
  if (taken.length === 0 || taken.some((binding) => binding.columns === null)) return null;
  const left = new Set((Array.isArray(exclude_list) ? exclude_list : []).map((name) => String(name).toLowerCase()));
  const replaced = new Map(
    (Array.isArray(replace_list) ? (replace_list as readonly { readonly key: string; readonly value: Expression }[]) : []).map(
      ({ key, value }) => [key.toLowerCase(), toValue(value)] as const,
    ),
  );
  return taken.flatMap((binding) =>
    [...(binding.columns ?? [])].flatMap(([name, value]) => (left.has(name) ? [] : [[name, replaced.get(name) ?? value] as const])),
  );
}

/** Reads queries within expressions, and those of joins that leave no columns, so that they are looked at too. */
function visitSubqueries(select: SelectNode, scope: Scope): void {
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) part.forEach(visit);
    else if (part !== null && typeof part === "object") {
      if ("cte_map" in part && "modifiers" in part) queryRows(part as QueryNode, scope);
      else Object.values(part).forEach(visit);
    }
  };
  const { cte_map: _, ...parts } = select;
  visit(Object.values(parts));
}
