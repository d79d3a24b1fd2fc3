import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import type { ManifestTable, ModelTable } from "../../src/compile/manifest.ts";
import { columnList, quoteText } from "../../src/define/quote.ts";
import type { Row, Session } from "../../src/ports/engine.ts";
import type { TableName } from "../../src/terms.ts";
import type { BronzeSpec, ModelSpec, SourceRow } from "./scenario.ts";
import { type History, observe, validities } from "./snapshot-reference.ts";
import { selectOfRows, sqlTypes } from "./source-files.ts";

/**
 * What every table has to hold, kept in a database of its own: a model is its SQL over what its upstreams have to hold, history and append
 * tables are told from what they were shown.
 */
export interface Shadow {
  setBronze(spec: BronzeSpec, rows: readonly SourceRow[]): Promise<void>;
  /** Computes a model as a build at that time has to; false: the build has to be refused. */
  build(table: ModelTable, spec: ModelSpec, now: number): Promise<boolean>;
  /** Rows of the model's SQL that broke its rule when it was built. */
  refused(name: TableName): number;
  /** Count and content hash of each table. */
  contents(tables: readonly ManifestTable[]): Promise<ReadonlyMap<TableName, string>>;
  readonly session: Session;
}

let shared: Promise<Session> | undefined;

async function emptySession(): Promise<Session> {
  shared ??= memoryDatabase().then((database) => database.session());
  const session = await shared;
  const schemas = ["bronze", "silver", "gold"].map((schema) => `drop schema if exists ${schema} cascade; create schema ${schema}`);
  await session.execute({ text: schemas.join("; ") });
  return session;
}

export async function openShadow(): Promise<Shadow> {
  const session = await emptySession();
  const histories = new Map<TableName, History>();
  const appended = new Set<TableName>();
  /** What each table was made from, and how often it was made: from the same it is not made again. */
  const made = new Map<TableName, { readonly from: string; readonly times: number }>();
  const known = new Map<TableName, { readonly times: number; readonly content: string }>();
  const make = async (name: TableName, from: string, text = `create or replace table ${name} as ${from}`): Promise<void> => {
    const before = made.get(name);
    if (before?.from === from) return;
    await session.execute({ text });
    made.set(name, { from, times: (before?.times ?? 0) + 1 });
  };
  const refused = new Map<TableName, number>();
  /** False: rows were made, and every one breaks the rule. */
  const keepsRule = async ({ name, select }: ModelTable, { rule }: ModelSpec): Promise<boolean> => {
    if (rule === null) return true;
    const text = `select count(*)::integer as made, (count(*) filter (where (${rule}) is true))::integer as kept from (${select}) as made`;
    const [row] = await session.query({ text });
    if (Number(row?.made) > 0 && Number(row?.kept) === 0) return false;
    refused.set(name, Number(row?.made) - Number(row?.kept));
    return true;
  };
  return {
    session,
    refused: (name) => refused.get(name) ?? 0,
    contents: async (tables) => {
      const stale = tables.filter(({ name }) => known.get(name)?.times !== made.get(name)?.times);
      for (const [name, content] of await contentsOf(session, stale)) known.set(name, { times: made.get(name)?.times ?? 0, content });
      return new Map(tables.map(({ name }) => [name, known.get(name)?.content ?? ""] as const));
    },
    setBronze: (spec, rows) => make(spec.name, selectOfRows(spec.columns, rows)),
    build: async (table, spec, now) => {
      if (spec.materialize.kind === "snapshot") {
        const history = await observed(session, table, spec, histories.get(table.name) ?? new Map(), now);
        if (history === null) return false;
        histories.set(table.name, history);
        await make(table.name, historySelect(table, spec, history));
        return true;
      }
      if (!(await keepsRule(table, spec))) return false;
      const kept = spec.rule === null ? table.select : `select * from (${table.select}) as made where (${spec.rule}) is true`;
      const from = `${kept}\n-- ${spec.reads.map((name) => made.get(name)?.times).join()}`;
      if (spec.materialize.kind !== "append") {
        await make(table.name, from);
        return true;
      }
      const keys = columnList(spec.key);
      const first = `select * from (${table.select}) as q qualify row_number() over (partition by ${keys} order by ${columnList(table.columns.map(({ name }) => name))}) = 1`;
      const text = appended.has(table.name)
        ? `insert into ${table.name} from (${first}) as q where (${keys}) not in (select (${keys}) from ${table.name})`
        : `create table ${table.name} as ${first}`;
      await make(table.name, from, text);
      appended.add(table.name);
      return true;
    },
  };
}

async function observed(session: Session, table: ModelTable, spec: ModelSpec, history: History, now: number): Promise<History | null> {
  if (spec.materialize.kind !== "snapshot") throw new Error(`${spec.name} is no snapshot`);
  const { at, deleted, missing } = spec.materialize;
  const names = spec.columns.map(({ name }) => name);
  const attributes = names.filter((name) => name !== at && !spec.key.includes(name));
  const rows = await session.query({
    text: `select *, epoch_us(${at})::varchar as _us, ${deleted === null ? "false" : `((${deleted}) is true)`} as _deleted from (${table.select})`,
  });
  const seen = rows.map((row) => ({
    key: JSON.stringify(spec.key.map((name) => row[name])),
    at: BigInt(String(row._us)),
    deleted: row._deleted === true,
    attributes: JSON.stringify(attributes.map((name) => row[name])),
    row,
  }));
  return observe(history, seen, BigInt(now) * 1000n, missing);
}

const micros = (time: bigint): string => {
  const text = new Date(Number(time / 1000n)).toISOString().replace("T", " ").replace("Z", "");
  return `${text}${String(time % 1000n).padStart(3, "0")}`;
};

function historySelect(table: ModelTable, spec: ModelSpec, history: History): string {
  const text = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));
  const rows = validities(history).map(({ row, from, to }) => ({
    ...Object.fromEntries(spec.columns.map(({ name }) => [name, text(row[name])] as const)),
    valid_from: from === null ? "0001-01-01 00:00:00" : micros(from),
    valid_to: to === null ? "9999-12-31 00:00:00" : micros(to),
    is_current: to === null ? "true" : "false",
  }));
  const columns = [
    ...spec.columns,
    { name: "valid_from", type: "timestamp" as const, nullable: false },
    { name: "valid_to", type: "timestamp" as const, nullable: false },
    { name: "is_current", type: "boolean" as const, nullable: false },
  ];
  const casts = table.columns.map(
    ({ name }) => `${name}::${sqlTypes[columns.find((column) => column.name === name)?.type ?? "varchar"]} as ${name}`,
  );
  return `select ${casts.join(", ")} from (${selectOfRows(columns, rows)})`;
}

/** Count and content hash of each table. */
export async function contentsOf(session: Session, tables: readonly ManifestTable[]): Promise<ReadonlyMap<TableName, string>> {
  if (tables.length === 0) return new Map();
  const parts = tables.map(
    ({ name, columns }) =>
      `select ${quoteText(name)} as name, count(*) || ' rows ' || coalesce(sum(hash(${columnList(columns.map((column) => column.name))})::hugeint), 0) as content from ${name}`,
  );
  const rows = await session.query({ text: parts.join(" union all ") });
  return new Map(rows.map((row) => [String(row.name) as TableName, String(row.content)] as const));
}

export function rowsOf(session: Session, table: ManifestTable): Promise<readonly Row[]> {
  return session.query({ text: `select ${columnList(table.columns.map(({ name }) => name))} from ${table.name} order by all` });
}
