import { quoteIdentifier, quoteTable } from "../../define/quote.ts";
import type { BaseTableRef, QueryNode, SubqueryRef, SyntaxTree, TableRef } from "../../ports/syntax-tree.ts";
import { exactTree, printExactly, subqueryRef, walk } from "./exact-tree.ts";
import { columnsRead, type Item, type Leaf, leafColumnName, type Query, type SelectQuery } from "./query.ts";
import type { Reader } from "./read-query.ts";
import { touchedName } from "./relation-names.ts";
import { isWithin } from "./select-values.ts";
import type { Splice } from "./upstream-link.ts";
import { columnKey } from "./values.ts";

/** A column of a query that has to equal a `by` column of `"touched"`. */
export interface Key {
  readonly column: number;
  readonly by: string;
  readonly type: string;
}

/** A value made of a table's columns (named as in items) that has to equal a touched one. */
interface Condition {
  readonly value: string;
  readonly by: string;
}

/** Place of a table in a tree → conditions on its rows. */
type Restrictions = Map<object, { readonly leaf: Leaf; readonly conditions: readonly Condition[] }>;

/** What was found where reads are to be restricted. */
interface Found {
  readonly restrictions: Restrictions;
  /** Why reads of a query were left as they are. */
  readonly reasons: Set<string>;
  /** How often each name is read that may be a CTE's. */
  readonly cteReads: ReadonlyMap<string, number>;
}

/**
 * Restricts reads to the touched values, wherever that leaves the rows of these values as they are; says why where nothing can be restricted
 * or the text cannot be written exactly. Rows of other values may be missing or wrong.
 */
export async function spliceOf(query: Query, tree: SyntaxTree, keys: readonly Key[], reader: Reader): Promise<Splice> {
  if (namesTouched(reader.trees)) return { why: "a WITH query is called touched, as the values are" };
  const found: Found = { restrictions: new Map(), reasons: new Set(), cteReads: cteReads(reader.trees) };
  restrict(query, keys, found);
  if (found.restrictions.size === 0) return { why: [...found.reasons].join("; ") };
  const refs = await restrictedReads(found.restrictions, reader);
  const [text] = refs === null ? [] : await printExactly(reader.analyzer, [replaced(tree.node, refs, reader)], tree);
  return text == null ? { why: "its SQL with restricted reads cannot be written exactly" } : { text };
}

/** A CTE of that name would hide the touched values. */
function namesTouched(trees: readonly SyntaxTree[]): boolean {
  let found = false;
  walk(trees, (item) => {
    if (typeof item.key === "string" && quoteIdentifier(item.key.toLowerCase()) === touchedName) found = true;
    return !found;
  });
  return found;
}

function cteReads(trees: readonly SyntaxTree[]): ReadonlyMap<string, number> {
  const reads = new Map<string, number>();
  walk(trees, (item) => {
    if (item.type === "BASE_TABLE" && item.schema_name === "") {
      const name = String(item.table_name).toLowerCase();
      reads.set(name, (reads.get(name) ?? 0) + 1);
    }
    return true;
  });
  return reads;
}

function restrict(query: Query, keys: readonly Key[], found: Found): void {
  if (query.kind === "untraced") {
    found.reasons.add(query.reason);
    return;
  }
  const exact = keys.filter((key) => query.columns[key.column]?.type === key.type);
  if (exact.length === 0) found.reasons.add(`${byOf(keys)} is of another type where it is read`);
  else if (query.kind === "set operation") for (const child of query.children) restrict(child, exact, found);
  else restrictSelect(query, exact, found);
}

const byOf = (keys: readonly Key[]): string => keys.map((key) => key.by).join(", ");

function restrictSelect(query: SelectQuery, keys: readonly Key[], found: Found): void {
  const items = keys.flatMap((key) => {
    const item = query.items[key.column] ?? ({ kind: "none", reason: `${key.by} is not found` } as const);
    if (item.kind === "none") found.reasons.add(item.reason);
    // Windows and DISTINCT ON have to see whole partitions.
    else if (query.partition === null || isWithin([item], query.partition)) return [{ key, item }];
    else found.reasons.add(`its window functions or DISTINCT ON look at rows of more than one value of ${key.by}`);
    return [];
  });
  for (const leaf of items.length === 0 ? [] : query.leaves) {
    // The engine does not correlate subquery expressions with semi joins in them.
    if (leaf.ref === null || leaf.block !== 0) continue;
    const own = items.filter(({ item }) => isProvider(leaf) && isMadeOf(item, leaf));
    const joined = items.flatMap(({ key, item }) => (own.some((other) => other.key === key) ? [] : joinedKeys(query, leaf, item, key)));
    const columns = [
      ...own.flatMap(({ key, item }) => (item.kind === "column" ? [{ ...key, column: item.column.column }] : [])),
      ...joined,
    ];
    const none = `${leaf.alias} has no column that equals ${byOf(items.map(({ key }) => key))} in every row`;
    if (leaf.source.kind === "table") {
      const texts = [
        ...own.map(({ key, item }) => ({ by: key.by, value: item.kind === "expression" ? item.text : itemName(item) })),
        ...joined.map((key) => ({ by: key.by, value: leafColumnName({ leaf: leaf.id, column: key.column }) })),
      ];
      if (texts.length > 0) found.restrictions.set(leaf.ref, { leaf, conditions: texts });
      else found.reasons.add(none);
    } else if (columns.length === 0) found.reasons.add(none);
    else if (leaf.cte === null || found.cteReads.get(leaf.cte.toLowerCase()) === 1) restrict(leaf.source, columns, found);
    else found.reasons.add(`the WITH query ${leaf.cte} is read more than once`);
  }
}

const itemName = (item: Item): string => (item.kind === "column" ? leafColumnName(item.column) : "null");

/** Every result row holds a row of it, and none takes its choice from others. */
function isProvider(leaf: Leaf): boolean {
  return leaf.block === 0 && !leaf.probe && !leaf.nullable && !leaf.chosen;
}

function isMadeOf(item: Item, leaf: Leaf): boolean {
  const columns = columnsRead(item);
  return columns.length > 0 && columns.every((column) => column.leaf === leaf.id);
}

/** The leaf's columns that equal a provider's: without them its rows take no part. */
function joinedKeys(query: SelectQuery, leaf: Leaf, item: Item, key: Key): readonly Key[] {
  if (item.kind !== "column") return [];
  const provider = query.leaves[item.column.leaf];
  if (provider === undefined || !isProvider(provider)) return [];
  for (const { left, right, impliesLeft, impliesRight } of query.edges) {
    if (impliesRight && left.leaf === leaf.id && columnKey(right) === columnKey(item.column)) return [{ ...key, column: left.column }];
    if (impliesLeft && right.leaf === leaf.id && columnKey(left) === columnKey(item.column)) return [{ ...key, column: right.column }];
  }
  return [];
}

/** For each restricted place, the subquery that stands there instead. */
async function restrictedReads(restrictions: Restrictions, reader: Reader): Promise<ReadonlyMap<object, TableRef> | null> {
  const places = [...restrictions];
  const outcomes = await reader.analyzer.parse(places.map(([, { leaf, conditions }]) => restrictedText(leaf, conditions)));
  const refs = new Map<object, TableRef>();
  for (const [index, [place, { leaf }]] of places.entries()) {
    const outcome = outcomes[index];
    if (outcome === undefined || "failure" in outcome) return null;
    const names = (leaf.columns ?? []).map((column) => column.name);
    refs.set(place, subqueryRef(exactTree(outcome.identity).node, leaf.alias, names) as SubqueryRef);
  }
  return refs;
}

/** The table's rows of touched values, its columns named as in items. */
function restrictedText(leaf: Leaf, conditions: readonly Condition[]): string {
  const { source } = leaf;
  if (source.kind !== "table") return "";
  const names = source.columns.map((_, index) => leafColumnName({ leaf: leaf.id, column: index }));
  const list = names.join(", ");
  // The engine hashes columns only: what is computed gets a name first.
  const computed = conditions.flatMap(({ value }, index) => (names.includes(value) ? [] : [{ value, name: `computed_${index}` }]));
  const same = conditions.map(({ value, by }) => {
    const column = computed.find((item) => item.value === value)?.name ?? value;
    return `r.${column} is not distinct from t.${quoteIdentifier(by)}`;
  });
  const table = `${quoteTable(source.table)} as r(${list})`;
  const from =
    computed.length === 0
      ? table
      : `(select ${[list, ...computed.map((item) => `${item.value} as ${item.name}`)].join(", ")} from ${table}) as r`;
  // Not EXISTS: the engine finds the few rows of a large table less fast by it.
  return `select ${list} from ${from} semi join ${touchedName} as t on ${same.join(" and ")}`;
}

/** The tree with the restricted places replaced; a view with restricted places becomes a subquery. */
function replaced(node: QueryNode, refs: ReadonlyMap<object, TableRef>, reader: Reader): QueryNode {
  const copy = <T>(part: T): T => {
    if (Array.isArray(part)) return part.map((item: unknown) => copy(item)) as T;
    if (part === null || typeof part !== "object" || "rawJSON" in part) return part;
    const ref = refs.get(part);
    if (ref !== undefined) return ref as T;
    const view = reader.viewTrees.get(part);
    if (view !== undefined && holds(view.node, refs)) {
      const { alias, table_name, column_name_alias } = part as unknown as BaseTableRef;
      return subqueryRef(copy(view.node), alias || table_name, column_name_alias) as T;
    }
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, copy(value as unknown)])) as T;
  };
  const holds = (part: unknown, places: ReadonlyMap<object, TableRef>): boolean => {
    let found = false;
    walk(part, (item) => {
      const view = reader.viewTrees.get(item);
      if (places.has(item) || (view !== undefined && holds(view.node, places))) found = true;
      return !found;
    });
    return found;
  };
  return copy(node);
}
