import type { CteEntry, Expression, Modifier, QueryNode, SelectNode, SetOperationNode, TableRef } from "../../ports/syntax-tree.ts";
import { plainSelect, selectAllFrom } from "../incremental/exact-tree.ts";
import { carriedOrder } from "./aggregates.ts";
import { bareName, type Carry, isAggregate, lowerName, sameName } from "./carry.ts";
import { carried, typedParts } from "./expressions.ts";
import { carriedFrom } from "./from-clause.ts";
import type { Place } from "./place.ts";
import { qualifiedInside, sortedOutside } from "./restructure.ts";
import { hasAggregate, type Scope, starOf, typesOf } from "./scope.ts";
import { withoutAliases, withoutStars } from "./select-list.ts";
import { comparable, familyOf, postgresTypeName } from "./sql-types.ts";
import { constantOf, type OrderKey } from "./tree-builders.ts";

/** Where a query stands. */
interface Surroundings {
  readonly carry: Carry;
  readonly scope: Scope;
  readonly ctes: ReadonlySet<string>;
  /** Types its columns have to have, where a set operation or a recursion gives them. */
  readonly types: readonly string[] | null;
  /** Its columns are the model's: their names keep their capitals. */
  readonly outermost: boolean;
}

/** A whole query in the target's SQL. */
export function carriedQuery(node: QueryNode, carry: Carry, scope: Scope): Promise<QueryNode> {
  return query(node, { carry, scope, ctes: new Set(), types: null, outermost: true });
}

async function query(node: QueryNode, outer: Surroundings): Promise<QueryNode> {
  const entries: CteEntry[] = [];
  const carriedEntries: CteEntry[] = [];
  const ctes = new Set(outer.ctes);
  for (const entry of node.cte_map.map) {
    outer.carry.used(entry.value.query.node.type === "RECURSIVE_CTE_NODE" ? "WITH RECURSIVE" : "WITH");
    const around = { ...outer, scope: outer.scope.withCtes(entries), ctes: new Set(ctes), types: null, outermost: false };
    carriedEntries.push(await cte(entry, around));
    entries.push(entry);
    ctes.add(lowerName(entry.key));
  }
  const inner = { ...outer, scope: outer.scope.withCtes(entries), ctes };
  const bare = { ...node, cte_map: { map: [] } } as QueryNode;
  const result = await body(bare, inner);
  return { ...result, cte_map: { map: [...carriedEntries, ...result.cte_map.map] } } as QueryNode;
}

async function cte(entry: CteEntry, around: Surroundings): Promise<CteEntry> {
  const { node } = entry.value.query;
  const names = entry.value.aliases.map(lowerName);
  const value = (carriedNode: QueryNode): CteEntry => {
    const whole = {
      ...entry.value,
      aliases: names,
      materialized: "CTE_MATERIALIZE_DEFAULT",
      query: { ...entry.value.query, node: carriedNode },
    };
    return { key: lowerName(entry.key), value: whole };
  };
  if (node.type !== "RECURSIVE_CTE_NODE") return value(await query(node, around));
  const itself = around.scope.withCtes([entry]);
  const columns = await itself.describe(plainSelect([starOf("")], tableNamed(entry.key)));
  const types = columns?.map((column) => column.type) ?? null;
  const within = { ...around, scope: itself, ctes: new Set([...around.ctes, lowerName(entry.key)]), types };
  const left = await query(node.left, within);
  const right = await query(node.right, within);
  return value({ ...node, cte_name: lowerName(node.cte_name), left, right });
}

function tableNamed(name: string): object {
  const names = { schema_name: "", table_name: name, column_name_alias: [], catalog_name: "" };
  return { type: "BASE_TABLE", alias: "", sample: null, ...names, at_clause: null };
}

async function body(node: QueryNode, around: Surroundings): Promise<QueryNode> {
  switch (node.type) {
    case "SELECT_NODE":
      return select(node, around);
    case "SET_OPERATION_NODE":
      return setOperation(node, around);
    default:
      return around.carry.refuse(node, node.type.toLowerCase().replaceAll("_", " "), "write it with joins and aggregates");
  }
}

const setOperations = new Set(["UNION", "INTERSECT", "EXCEPT"]);

async function setOperation(node: SetOperationNode, around: Surroundings): Promise<QueryNode> {
  const { carry, scope } = around;
  const { setop_type: kind } = node;
  if (!setOperations.has(kind)) return carry.refuse(node, kind.replaceAll("_", " "), "name the columns of both sides in one order");
  // A part of a chain is not described: alone the parser would nest it in another way.
  const isPart = around.types !== null && node.modifiers.length === 0;
  const columns = isPart ? [] : await scope.describe(selectAllFrom(node));
  if (columns === null) return carry.refuse(node, kind, "its columns are not known");
  const names = columns.map((column) => column.name);
  if (node.modifiers.length > 0) {
    const outside = sortedOutside(node, names);
    return outside === null
      ? carry.refuse(node, `ORDER BY of an expression after ${kind}`, "order by its columns")
      : select(outside, around);
  }
  carry.used(`${kind}${node.setop_all === true ? " ALL" : ""}`);
  const types = around.types ?? columns.map((column) => column.type);
  const children = node.children ?? [node.left, node.right].flatMap((child) => child ?? []);
  const results: QueryNode[] = [];
  for (const [index, child] of children.entries()) {
    results.push(await query(child, { ...around, types, outermost: around.outermost && index === 0 }));
  }
  return (node.children === undefined ? { ...node, left: results[0], right: results[1] } : { ...node, children: results }) as QueryNode;
}

/** A SELECT whose stars and aliases are written out: what it computes is named by its expressions alone. */
async function spelledOut(
  node: SelectNode,
  around: Surroundings,
): Promise<{ readonly node: SelectNode; readonly columns: ReadonlySet<string> } | null> {
  const { carry, scope } = around;
  carry.used("SELECT");
  const items = await withoutStars(node, carry, scope);
  if (items === null) {
    const before = carry.refused.length;
    await carriedFrom(node.from_table, fromContext(around));
    const star = node.select_list.find((item) => item.class === "STAR");
    if (carry.refused.length === before) carry.refuse(star, "a star that renames or chooses columns", "name the columns");
    return null;
  }
  const visible = isEmpty(node.from_table) ? [] : ((await scope.describe(plainSelect([starOf("")], node.from_table))) ?? []);
  const columns = new Set(visible.map((column) => lowerName(column.name)));
  const used = (): void => carry.used("alias reuse");
  const resolve = (expression: Expression): Expression => withoutAliases(expression, { items, columns, used });
  const list = items.map((item) => ({ ...resolve(item), alias: item.alias }));
  const atPosition = (expression: Expression): Expression => {
    const position = constantOf(expression);
    return typeof position === "number" ? { ...(list[position - 1] ?? expression), alias: "" } : expression;
  };
  const groups = node.aggregate_handling === "FORCE_AGGREGATES" ? list.filter((item) => !hasAggregate(item, isAggregate)) : null;
  if (groups !== null) carry.used("GROUP BY ALL");
  const byName = node.group_expressions.map((item) => ({ ...resolve(atPosition(item)), alias: "" }));
  const spelled = {
    ...node,
    select_list: list,
    where_clause: node.where_clause === null ? null : resolve(node.where_clause),
    group_expressions: groups === null ? byName : groups.map((item) => ({ ...item, alias: "" })),
    group_sets: groups === null || groups.length === 0 ? node.group_sets : [groups.map((_, index) => index)],
    aggregate_handling: "STANDARD_HANDLING",
    having: node.having === null ? null : resolve(node.having),
    qualify: node.qualify === null ? null : resolve(node.qualify),
    modifiers: node.modifiers.map((modifier) => spelledModifier(modifier, list, carry, (item) => atPosition(sortKey(item, list, resolve)))),
  };
  return { node: spelled, columns };
}

/** A name alone is an alias first; within an expression it is a column first. */
function sortKey(key: Expression, items: readonly Expression[], resolve: (item: Expression) => Expression): Expression {
  const name = bareName(key);
  return (name === null ? undefined : items.find((item) => item.alias !== "" && sameName(item.alias, name))) ?? resolve(key);
}

function spelledModifier(
  modifier: Modifier,
  items: readonly Expression[],
  carry: Carry,
  resolve: (item: Expression) => Expression,
): Modifier {
  if ((modifier.orders as readonly OrderKey[] | undefined)?.some((key) => key.expression.class === "STAR") === true)
    carry.used("ORDER BY ALL");
  const targets = (modifier.distinct_on_targets ?? []).map((target) => ({ ...resolve(target), alias: "" }));
  const orders = ((modifier.orders ?? []) as readonly OrderKey[]).flatMap((key) =>
    key.expression.class === "STAR"
      ? items.map((item) => ({ ...key, expression: { ...item, alias: "" } }))
      : [{ ...key, expression: { ...resolve(key.expression), alias: "" } }],
  );
  return {
    ...modifier,
    ...(modifier.distinct_on_targets === undefined ? {} : { distinct_on_targets: targets }),
    ...(modifier.orders === undefined ? {} : { orders }),
  };
}

const isEmpty = (from: TableRef | null): boolean => from === null || from.type === "EMPTY";

async function select(written: SelectNode, around: Surroundings): Promise<QueryNode> {
  const { carry, scope } = around;
  if (written.sample !== null && written.sample !== undefined) return carry.refuse(written, "USING SAMPLE", "filter by a hash of the key");
  const described = await scope.describe(selectAllFrom(written));
  if (described === null)
    return carry.refuse(
      written,
      "a SELECT that does not bind when it stands alone",
      "join tables instead of reading them from a subquery beside them in FROM, or write it in simpler steps",
    );
  const spelled = await spelledOut(written, around);
  if (spelled === null) return written;
  const names = described.map((column) => column.name);
  const inside = qualifiedInside(spelled.node, names, carry);
  if (inside === null) return written;
  if (inside !== spelled.node) return select(inside, around);
  const place = await placeOf(spelled.node, spelled.columns, around);
  return parts(spelled.node, names, place, around);
}

function fromContext(around: Surroundings): Parameters<typeof carriedFrom>[1] {
  const { carry, scope, ctes } = around;
  return {
    carry,
    scope,
    ctes,
    query: (node) => query(node, { ...around, types: null, outermost: false }),
    expression: async (expression, from) => {
      const place = await placeFor([expression], from, new Set(), around);
      return carried(expression, place);
    },
  };
}

/** The binder describes it as an integer. */
const isNull = (expression: Expression): boolean => expression.class === "CONSTANT" && expression.value?.is_null === true;

async function placeFor(
  expressions: readonly Expression[],
  from: TableRef | null,
  columns: ReadonlySet<string>,
  around: Surroundings,
): Promise<Place> {
  const typed = [...new Set(expressions.flatMap(typedParts))];
  const found = await typesOf(typed, from, around.scope, isAggregate);
  const types = new Map(typed.map((expression, index) => [expression, isNull(expression) ? "NULL" : (found[index] ?? null)]));
  const subscope = around.scope.within(from);
  const place: Place = {
    carry: around.carry,
    scope: around.scope,
    from,
    types,
    columns,
    expression: (expression) => carried(expression, place),
    subquery: (node) => query(node, { ...around, scope: subscope, types: null, outermost: false }),
  };
  return place;
}

function placeOf(node: SelectNode, columns: ReadonlySet<string>, around: Surroundings): Promise<Place> {
  const orders = node.modifiers.flatMap((modifier) => (modifier.orders ?? []).map((key) => key.expression));
  const conditions = [node.where_clause, node.having].flatMap((item) => item ?? []);
  return placeFor([...node.select_list, ...node.group_expressions, ...conditions, ...orders], node.from_table, columns, around);
}

async function parts(node: SelectNode, names: readonly string[], place: Place, around: Surroundings): Promise<QueryNode> {
  const { carry } = place;
  const list: Expression[] = [];
  for (const [index, item] of node.select_list.entries()) {
    const name = around.outermost ? (names[index] ?? "") : lowerName(names[index] ?? "");
    if (around.outermost && Buffer.byteLength(name) > 63)
      carry.refuse(item, `the column name ${name.slice(0, 20)}…`, "give it an alias of at most 63 bytes");
    list.push({ ...(await listItem(item, around.types?.[index] ?? null, place)), alias: name });
  }
  const groups: Expression[] = [];
  for (const group of node.group_expressions) groups.push(await groupItem(group, place));
  if (groups.length > 0) carry.used(node.group_sets.length > 1 ? "GROUPING SETS" : "GROUP BY");
  if (node.having !== null) carry.used("HAVING");
  if (node.where_clause !== null) carry.used("WHERE");
  return {
    ...node,
    select_list: list,
    from_table: await carriedFrom(node.from_table, fromContext(around)),
    where_clause: node.where_clause === null ? null : await place.expression(node.where_clause),
    group_expressions: groups,
    having: node.having === null ? null : await place.expression(node.having),
    modifiers: await modifiers(node, place),
  };
}

/** An item of the SELECT list; NULL gets the type that its column has. */
async function listItem(item: Expression, type: string | null, place: Place): Promise<Expression> {
  const { carry } = place;
  const own = place.types.get(item) ?? null;
  const found = carry.refused.length;
  const tree = await place.expression(item);
  if (carry.refused.length > found) return tree;
  if (familyOf(own) === null) {
    return carry.refuse(
      item,
      own === null ? "a column of unknown type" : `a column of type ${own}`,
      "cast it to a type that a contract can hold",
    );
  }
  const wanted = type ?? own ?? "";
  if (familyOf(own) !== "null" && (type === null || type === own)) return tree;
  const [from, to] = [familyOf(own), familyOf(wanted)];
  if (from === null || to === null || !comparable(from, to)) {
    return carry.refuse(item, `${own} and ${wanted} in one column of a set operation`, "cast both to one type");
  }
  return carry.fragments.placeholder(`cast($1 as ${postgresTypeName(wanted)})`, [tree]);
}

/** A bare number would be taken for a place in the SELECT list, and PostgreSQL takes no other constant. */
async function groupItem(group: Expression, place: Place): Promise<Expression> {
  const tree = { ...(await place.expression(group)), alias: "" };
  if (group.class !== "CONSTANT") return tree;
  return place.carry.fragments.placeholder(`cast($1 as ${postgresTypeName(place.types.get(group) ?? "")})`, [tree]);
}

async function modifiers(node: SelectNode, place: Place): Promise<readonly Modifier[]> {
  const { carry } = place;
  const isOrdered = node.modifiers.some((modifier) => modifier.type === "ORDER_MODIFIER");
  const result: Modifier[] = [];
  for (const modifier of node.modifiers) {
    if (modifier.type === "ORDER_MODIFIER") {
      carry.used("ORDER BY");
      const orders: OrderKey[] = [];
      for (const key of (modifier.orders ?? []) as readonly OrderKey[]) orders.push(await carriedOrder(key, place));
      result.push({ ...modifier, orders });
    } else if (modifier.type === "LIMIT_MODIFIER") {
      if (!isOrdered) carry.refuse(node, "LIMIT without ORDER BY", "order the rows: without, any rows may come");
      const { limit, offset } = modifier as Modifier & { readonly offset?: Expression | null };
      if ([limit, offset].some((item) => item !== null && item !== undefined && typeof constantOf(item) !== "number"))
        carry.refuse(node, "a computed LIMIT", "give a constant");
      carry.used("LIMIT");
      result.push(modifier);
    } else if (modifier.type === "DISTINCT_MODIFIER") {
      carry.used("DISTINCT");
      result.push(modifier);
    } else carry.refuse(node, modifier.type.toLowerCase().replaceAll("_", " "), "use ORDER BY and LIMIT with a number");
  }
  return result;
}
