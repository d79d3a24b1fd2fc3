import type { Dice } from "./dice.ts";
import {
  columnsOf,
  condition,
  type Item,
  isNumber,
  item,
  list,
  numberColumn,
  passed,
  type Relation,
  textColumn,
  textKey,
} from "./relation.ts";
import type { Construct } from "./row-constructs.ts";

function measures(dice: Dice, a: Relation, alias: string): readonly Item[] {
  const number = numberColumn(dice, a);
  const text = textColumn(dice, a);
  const time = a.columns.find((column) => column.type === "timestamp");
  const made = [
    ...(number === undefined ? [] : [item(`sum(${alias}.${number.name})::decimal(18, 2)`, "total", "decimal" as const, true)]),
    ...(number === undefined ? [] : [item(`min(${alias}.${number.name})`, "least", number.type, true)]),
    ...(number === undefined ? [] : [item(`count(*) filter (where ${alias}.${number.name} > 3)`, "many", "bigint" as const, false)]),
    ...(text === undefined ? [] : [item(`count(distinct ${alias}.${text.name})`, "texts", "bigint" as const, false)]),
    ...(text === undefined ? [] : [item(`max(${alias}.${text.name})`, "last_text", "varchar" as const, true)]),
    ...(time === undefined ? [] : [item(`max(${alias}.${time.name})`, "ts", "timestamp" as const, true)]),
  ];
  return [item("count(*)", "n", "bigint", false), ...dice.some(made, 0.5)];
}

/** What to group by: a text made present, and perhaps the day. */
function groups(dice: Dice, a: Relation, alias: string): readonly Item[] | null {
  const text = textColumn(dice, a);
  if (text === undefined) return null;
  const by = text.nullable
    ? item(`coalesce(${alias}.${text.name}, 'none')`, "g", "varchar", false)
    : item(`${alias}.${text.name}`, "g", "varchar", false);
  const time = a.columns.find((column) => column.type === "timestamp" && !column.nullable);
  if (time === undefined || dice.chance(0.7)) return [by];
  return [by, item(`date_trunc('day', ${alias}.${time.name})::timestamp`, "day", "timestamp", false)];
}

const aggregate =
  (having: boolean): Construct =>
  (dice, a) => {
    const by = groups(dice, a, "a");
    if (by === null) return null;
    const items = [...by, ...measures(dice, a, "a")];
    const where = dice.chance(0.4) ? ` where ${condition(dice, a, "a")}` : "";
    const grouped = dice.chance(0.5) ? "all" : by.map(({ text }) => text).join(", ");
    const sql = `select ${list(items)} from ${a.name} as a${where} group by ${grouped}${having ? ` having count(*) > ${1 + dice.below(2)}` : ""}`;
    return { sql, columns: columnsOf(items), key: by.map(({ name }) => name), reads: [a.name] };
  };

const total: Construct = (dice, a) => {
  const items = measures(dice, a, "a").map((made) => ({ ...made, nullable: made.type !== "bigint" || made.name === "least" }));
  return { sql: `select ${list(items)} from ${a.name} as a`, columns: columnsOf(items), key: [], reads: [a.name] };
};

/** Grouped by a column of the one row that each row is joined to. */
const joinedAggregate: Construct = (dice, a, b) => {
  const [column, key] = [textColumn(dice, a), textKey(b)];
  const by = key === undefined ? null : groups(dice, b, "b");
  if (column === undefined || by === null || b.history || a.history) return null;
  const items = [...by, ...measures(dice, a, "a")];
  const sql = `select ${list(items)} from ${a.name} as a join ${b.name} as b on a.${column.name} = b.${key} group by all`;
  return { sql, columns: columnsOf(items), key: by.map(({ name }) => name), reads: [a.name, b.name] };
};

const distinct: Construct = (dice, a) => {
  const kept = dice.some(a.columns, 0.4).slice(0, 3);
  if (kept.length === 0) return null;
  const items = kept.map((column) => {
    if (!column.nullable) return item(`a.${column.name}`, column.name, column.type, false);
    if (column.type === "varchar") return item(`coalesce(a.${column.name}, 'none')`, column.name, "varchar", false);
    if (isNumber(column)) return item(`coalesce(a.${column.name}, -1)`, column.name, column.type, false);
    return item(`coalesce(a.${column.name}::varchar, 'none')`, column.name, "varchar", false);
  });
  return {
    sql: `select distinct ${list(items)} from ${a.name} as a`,
    columns: columnsOf(items),
    key: items.map(({ name }) => name),
    reads: [a.name],
  };
};

/** One row a text: the last by time, told apart by every column. */
const latest =
  (how: "qualify" | "distinct on"): Construct =>
  (dice, a) => {
    const texts = a.columns.filter((column) => column.type === "varchar" && !column.nullable);
    if (texts.length === 0) return null;
    const id = a.columns.some(({ name }) => name === "id") && dice.chance(0.7) ? "id" : dice.pick(texts).name;
    const items = passed(dice, { ...a, key: [id] }, "a");
    const at = a.columns.some(({ name }) => name === "ts") ? ["ts"] : [];
    const order = [...at, ...a.columns.map(({ name }) => name)].map((name) => `a.${name} desc`).join(", ");
    const sql =
      how === "qualify"
        ? `select ${list(items)} from ${a.name} as a qualify row_number() over (partition by a.${id} order by ${order}) = 1`
        : `select distinct on (a.${id}) ${list(items)} from ${a.name} as a order by a.${id}, ${order}`;
    return { sql, columns: columnsOf(items), key: [id], reads: [a.name] };
  };

/** Rows of two tables one after the other, told apart by where they come from. */
const unionAll: Construct = (dice, a, b) => {
  const [left, right] = [textKey(a), textKey(b)];
  const [x, y] = [numberColumn(dice, a), numberColumn(dice, b)];
  if (left === undefined || right === undefined || x === undefined || y === undefined || a.history || b.history) return null;
  const items = (from: string, key: string, number: string): readonly Item[] => [
    item(`'${from}'`, "part", "varchar", false),
    item(key, "id", "varchar", false),
    item(`${number}::decimal(18, 2)`, "amount", "decimal", true),
  ];
  const first = items("a", `a.${left}`, `a.${x.name}`);
  const where = dice.chance(0.4) ? ` where ${condition(dice, b, "b")}` : "";
  const sql = `select ${list(first)} from ${a.name} as a union all select ${list(items("b", `b.${right}`, `b.${y.name}`))} from ${b.name} as b${where}`;
  return { sql, columns: columnsOf(first), key: ["part", "id"], reads: [a.name, b.name] };
};

const setOperation =
  (operator: "union" | "intersect" | "except"): Construct =>
  (dice, a, b) => {
    const [left, right] = [textColumn(dice, a), textColumn(dice, b)];
    if (left === undefined || right === undefined || a.history || b.history) return null;
    const side = (relation: Relation, alias: string, name: string): string =>
      `select coalesce(${alias}.${name}, 'none') as id from ${relation.name} as ${alias}`;
    const sql = `${side(a, "a", left.name)} ${operator} ${side(b, "b", right.name)}`;
    return { sql, columns: [{ name: "id", type: "varchar", nullable: false }], key: ["id"], reads: [a.name, b.name] };
  };

export const groupConstructs: Readonly<Record<string, Construct>> = {
  aggregate: aggregate(false),
  having: aggregate(true),
  total,
  "joined aggregate": joinedAggregate,
  distinct,
  qualify: latest("qualify"),
  "distinct on": latest("distinct on"),
  "union all": unionAll,
  union: setOperation("union"),
  intersect: setOperation("intersect"),
  except: setOperation("except"),
};
