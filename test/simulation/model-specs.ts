import { append, incremental, type Materialization, snapshot, table, view } from "../../src/define/materialization.ts";
import type { TableName } from "../../src/terms.ts";
import type { Dice } from "./dice.ts";
import { groupConstructs } from "./group-constructs.ts";
import { condition, isNumber, type Query, type Relation, textColumn } from "./relation.ts";
import { type Construct, rowConstructs } from "./row-constructs.ts";
import type { BronzeSpec, ModelSpec, SimColumn } from "./scenario.ts";

const historyColumns: readonly SimColumn[] = [
  { name: "valid_from", type: "timestamp", nullable: false },
  { name: "valid_to", type: "timestamp", nullable: false },
  { name: "is_current", type: "boolean", nullable: false },
];

const isHistory = ({ name }: SimColumn): boolean => historyColumns.some((column) => column.name === name);

const queryConstructs: Readonly<Record<string, Construct>> = { ...rowConstructs, ...groupConstructs };

/** Every construct the models are made of, for the counters. */
export const constructNames: readonly string[] = [...Object.keys(queryConstructs), "snapshot", "append", "as of", "rule"];

/** Models in layers over the bronze tables; each has a grain that holds by construction. */
export function modelSpecs(dice: Dice, bronze: readonly BronzeSpec[]): readonly ModelSpec[] {
  const relations: Relation[] = bronze.map((spec) => ({
    name: spec.name,
    columns: spec.columns,
    key: spec.key.length === 0 ? null : spec.key,
    history: false,
    appendOnly: spec.load === "append",
  }));
  const count = 2 + Math.min(dice.below(7), dice.below(7), dice.below(7));
  const models: ModelSpec[] = [];
  for (let tries = 0; models.length < count && tries < 80; tries++) {
    const name: TableName = `${models.length < count / 2 ? "silver" : "gold"}.m${models.length + 1}`;
    const model = modelSpec(dice, name, relations);
    if (model === null) continue;
    models.push(model);
    const history = model.materialize.kind === "snapshot";
    relations.push({
      name,
      columns: history ? [...model.columns, ...historyColumns] : model.columns,
      key: history ? [...model.key, "valid_from"] : model.key,
      history: history || passesVersions(model),
      appendOnly: model.materialize.kind === "append",
    });
  }
  return models;
}

/** A model that passes a history's versions on, with when they hold, is one itself. */
const passesVersions = ({ columns, key }: ModelSpec): boolean =>
  key.includes("valid_from") && columns.some((column) => column.name === "valid_to");

/** A relation, rather one that was made late: graphs grow deep. */
const anyOf = (dice: Dice, relations: readonly Relation[]): Relation => {
  const recent = relations.slice(-3);
  return dice.pick(dice.chance(0.5) ? recent : relations);
};

function modelSpec(dice: Dice, name: TableName, relations: readonly Relation[]): ModelSpec | null {
  const [a, b] = [anyOf(dice, relations), anyOf(dice, relations)];
  if (dice.chance(0.18)) return snapshotSpec(dice, name, a);
  if (a.appendOnly && dice.chance(0.3)) return appendSpec(dice, name, a);
  if (b.history && dice.chance(0.7)) return asOfSpec(dice, name, a, b);
  const construct = dice.pick(Object.keys(queryConstructs));
  const query = queryConstructs[construct]?.(dice, a, b) ?? null;
  if (query === null || query.columns.length > 14) return null;
  return specOf(dice, name, [construct], query, materializationOf(dice, query));
}

function specOf(dice: Dice, name: TableName, constructs: readonly string[], query: Query, materialize: Materialization): ModelSpec {
  const keeps = materialize.kind === "snapshot" || materialize.kind === "append";
  return {
    name,
    constructs,
    ...query,
    reads: [...new Set(query.reads)],
    materialize,
    rule: null,
    declared: keeps || dice.chance(0.5),
    revised:
      keeps || query.key.length === 0 || dice.chance(0.9)
        ? null
        : `select * from (${query.sql}) as q where ${condition(dice, { ...asRelation(name, query) }, "q")}`,
  };
}

const asRelation = (name: TableName, query: Query): Relation => ({
  name,
  columns: query.columns,
  key: query.key,
  history: false,
  appendOnly: false,
});

function materializationOf(dice: Dice, query: Query): Materialization {
  if (dice.chance(0.2)) return view();
  const parts = query.columns.filter((column) => column.type !== "decimal" && !query.key.includes(column.name));
  if (dice.chance(0.35) || query.columns.length === 0) return table();
  if (query.key.length === 0 || (parts.length > 0 && dice.chance(0.3))) {
    return parts.length === 0 ? table() : incremental({ by: [dice.pick(parts).name] });
  }
  const by = dice.some(query.key, 0.6);
  return incremental({ by: by.length === 0 ? query.key : by });
}

/** Some tables do not publish rows that break a rule. */
export function ruled(dice: Dice, spec: ModelSpec): ModelSpec {
  const { kind } = spec.materialize;
  const columns = spec.columns.filter(({ type }) => type !== "boolean");
  if ((kind !== "table" && kind !== "incremental") || columns.length === 0 || !dice.chance(0.12)) return spec;
  const column = dice.pick(columns);
  const { name } = column;
  const others = column.type === "timestamp" ? `${name} >= timestamp '2040-01-02 00:00:00'` : `${name} is distinct from 'x'`;
  return { ...spec, constructs: [...spec.constructs, "rule"], rule: isNumber(column) ? `coalesce(${name}, 3) <> 4` : others };
}

/** Some of the models that can be are built in chunks. */
export function builtInChunks(dice: Dice, spec: ModelSpec): ModelSpec {
  const { materialize } = spec;
  if (materialize.kind !== "incremental" || !dice.chance(0.4)) return spec;
  const chunks = { values: dice.pick([2, 3, 6]), concurrency: 1 + dice.below(3) };
  return { ...spec, materialize: incremental({ by: materialize.by, chunks }) };
}

/** Versions of what a relation holds, told apart by its own time. */
function snapshotSpec(dice: Dice, name: TableName, a: Relation): ModelSpec | null {
  const at = a.columns.find((column) => column.name === "ts" && !column.nullable);
  const key = a.key ?? (a.columns.some((column) => column.name === "id") ? ["id"] : []);
  if (at === undefined || a.history || key.length === 0 || key.includes("ts") || key.includes("valid_from")) return null;
  const columns = a.columns.filter(
    (column) => key.includes(column.name) || column === at || column.name === "op" || (!isHistory(column) && dice.chance(0.6)),
  );
  const hasOp = columns.some((column) => column.name === "op" && column.type === "varchar");
  const names = columns.map((column) => `a.${column.name}`).join(", ");
  const one = `qualify row_number() over (partition by ${key.map((column) => `a.${column}`).join(", ")}, a.ts order by ${names}) = 1`;
  const where = dice.chance(0.3) ? ` where ${condition(dice, a, "a")}` : "";
  const options = {
    at: "ts",
    ...(hasOp && dice.chance(0.6) ? { deleted: "op = 'D'" } : {}),
    ...(a.key !== null && dice.chance(0.5) ? { missing: "close" as const } : {}),
  };
  const sql = `select ${names} from ${a.name} as a${where}${a.key === null ? ` ${one}` : ""}`;
  return specOf(dice, name, ["snapshot"], { sql, columns, key, reads: [a.name] }, snapshot(options));
}

function appendSpec(dice: Dice, name: TableName, a: Relation): ModelSpec | null {
  const key = a.key ?? (a.columns.some((column) => column.name === "id") ? ["id"] : []);
  if (key.length === 0) return null;
  const columns = a.columns.filter((column) => key.includes(column.name) || column.name === "ts" || dice.chance(0.6));
  const where = dice.chance(0.4) ? ` where ${condition(dice, a, "a")}` : "";
  const sql = `select ${columns.map((column) => `a.${column.name}`).join(", ")} from ${a.name} as a${where}`;
  return specOf(dice, name, ["append"], { sql, columns, key, reads: [a.name] }, append());
}

/** Each row with the version that held at its time. */
function asOfSpec(dice: Dice, name: TableName, a: Relation, b: Relation): ModelSpec | null {
  const text = textColumn(dice, a);
  const [id, ...more] = (b.key ?? []).filter((column) => column !== "valid_from");
  const isText = b.columns.some((column) => column.name === id && column.type === "varchar");
  const at = a.columns.some((column) => column.name === "ts" && column.type === "timestamp");
  if (text === undefined || id === undefined || more.length > 0 || !isText || !at || a.key === null || a.key.length === 0 || a.history)
    return null;
  const attributes = b.columns.filter((column) => column.name !== id).slice(0, 3);
  const columns = [...a.columns, ...attributes.map((column) => ({ ...column, name: `h_${column.name}`, nullable: true }))];
  if (new Set(columns.map((column) => column.name)).size < columns.length) return null;
  const items = [...a.columns.map((column) => `a.${column.name}`), ...attributes.map((column) => `h.${column.name} as h_${column.name}`)];
  const sql = `select ${items.join(", ")} from ${a.name} as a left join ${b.name} as h on h.${id} = a.${text.name} and a.ts >= h.valid_from and a.ts < h.valid_to`;
  const query: Query = { sql, columns, key: a.key, reads: [a.name, b.name] };
  return specOf(dice, name, ["as of"], query, materializationOf(dice, query));
}
