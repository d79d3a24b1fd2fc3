import { type Columns, t } from "../../../src/define/types.ts";
import type { TableName } from "../../../src/terms.ts";
import type { Case, Change, Literals } from "./replay.ts";

/** Seeded numbers (mulberry32). */
export interface Random {
  below(limit: number): number;
  chance(share: number): boolean;
  pick<T>(options: readonly T[]): T;
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    chance: (share) => next() < share,
    pick: <T>(options: readonly T[]): T => options[below(options.length)] as T,
  };
}

const n = { nullable: true } as const;

/** `k` and `g` are joined, `w` is of another type, `s` a text. */
export const randomTables: Readonly<Record<string, Columns>> = {
  "bronze.a": { k: t.integer(n), g: t.integer(n), w: t.bigint(n), s: t.varchar(n) },
  "bronze.b": { k: t.integer(n), g: t.integer(n), x: t.integer(n), s: t.varchar(n) },
  "bronze.c": { k: t.integer(n), y: t.integer(n), s: t.varchar(n) },
  "bronze.d": { g: t.integer(n), y: t.integer(n), d: t.date(n) },
};

export const randomViews: Readonly<Record<string, string>> = {
  "silver.v": "select k, g, count(*) as y from bronze.b where x is distinct from 3 group by all",
  "silver.u": "select a.k, c.y as g, a.s from bronze.a left join bronze.c on c.k = a.k",
};

type Kind = "i" | "l" | "s" | "d";

interface Col {
  readonly name: string;
  readonly kind: Kind;
}

interface Relation {
  readonly sql: string;
  readonly cols: readonly Col[];
}

interface Leaf {
  readonly alias: string;
  readonly cols: readonly Col[];
}

const kinds: Readonly<Record<string, Kind>> = { integer: "i", bigint: "l", varchar: "s", date: "d" };

const named: readonly Relation[] = [
  ...Object.entries(randomTables).map(([sql, columns]) => ({
    sql,
    cols: Object.entries(columns).map(([name, column]) => ({ name, kind: kinds[column.type.kind] ?? "i" })),
  })),
  {
    sql: "silver.v",
    cols: [
      { name: "k", kind: "i" },
      { name: "g", kind: "i" },
      { name: "y", kind: "l" },
    ],
  },
  {
    sql: "silver.u",
    cols: [
      { name: "k", kind: "i" },
      { name: "g", kind: "i" },
      { name: "s", kind: "s" },
    ],
  },
];

/** What a query is made within: relations it can read by name, and the leaves around it. */
interface Context {
  readonly random: Random;
  readonly ctes: readonly Relation[];
  readonly outer: readonly Leaf[];
  readonly depth: number;
  readonly counter: { next: number; unread: boolean };
}

/** A random model over the random tables. Its result is a function of the rows: nothing in it depends on their order. */
export function randomModel(random: Random): string {
  const counter = { next: 0, unread: false };
  const ctes: Relation[] = [];
  const texts: string[] = [];
  const count = random.chance(0.4) ? 1 + random.below(2) : 0;
  for (let index = 0; index < count; index++) {
    const inner = query({ random, ctes, outer: [], depth: 1, counter });
    const name = random.pick(["x", "y", "q", "a", "b"]) + (random.chance(0.7) ? String(index) : "");
    if (ctes.some((cte) => cte.sql === name)) continue;
    const renames = random.chance(0.15);
    const cols = renames ? inner.cols.map((col, at) => ({ ...col, name: `r${at}` })) : inner.cols;
    texts.push(`${name}${renames ? `(${cols.map((col) => col.name).join(", ")})` : ""} as (${inner.sql})`);
    ctes.push({ sql: name, cols });
    counter.unread = true;
  }
  const body = query({ random, ctes, outer: [], depth: 2, counter });
  return texts.length === 0 ? body.sql : `with ${texts.join(", ")} ${body.sql}`;
}

function query(context: Context): Relation {
  const { random, depth } = context;
  if (depth > 0 && random.chance(0.16)) {
    const left = select({ ...context, depth: depth - 1 }, null);
    const right = select({ ...context, depth: depth - 1 }, left.cols);
    const operation = random.pick(["union all", "union all", "union", "except", "intersect", "except all", "intersect all"]);
    return { sql: `${wrapped(left, random)} ${operation} ${wrapped(right, random)}`, cols: left.cols };
  }
  return select(context, null);
}

const wrapped = (relation: Relation, random: Random): string => (random.chance(0.5) ? `(${relation.sql})` : relation.sql);

/** A FROM: its text, the leaves it shows, and the columns that USING merged. */
interface From {
  readonly sql: string;
  readonly leaves: readonly Leaf[];
  readonly merged: readonly string[];
}

function leaf(context: Context): From {
  const { random, ctes, counter, depth } = context;
  const alias = `t${counter.next++}`;
  if (depth > 0 && random.chance(0.15)) {
    const inner = random.chance(0.25) ? withInside(context) : query({ ...context, outer: [], depth: depth - 1 });
    return { sql: `(${inner.sql}) as ${alias}`, leaves: [{ alias, cols: inner.cols }], merged: [] };
  }
  const last = ctes.at(-1);
  // The last CTE once for sure, so that most CTEs take part.
  const relation =
    last !== undefined && (counter.unread || random.chance(0.4)) ? (counter.unread ? last : random.pick(ctes)) : random.pick(named);
  counter.unread = false;
  if (random.chance(0.08)) {
    const cols = relation.cols.map((col, at) => ({ ...col, name: `z${at}` }));
    return { sql: `${relation.sql} as ${alias}(${cols.map((col) => col.name).join(", ")})`, leaves: [{ alias, cols }], merged: [] };
  }
  return { sql: `${relation.sql} as ${alias}`, leaves: [{ alias, cols: relation.cols }], merged: [] };
}

/** A subquery with a WITH clause of its own; its name may hide one around it. */
function withInside(context: Context): Relation {
  const { random, ctes } = context;
  const inner: Context = { ...context, outer: [], depth: 0 };
  const named = query(inner);
  const name = random.pick(["x", "q", "n", ...ctes.map((cte) => cte.sql)]);
  const visible = [...ctes.filter((cte) => cte.sql !== name), { sql: name, cols: named.cols }];
  context.counter.unread = true;
  const body = query({ ...inner, ctes: visible });
  return { sql: `with ${name} as (${named.sql}) ${body.sql}`, cols: body.cols };
}

function from(context: Context, count: number): From {
  const { random } = context;
  let whole = leaf(context);
  for (let index = 1; index < count; index++) {
    const right = random.chance(0.12) && index + 1 < count ? from(context, 2) : leaf(context);
    whole = join(whole, right, context);
  }
  return whole;
}

function join(left: From, right: From, context: Context): From {
  const { random } = context;
  const type = random.pick([
    "join",
    "join",
    "join",
    "left join",
    "left join",
    "right join",
    "full join",
    "semi join",
    "anti join",
    "asof",
    "join",
    "left join",
    random.pick(["cross join", "full join", "right join"]),
  ]);
  const rightSql = right.leaves.length > 1 ? `(${right.sql})` : right.sql;
  const both = [...left.leaves, ...right.leaves];
  const merged = [...left.merged, ...right.merged];
  if (type === "cross join") return { sql: `${left.sql} cross join ${rightSql}`, leaves: both, merged };
  if (type === "asof") return asof(left, right, context) ?? join(left, right, context);
  const shared = left.leaves
    .flatMap((item) => item.cols)
    .filter(
      (col) =>
        unique(left, col.name) &&
        unique(right, col.name) &&
        right.leaves.some((item) => item.cols.some((other) => other.name === col.name && other.kind === col.kind)),
    );
  if (random.chance(0.25) && shared.length > 0) {
    const name = random.pick(shared).name;
    const leaves = type === "semi join" || type === "anti join" ? left.leaves : both;
    return { sql: `${left.sql} ${type} ${rightSql} using (${name})`, leaves, merged: [...merged, name] };
  }
  const parts = [onCondition(left, right, context)];
  if (random.chance(0.3)) parts.push(onCondition(left, right, context));
  if (random.chance(0.15)) parts.push(condition({ ...context, outer: context.outer }, random.pick([left.leaves, right.leaves, both]), 0));
  const leaves = type === "semi join" || type === "anti join" ? left.leaves : both;
  const shown = type === "semi join" || type === "anti join" ? left.merged : merged;
  return { sql: `${left.sql} ${type} ${rightSql} on ${parts.join(" and ")}`, leaves, merged: shown };
}

/** The right side has one row for each pair, so that there is never a choice between equals. */
function asof(left: From, right: From, context: Context): From | null {
  const { random, counter } = context;
  const [only, ...others] = right.leaves;
  if (only === undefined || others.length > 0 || !right.sql.endsWith(only.alias)) return null;
  const ints = only.cols.filter((col) => col.kind === "i");
  const lefts = left.leaves.flatMap((item) => item.cols.filter((col) => col.kind === "i").map((col) => `${item.alias}.${col.name}`));
  if (ints.length < 2 || lefts.length < 2) return null;
  const [first, second] = ints as [Col, Col];
  const alias = `t${counter.next++}`;
  const rest = only.cols.filter((col) => col !== first && col !== second);
  const list = [first.name, second.name, ...rest.map((col) => `max(${col.name}) as ${col.name}`)].join(", ");
  const sql = `(select ${list} from ${right.sql} where ${second.name} is not null group by ${first.name}, ${second.name}) as ${alias}`;
  const type = random.pick(["asof join", "asof left join"]);
  const leaves = [...left.leaves, { alias, cols: [first, second, ...rest] }];
  const on = `${random.pick(lefts)} = ${alias}.${first.name} and ${random.pick(lefts)} >= ${alias}.${second.name}`;
  return { sql: `${left.sql} ${type} ${sql} on ${on}`, leaves, merged: left.merged };
}

function unique(side: From, name: string): boolean {
  return side.leaves.filter((item) => item.cols.some((col) => col.name === name)).length === 1 && !side.merged.includes(name);
}

function onCondition(left: From, right: From, context: Context): string {
  const { random } = context;
  const [a, b] = [random.pick(left.leaves), random.pick(right.leaves)];
  const pairs = a.cols.flatMap((x) => b.cols.filter((y) => y.kind === x.kind).map((y) => `${a.alias}.${x.name} = ${b.alias}.${y.name}`));
  if (pairs.length > 0 && random.chance(0.93)) return random.pick(pairs);
  const loose = a.cols.flatMap((x) =>
    b.cols.filter((y) => numeric(x) && numeric(y)).map((y) => `${a.alias}.${x.name} <= ${b.alias}.${y.name} + 1`),
  );
  return loose.length > 0 ? random.pick(loose) : "true";
}

const numeric = (col: Col): boolean => col.kind === "i" || col.kind === "l";

/** A column of the leaves, sometimes without its table where that is clear. */
function column(leaves: readonly Leaf[], random: Random, kind?: Kind): { readonly sql: string; readonly kind: Kind } | null {
  const all = leaves.flatMap((item) => item.cols.filter((col) => kind === undefined || col.kind === kind).map((col) => ({ item, col })));
  if (all.length === 0) return null;
  const { item, col } = random.pick(all);
  const clear = leaves.filter((other) => other.cols.some((same) => same.name === col.name)).length === 1;
  return { sql: clear && random.chance(0.35) ? col.name : `${item.alias}.${col.name}`, kind: col.kind };
}

function constant(kind: Kind, random: Random): string {
  if (kind === "s") return random.pick(["'p'", "'q'", "null"]);
  if (kind === "d") return random.pick(["date '2024-01-01'", "date '2024-01-02'"]);
  return String(random.below(4));
}

function expression(leaves: readonly Leaf[], random: Random, kind: Kind, likelyPlain = false): string {
  const plain = column(leaves, random, kind)?.sql ?? `cast(${constant(kind, random)} as ${sqlTypes[kind]})`;
  if (random.chance(likelyPlain ? 0.85 : 0.6)) return plain;
  const other = column(leaves, random, kind)?.sql ?? constant(kind, random);
  if (kind === "i") {
    return random.pick([
      `coalesce(${plain}, ${other})`,
      `${plain} + 1`,
      `${plain} % 2`,
      `case when ${plain} > 1 then ${other} else 0 end`,
      `nullif(${plain}, ${other})`,
    ]);
  }
  if (kind === "s") return random.pick([`coalesce(${plain}, 'n')`, `upper(${plain})`, `${plain} || ${other}`]);
  if (kind === "d") return random.pick([`${plain} + 1`, `coalesce(${plain}, date '2024-01-03')`]);
  return random.pick([`coalesce(${plain}, ${other})`, `${plain} + 1`]);
}

const sqlTypes: Readonly<Record<Kind, string>> = { i: "integer", l: "bigint", s: "varchar", d: "date" };

function condition(context: Context, leaves: readonly Leaf[], depth: number): string {
  const { random } = context;
  const found = column(leaves, random) ?? { sql: "1", kind: "i" as const };
  const choice = random.below(depth > 0 ? 12 : 7);
  if (choice < 2) return `${found.sql} ${random.pick(["=", "<>", ">", "is distinct from"])} ${constant(found.kind, random)}`;
  if (choice === 2) return `${found.sql} is ${random.pick(["", "not "])}null`;
  if (choice < 6) {
    const other = column(leaves, random, found.kind) ?? found;
    return `${found.sql} ${random.pick(["=", "=", "=", "<=", "is not distinct from"])} ${other.sql}`;
  }
  if (choice === 6)
    return `(${condition(context, leaves, 0)} or ${condition(context, leaves, depth > 0 && random.chance(0.4) ? depth - 1 : 0)})`;
  return probe(context, leaves, depth);
}

/** EXISTS, IN, scalar subqueries, with or without a correlation. */
function probe(context: Context, leaves: readonly Leaf[], depth: number): string {
  const { random } = context;
  const inner: Context = { ...context, outer: [...leaves, ...context.outer], depth: 0 };
  const from0 = from(inner, random.chance(0.75) ? 1 : 2);
  const parts: string[] = [];
  if (random.chance(0.78)) parts.push(correlation(from0.leaves, inner.outer, random));
  if (random.chance(0.25)) parts.push(condition(inner, from0.leaves, depth - 1));
  const where = parts.length === 0 ? "" : ` where ${parts.join(" and ")}`;
  const value = column(from0.leaves, random) ?? { sql: "1", kind: "i" as const };
  const body = (list: string, rest = ""): string => `(select ${list} from ${from0.sql}${where}${rest})`;
  const tail = random.pick(["", "", "", " group by all", " limit 1", ` qualify count(*) over (partition by ${value.sql}) = 1`]);
  switch (random.below(6)) {
    case 0:
    case 1:
      return `${random.pick(["", "not "])}exists ${body(random.pick(["1", value.sql, `${value.sql} as g`]), tail)}`;
    case 2:
    case 3: {
      const left = column(leaves, random, value.kind);
      if (left === null) return `exists ${body("1")}`;
      return `${left.sql} ${random.pick(["in", "in", "in", "not in"])} ${body(value.sql, random.pick(["", "", ` group by ${value.sql} having count(*) > 1`]))}`;
    }
    default: {
      const left = column(leaves, random, "i");
      const numbers = column(from0.leaves, random, "i");
      if (left === null || numbers === null) return `(select count(*) from ${from0.sql}${where}) > 1`;
      return `${left.sql} ${random.pick(["=", "<", "<="])} ${body(`${random.pick(["max", "min", "sum", "count"])}(${numbers.sql})`)}`;
    }
  }
}

function correlation(inner: readonly Leaf[], outer: readonly Leaf[], random: Random): string {
  const own = column(inner, random) ?? { sql: "1", kind: "i" as const };
  const all = outer.flatMap((item) => item.cols.filter((col) => col.kind === own.kind).map((col) => ({ item, col })));
  if (all.length === 0) return "true";
  const { item, col } = random.pick(all);
  const hidden = [...inner, ...outer].filter((other) => other.cols.some((same) => same.name === col.name)).length > 1;
  const bare = !hidden && random.chance(0.3);
  return `${own.sql} = ${bare ? col.name : `${item.alias}.${col.name}`}`;
}

const outputNames = ["k", "g", "x", "y", "s", "m", "z"];

/** One SELECT; `like` are the columns it has to have. */
function select(context: Context, like: readonly Col[] | null): Relation {
  const { random } = context;
  const count = random.pick(context.depth >= 2 ? [1, 2, 2, 2, 3, 3] : [1, 1, 2, 2]);
  const source = from(context, count);
  const where = random.chance(0.5) ? [condition(context, source.leaves, context.depth)] : [];
  if (random.chance(0.2)) where.push(condition(context, source.leaves, context.depth));
  const width = like?.length ?? 2 + random.below(2);
  const cols = Array.from({ length: width }, (_, index): Col => {
    const liked = like?.[index]?.kind;
    // The sides of a set operation may be of different types.
    const kind =
      liked === "l" && random.chance(0.3)
        ? "i"
        : (liked ?? random.pick<Kind>(index === 0 ? ["i", "i", "i", "i", "s"] : ["i", "i", "i", "s", "d", "l"]));
    return { name: "", kind };
  });
  const free = [...outputNames];
  const named = cols.map((col, index): Col => {
    const name = like?.[index]?.name ?? free.splice(random.below(free.length), 1)[0] ?? `c${index}`;
    return { ...col, name };
  });
  const tail = where.length === 0 ? "" : ` where ${where.join(" and ")}`;
  const base = `from ${source.sql}${tail}`;
  const form = random.below(10);
  if (form < 3) return grouped(named, source, base, context);
  if (form < 5) return windowed(named, source, base, context);
  const items = named.map((col, index) => `${expression(source.leaves, random, col.kind, index === 0)} as ${col.name}`);
  if (like === null && random.chance(0.12) && source.leaves.length === 1)
    return { sql: `select * ${base}`, cols: source.leaves[0]?.cols ?? [] };
  if (random.chance(0.12)) items[items.length - 1] = scalarSubquery(named.at(-1) as Col, source, context);
  const distinct = random.chance(0.15) ? "distinct " : "";
  return { sql: `select ${distinct}${items.join(", ")} ${base}`, cols: named };
}

function scalarSubquery(col: Col, source: From, context: Context): string {
  const { random } = context;
  const inner = leaf({ ...context, depth: 0 });
  const value = column(inner.leaves, random, col.kind)?.sql ?? `cast(${constant(col.kind, random)} as ${sqlTypes[col.kind]})`;
  const where = random.chance(0.85) ? ` where ${correlation(inner.leaves, source.leaves, random)}` : "";
  if (random.chance(0.3)) return `(select ${value} from ${inner.sql}${where} order by 1 limit 1) as ${col.name}`;
  return `(select ${random.pick(["max", "min"])}(${value}) from ${inner.sql}${where}) as ${col.name}`;
}

function grouped(named: readonly Col[], source: From, base: string, context: Context): Relation {
  const { random } = context;
  const keys = 1 + random.below(Math.max(1, named.length - 1));
  const items = named.map((col, index) => {
    if (index < keys) return `${expression(source.leaves, random, col.kind, index === 0)} as ${col.name}`;
    const of = column(source.leaves, random)?.sql ?? "1";
    const same = column(source.leaves, random, col.kind)?.sql ?? `cast(${constant(col.kind, random)} as ${sqlTypes[col.kind]})`;
    if (col.kind === "l") return `${random.pick([`count(${of})`, "count(*)", `count(distinct ${of})`])} as ${col.name}`;
    return `${random.pick(["max", "min"])}(${same}) as ${col.name}`;
  });
  const list = Array.from({ length: keys }, (_, index) => index + 1).join(", ");
  const group = random.pick(["group by all", `group by ${list}`]);
  const having = random.chance(0.4) ? ` having ${havingCondition(items[0] ?? "1", named[0], source, context)}` : "";
  const first = named[0];
  if (random.chance(0.15) && first !== undefined) {
    items.push(`rank() over (partition by ${expressionOf(items[0] ?? "1", first.name)} order by count(*)) as rnk`);
    return { sql: `select ${items.join(", ")} ${base} ${group}${having}`, cols: [...named, { name: "rnk", kind: "l" }] };
  }
  return { sql: `select ${items.join(", ")} ${base} ${group}${having}`, cols: named };
}

/** A condition of groups: an aggregate, or a subquery that looks at the first key by its expression or its name. */
function havingCondition(item: string, first: Col | undefined, source: From, context: Context): string {
  const { random } = context;
  const aggregate = random.pick(["count(*) > 1", `max(${column(source.leaves, random, "i")?.sql ?? "1"}) > 0`]);
  if (first === undefined || random.chance(0.5)) return aggregate;
  const inner = leaf({ ...context, depth: 0 });
  const value = column(inner.leaves, random, first.kind);
  if (value === null) return aggregate;
  const key = random.chance(0.5) ? first.name : expressionOf(item, first.name);
  return random.pick([
    `${key} in (select ${value.sql} from ${inner.sql})`,
    `${key} not in (select ${value.sql} from ${inner.sql} where ${value.sql} = ${key})`,
    `exists (select 1 from ${inner.sql} where ${value.sql} = ${key})`,
    `not exists (select 1 from ${inner.sql} where ${value.sql} = ${key})`,
  ]);
}

const expressionOf = (item: string, name: string): string => item.slice(0, item.length - ` as ${name}`.length);

function windowed(named: readonly Col[], source: From, base: string, context: Context): Relation {
  const { random } = context;
  const items = named.map((col) => `${expression(source.leaves, random, col.kind)} as ${col.name}`);
  const [first] = named;
  const part =
    random.chance(0.5) && first !== undefined ? expressionOf(items[0] ?? "", first.name) : (column(source.leaves, random)?.sql ?? "1");
  const total = source.leaves.flatMap((item) => item.cols.map((col) => `${item.alias}.${col.name}`)).join(", ");
  const partition = random.chance(0.92)
    ? `partition by ${part}${random.chance(0.2) ? `, ${column(source.leaves, random)?.sql ?? "1"}` : ""} `
    : "";
  const ints = column(source.leaves, random, "i")?.sql ?? "1";
  switch (random.below(5)) {
    case 0:
      return { sql: `select ${items.join(", ")} ${base} qualify row_number() over (${partition}order by ${total}) <= 1`, cols: named };
    case 1: {
      const text = items.map((item) => item);
      return { sql: `select distinct on (${part}) ${text.join(", ")} ${base} order by ${total}`, cols: named };
    }
    case 2:
      return {
        sql: `select ${items.join(", ")}, row_number() over (${partition}order by ${total}) as rn ${base}`,
        cols: [...named, { name: "rn", kind: "l" }],
      };
    case 3: {
      const inner = leaf({ ...context, depth: 0 });
      const value = column(inner.leaves, random, first?.kind);
      const key = random.chance(0.5) && first !== undefined ? first.name : part;
      const more =
        value !== null && random.chance(0.3)
          ? ` and ${random.pick(["", "not "])}exists (select 1 from ${inner.sql} where ${value.sql} = ${key})`
          : "";
      return {
        sql: `select ${items.join(", ")} ${base} qualify count(*) over (${partition}) ${random.pick(["= 1", "> 1"])}${more}`,
        cols: named,
      };
    }
    default:
      return {
        sql: `select ${items.join(", ")}, count(${ints}) over (${partition}) as ct ${base}`,
        cols: [...named, { name: "ct", kind: "l" }],
      };
  }
}

function literal(kind: Kind, random: Random): string {
  if (random.chance(0.12)) return "null";
  return kind === "s"
    ? random.pick(["'p'", "'q'", "'r'", "'t'"])
    : kind === "d"
      ? `date '2024-01-0${1 + random.below(4)}'`
      : String(random.below(8));
}

function randomRow(table: string, random: Random): Literals {
  return Object.values(randomTables[table] ?? {}).map((column) => literal(kinds[column.type.kind] ?? "i", random));
}

/** Random rows, and commits of random changes between refreshes, most of them to tables that are read. */
export function randomRows(random: Random, read: readonly TableName[]): Pick<Case, "rows" | "refreshes"> {
  const tables = Object.keys(randomTables) as TableName[];
  const rows = Object.fromEntries(
    tables.map((table) => [table, Array.from({ length: random.pick([0, 4, 8, 12, 12, 16]) }, () => randomRow(table, random))]),
  );
  const change = (table: TableName): Change => {
    const kind = random.pick(["insert", "update", "update", "delete"] as const);
    if (kind === "insert") return { table, kind, row: randomRow(table, random) };
    const at = random.below(64);
    return kind === "delete" ? { table, kind, at } : { table, kind, at, row: randomRow(table, random) };
  };
  const refreshes = Array.from({ length: 3 }, () => {
    const changing = Array.from({ length: random.pick([1, 1, 2, 3]) }, () =>
      random.pick(read.length > 0 && random.chance(0.95) ? read : tables),
    );
    return Array.from({ length: 1 + random.below(2) }, () =>
      Array.from({ length: 1 + random.below(2) }, () => change(random.pick(changing))),
    );
  });
  return { rows, refreshes };
}
