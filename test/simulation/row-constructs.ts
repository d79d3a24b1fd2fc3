import type { Dice } from "./dice.ts";
import {
  columnsOf,
  computed,
  condition,
  distinctNames,
  type Item,
  item,
  joined,
  list,
  numberColumn,
  passed,
  type Query,
  type Relation,
  textColumn,
  textKey,
} from "./relation.ts";

/** Makes a query over relations, the first of which it is about; null: they do not fit. */
export type Construct = (dice: Dice, a: Relation, b: Relation) => Query | null;

const keyOf = (relation: Relation, alias: string): string => (relation.key ?? []).map((name) => `${alias}.${name}`).join(", ");

/** A query that has a row for each of some rows of `a`. */
function rowsOf(a: Relation, items: readonly Item[], rest: string, more: readonly Relation[] = []): Query | null {
  if (a.key === null || a.key.length === 0 || !distinctNames(items)) return null;
  const sql = `select ${list(items)} ${rest}`;
  return { sql, columns: columnsOf(items), key: a.key, reads: [a.name, ...more.map((relation) => relation.name)] };
}

const withComputed = (dice: Dice, a: Relation, alias: string): readonly Item[] => {
  const made = dice.chance(0.6) ? computed(dice, a, alias, `v${dice.below(100)}`) : null;
  return made === null ? passed(dice, a, alias) : [...passed(dice, a, alias), made];
};

const filter: Construct = (dice, a) =>
  rowsOf(
    a,
    withComputed(dice, a, "a"),
    `from ${a.name} as a where ${condition(dice, a, "a")}${dice.chance(0.3) ? ` or ${condition(dice, a, "a")}` : ""}`,
  );

const projection: Construct = (dice, a) => rowsOf(a, withComputed(dice, a, "a"), `from ${a.name} as a`);

/** `a` joined to the one row of `b` that a text column names. */
const join =
  (kind: "join" | "left join" | "right" | "comma" | "semi join" | "anti join"): Construct =>
  (dice, a, b) => {
    const [column, key] = [textColumn(dice, a), textKey(b)];
    if (column === undefined || key === undefined || b.history) return null;
    const on = `a.${column.name} = b.${key}`;
    const half = kind === "semi join" || kind === "anti join";
    const nullable = kind === "left join" || kind === "right";
    const items = [...passed(dice, a, "a"), ...(half ? [] : joined(dice, b, "b", "b", nullable))];
    const where = dice.chance(0.3) ? condition(dice, a, "a") : null;
    if (kind === "comma")
      return rowsOf(a, items, `from ${a.name} as a, ${b.name} as b where ${on}${where === null ? "" : ` and ${where}`}`, [b]);
    const more = dice.chance(0.3) && kind === "left join" ? ` and ${condition(dice, b, "b")}` : "";
    const from =
      kind === "right"
        ? `from ${b.name} as b right join ${a.name} as a on ${on}`
        : `from ${a.name} as a ${kind} ${b.name} as b on ${on}${more}`;
    return rowsOf(a, items, `${from}${where === null ? "" : ` where ${where}`}`, [b]);
  };

const selfJoin: Construct = (dice, a) => {
  const [column, key] = [textColumn(dice, a), textKey(a)];
  if (column === undefined || key === undefined || a.history) return null;
  const kind = dice.pick(["join", "left join"]);
  return rowsOf(
    a,
    [...passed(dice, a, "a"), ...joined(dice, a, "p", "p", kind === "left join")],
    `from ${a.name} as a ${kind} ${a.name} as p on a.${column.name} = p.${key}`,
  );
};

/** Two joins in one FROM. */
const chainedJoin: Construct = (dice, a, b) => {
  const [first, second, key] = [textColumn(dice, a), textColumn(dice, b), textKey(b)];
  if (first === undefined || second === undefined || key === undefined || b.history) return null;
  const items = [...passed(dice, a, "a"), ...joined(dice, b, "b", "b", true), ...joined(dice, b, "c", "c", true)];
  return rowsOf(
    a,
    items,
    `from ${a.name} as a left join ${b.name} as b on a.${first.name} = b.${key} left join ${b.name} as c on b.${second.name} = c.${key}`,
    [b],
  );
};

/** Every pair of rows that share a text. */
const pairs: Construct = (dice, a, b) => {
  const [left, right] = [textColumn(dice, a), textColumn(dice, b)];
  if (left === undefined || right === undefined || a.key === null || b.key === null || a.key.length + b.key.length === 0) return null;
  if (a.name === b.name || a.history || b.history || a.key.length + b.key.length > 4) return null;
  const own = b.columns
    .filter((column) => b.key?.includes(column.name))
    .map((column) => item(`b.${column.name}`, `b_${column.name}`, column.type, false));
  const items = [...passed(dice, a, "a", 0.4), ...own];
  if (!distinctNames(items)) return null;
  const sql = `select ${list(items)} from ${a.name} as a join ${b.name} as b on a.${left.name} = b.${right.name}`;
  return { sql, columns: columnsOf(items), key: [...a.key, ...own.map(({ name }) => name)], reads: [a.name, b.name] };
};

const fullJoin: Construct = (dice, a, b) => {
  const [left, right] = [textKey(a), textKey(b)];
  if (left === undefined || right === undefined || a.name === b.name || a.history || b.history) return null;
  const others = (relation: Relation, key: string, alias: string): readonly Item[] =>
    joined(dice, { ...relation, columns: relation.columns.filter(({ name }) => name !== key) }, alias, alias, true);
  if (a.columns.length < 2 || b.columns.length < 2) return null;
  const items = [item(`coalesce(a.${left}, b.${right}, '')`, "id", "varchar", false), ...others(a, left, "a"), ...others(b, right, "b")];
  const sql = `select ${list(items)} from ${a.name} as a full join ${b.name} as b on a.${left} = b.${right}`;
  return { sql, columns: columnsOf(items), key: ["id"], reads: [a.name, b.name] };
};

const exists =
  (how: "exists" | "not exists" | "in" | "not in"): Construct =>
  (dice, a, b) => {
    const [outer, inner] = [textColumn(dice, a), textColumn(dice, b)];
    if (outer === undefined || inner === undefined || b.history) return null;
    const more = dice.chance(0.4) ? ` and ${condition(dice, b, "b")}` : "";
    const where =
      how === "in" || how === "not in"
        ? `a.${outer.name} ${how} (select b.${inner.name} from ${b.name} as b where true${more})`
        : `${how} (select 1 from ${b.name} as b where b.${inner.name} = a.${outer.name}${more})`;
    return rowsOf(a, passed(dice, a, "a"), `from ${a.name} as a where ${where}`, [b]);
  };

const scalar: Construct = (dice, a, b) => {
  const [outer, inner] = [textColumn(dice, a), textColumn(dice, b)];
  if (outer === undefined || inner === undefined || b.history) return null;
  const correlated = dice.chance(0.7);
  const count = `(select count(*) from ${b.name} as b${correlated ? ` where b.${inner.name} = a.${outer.name}` : ""})`;
  return rowsOf(a, [...passed(dice, a, "a"), item(count, `n${dice.below(100)}`, "bigint", true)], `from ${a.name} as a`, [b]);
};

const window: Construct = (dice, a) => {
  const column = textColumn(dice, a);
  const measure = numberColumn(dice, a);
  const partition = column === undefined || dice.chance(0.2) ? "" : `partition by a.${column.name} `;
  const order = `order by ${dice.chance(0.5) && a.columns.some(({ name }) => name === "ts") ? "a.ts, " : ""}${keyOf(a, "a")}`;
  const name = `w${dice.below(100)}`;
  const made = [
    item(`row_number() over (${partition}${order})`, name, "bigint", false),
    item(`count(*) over (${partition})`, name, "bigint", false),
    ...(measure === undefined ? [] : [item(`(sum(a.${measure.name}) over (${partition}${order}))::decimal(18, 2)`, name, "decimal", true)]),
    ...(measure === undefined ? [] : [item(`lag(a.${measure.name}) over (${partition}${order})`, name, measure.type, true)]),
  ];
  return a.key === null || a.key.length === 0 ? null : rowsOf(a, [...passed(dice, a, "a"), dice.pick(made)], `from ${a.name} as a`);
};

const cte: Construct = (dice, a) => {
  if (a.key === null) return null;
  const inner = passed(dice, a, "a", 0.8);
  const step: Relation = { ...a, columns: columnsOf(inner) };
  const items = passed(dice, step, "s");
  const query = rowsOf(a, items, `from s where ${condition(dice, step, "s")}`);
  return query === null
    ? null
    : { ...query, sql: `with s as (select ${list(inner)} from ${a.name} as a where ${condition(dice, a, "a")}) ${query.sql}` };
};

const derived: Construct = (dice, a, b) => {
  const column = textColumn(dice, a);
  const inner = textColumn(dice, b);
  if (column === undefined || inner === undefined || b.history) return null;
  const from = `(select b.${inner.name} as k, count(*) as n from ${b.name} as b group by b.${inner.name}) as d`;
  return rowsOf(
    a,
    [...passed(dice, a, "a"), item("d.n", "d_n", "bigint", true)],
    `from ${a.name} as a left join ${from} on d.k = a.${column.name}`,
    [b],
  );
};

const top: Construct = (dice, a) =>
  a.key === null || a.key.length === 0
    ? null
    : rowsOf(a, passed(dice, a, "a"), `from ${a.name} as a order by ${keyOf(a, "a")} limit ${2 + dice.below(5)}`);

export const rowConstructs: Readonly<Record<string, Construct>> = {
  filter,
  projection,
  "inner join": join("join"),
  "left join": join("left join"),
  "right join": join("right"),
  "comma join": join("comma"),
  "semi join": join("semi join"),
  "anti join": join("anti join"),
  "self join": selfJoin,
  "chained join": chainedJoin,
  pairs,
  "full join": fullJoin,
  exists: exists("exists"),
  "not exists": exists("not exists"),
  in: exists("in"),
  "not in": exists("not in"),
  scalar,
  window,
  cte,
  derived,
  limit: top,
};
