import { memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../../../src/adapters/duckdb/sql-analyzer.ts";
import { contractColumns, contractSelect, inferredColumns } from "../../../src/compile/contract.ts";
import { incrementalPlan } from "../../../src/compile/incremental/incremental-plan.ts";
import type { IncrementalPlan } from "../../../src/compile/incremental/upstream-link.ts";
import { columnTypeName } from "../../../src/define/column-type.ts";
import { columnList, quoteIdentifier, quoteTable } from "../../../src/define/quote.ts";
import type { Columns, ContractColumn } from "../../../src/define/types.ts";
import { differenceSelect, refreshStatements } from "../../../src/execute/refresh-statements.ts";
import type { Session } from "../../../src/ports/engine.ts";
import type { SqlAnalyzer } from "../../../src/ports/sql-analyzer.ts";
import type { TableName } from "../../../src/terms.ts";

/** A row as SQL literals. */
export type Literals = readonly string[];

/** One change of a table: rows are taken by place among those there are, so that a case stays valid when it is made smaller. */
export type Change =
  | { readonly table: TableName; readonly kind: "insert"; readonly row: Literals }
  | { readonly table: TableName; readonly kind: "delete"; readonly at: number }
  | { readonly table: TableName; readonly kind: "update"; readonly at: number; readonly row: Literals };

/** A model, its tables' first rows, and the commits between its refreshes. */
export interface Case {
  readonly sql: string;
  readonly by: readonly string[];
  readonly rows: Readonly<Record<string, readonly Literals[]>>;
  /** Refresh → commits → changes. */
  readonly refreshes: readonly (readonly (readonly Change[])[])[];
  readonly touches?: Readonly<Record<string, string>>;
  readonly ignoreChanges?: readonly TableName[];
}

/** What one refresh did. */
export interface Refreshed {
  readonly how: "skipped" | "mapped" | "full";
  /** Why it was full. */
  readonly reason: string | null;
  readonly touched: number;
  readonly values: number;
  readonly changedRows: number;
  readonly spliced: boolean;
  /** Rows that differ from a full build, with their surplus. */
  readonly difference: readonly string[];
}

export interface Replay {
  readonly analyzer: SqlAnalyzer;
  readonly session: Session;
  /** The model's plan; a text when it does not bind. Errors of the plan are thrown. */
  plan(item: Pick<Case, "sql" | "by" | "touches" | "ignoreChanges">): Promise<Planned | string>;
  /** Builds the model, then refreshes it; stops at the first difference. */
  run(item: Case, planned: Planned): Promise<readonly Refreshed[]>;
  close(): void;
}

export interface Planned {
  readonly plan: IncrementalPlan;
  readonly columns: readonly ContractColumn[];
  readonly select: (sql: string) => string;
}

const model: TableName = "gold.model";
const location = { file: "models/model.sql", line: 1 };

/** A database with the tables, and views over them. */
export async function createReplay(
  tables: Readonly<Record<string, Columns>>,
  views: Readonly<Record<string, string>> = {},
): Promise<Replay> {
  const analyzer = await duckdbAnalyzer(await memoryDatabase());
  const database = await memoryDatabase();
  const session = await database.session();
  const contracts = new Map<TableName, readonly ContractColumn[]>();
  await session.execute({ text: "create schema bronze; create schema silver; create schema gold" });
  for (const [name, columns] of Object.entries(tables)) {
    const contract = contractColumns(columns);
    contracts.set(name as TableName, contract);
    const list = contract.map((column) => `${quoteIdentifier(column.name)} ${columnTypeName(column.type)}`);
    await session.execute({ text: `create table ${quoteTable(name)} (${list.join(", ")})` });
  }
  await analyzer.declare([...contracts].map(([name, columns]) => ({ name, columns })));
  const viewTexts = new Map<TableName, string>();
  for (const [name, text] of Object.entries(views)) {
    const columns = await resultColumns(analyzer, text);
    if (typeof columns === "string") throw new Error(`${name}: ${columns}`);
    const select = contractSelect(text, columns.contract, columns.described);
    contracts.set(name as TableName, columns.contract);
    viewTexts.set(name as TableName, select);
    await analyzer.declare([{ name: name as TableName, columns: columns.contract }]);
    await session.execute({ text: `create view ${quoteTable(name)} as ${select}` });
  }
  const plan: Replay["plan"] = async (item) => {
    const columns = await resultColumns(analyzer, item.sql);
    if (typeof columns === "string") return columns;
    const [parsed] = await analyzer.parse([item.sql]);
    if (parsed === undefined || "failure" in parsed) return "does not parse";
    const { contract, described } = columns;
    const { touches = {}, ignoreChanges = [] } = item;
    const input = { name: model, location, text: item.sql, parsed, columns: contract, by: item.by, upstreams: contracts, views: viewTexts };
    const result = await incrementalPlan({ ...input, touches, ignoreChanges, params: {} }, analyzer);
    if (!("by" in result)) throw result[0];
    return { plan: result, columns: contract, select: (sql) => contractSelect(sql, contract, described) };
  };
  return {
    analyzer,
    session,
    plan,
    run: (item, planned) => replay(session, item, planned, contracts),
    close: () => {
      analyzer.close();
      session.close();
      database.close();
    },
  };
}

async function resultColumns(analyzer: SqlAnalyzer, sql: string) {
  const outcome = await analyzer.describe(sql, {});
  if ("failure" in outcome) return outcome.failure.message;
  try {
    return { contract: inferredColumns(model, outcome.columns, null, location), described: outcome.columns };
  } catch (error) {
    return String(error);
  }
}

type Contracts = ReadonlyMap<TableName, readonly ContractColumn[]>;

async function replay(session: Session, item: Case, planned: Planned, contracts: Contracts): Promise<readonly Refreshed[]> {
  const base = [...contracts.keys()].filter((name) => name.startsWith("bronze."));
  const state = new Map<TableName, Literals[]>();
  const texts: string[] = [];
  for (const table of base) {
    const rows = [...(item.rows[table] ?? [])];
    state.set(table, rows);
    texts.push(`delete from ${quoteTable(table)}`);
    if (rows.length > 0) texts.push(`insert into ${quoteTable(table)} values ${rows.map((row) => `(${row.join(", ")})`).join(", ")}`);
  }
  const full = planned.select(item.sql);
  texts.push(`create or replace table ${quoteTable(model)} as ${full}`);
  await session.execute({ text: texts.join(";\n") });
  const done: Refreshed[] = [];
  for (const commits of item.refreshes) {
    const changes = new Map<TableName, string[]>();
    const applied = commits.flat().flatMap((change) => apply(change, state, changes, contracts));
    if (applied.length > 0) await session.execute({ text: applied.join(";\n") });
    const refreshed = await refresh(session, item, planned, contracts, changes);
    done.push(refreshed);
    if (refreshed.difference.length > 0) break;
  }
  return done;
}

/** Statements of a change; records the old and the new images. */
function apply(
  change: Change,
  state: Map<TableName, Literals[]>,
  changes: Map<TableName, string[]>,
  contracts: Contracts,
): readonly string[] {
  const { table } = change;
  const rows = state.get(table) ?? [];
  const record = changes.get(table) ?? [];
  const texts: string[] = [];
  changes.set(table, record);
  if (change.kind !== "insert") {
    const [row] = rows.length === 0 ? [] : rows.splice(change.at % rows.length, 1);
    if (row === undefined) return [];
    record.push(`(${row.join(", ")}, -1)`);
    const equal = (contracts.get(table) ?? []).map((column, index) => `${quoteIdentifier(column.name)} is not distinct from ${row[index]}`);
    const found = `select min(rowid) from ${quoteTable(table)} where ${equal.join(" and ")}`;
    texts.push(`delete from ${quoteTable(table)} where rowid = (${found})`);
  }
  if (change.kind !== "delete") {
    rows.push(change.row);
    record.push(`(${change.row.join(", ")}, 1)`);
    texts.push(`insert into ${quoteTable(table)} values (${change.row.join(", ")})`);
  }
  return texts;
}

async function refresh(
  session: Session,
  item: Case,
  planned: Planned,
  contracts: Contracts,
  changes: ReadonlyMap<TableName, readonly string[]>,
): Promise<Refreshed> {
  const { plan } = planned;
  const full = planned.select(item.sql);
  const read = new Set(plan.upstreams.map((link) => link.table));
  const changed = [...changes].filter(([table, rows]) => read.has(table) && rows.length > 0);
  const stopped = plan.upstreams.find((link) => link.kind === "full" && changed.some(([table]) => table === link.table));
  const nothing = { reason: null, touched: 0, values: 0, changedRows: 0, spliced: false };
  if (changed.length === 0) return { ...nothing, how: "skipped", difference: await differences(session, full) };
  if (stopped?.kind === "full") {
    await session.execute({ text: `create or replace table ${quoteTable(model)} as ${full}` });
    return { ...nothing, how: "full", reason: stopped.reason, difference: [] };
  }
  const statements = refreshStatements(session.sql, {
    table: model,
    columns: planned.columns,
    plan,
    changed: changed.map(([table, rows]) => {
      const columns = (contracts.get(table) ?? []).map((column) => column.name);
      const types = (contracts.get(table) ?? []).map(
        (column) => `cast(${quoteIdentifier(column.name)} as ${columnTypeName(column.type)}) as ${quoteIdentifier(column.name)}`,
      );
      return {
        table,
        columns,
        rows: `select ${types.join(", ")}, "_op" from (values ${rows.join(", ")}) as rows(${columnList(columns)}, "_op")`,
        isNet: false,
      };
    }),
  });
  const { deltas, hats, touched, made, old, drop } = statements;
  const names = planned.columns.map((column) => column.name);
  const text = "text" in plan.splice ? plan.splice.text : item.sql;
  const difference = `create or replace temp table "difference" as ${differenceSelect(names, old, made(planned.select(text)))}`;
  try {
    await session.execute({ text: [...deltas, ...hats, touched, difference].join(";\n") });
    const counts = `select (select count(*) from "touched") as touched, (select count(*) from "difference") as changed,
(select count(*) from (select distinct ${columnList(plan.by)} from ${quoteTable(model)})) as vals`;
    const [counted] = await session.query({ text: counts });
    await session.execute({ text: applied(names) });
    return {
      how: "mapped",
      reason: null,
      touched: Number(counted?.touched),
      values: Number(counted?.vals),
      changedRows: Number(counted?.changed),
      spliced: "text" in plan.splice,
      difference: await differences(session, full),
    };
  } finally {
    await session.execute({ text: [...drop, 'drop table if exists temp."difference"'].join("; ") });
  }
}

/** Applies the difference to a table without a key: rows are taken out as often as it says. */
function applied(names: readonly string[]): string {
  const list = columnList(names);
  const same = names.map((name) => `q.${quoteIdentifier(name)} is not distinct from d.${quoteIdentifier(name)}`).join(" and ");
  const numbered = `select *, rowid as "_row", row_number() over (partition by ${list}) as "_place" from ${quoteTable(model)}`;
  return `delete from ${quoteTable(model)} where rowid in (
select "_row" from (${numbered}) as q join "difference" as d on ${same} where d."_op" < 0 and q."_place" <= -d."_op");
insert into ${quoteTable(model)} (${list}) select ${list} from (select ${list}, unnest(range("_op")) from "difference" where "_op" > 0)`;
}

async function differences(session: Session, full: string): Promise<readonly string[]> {
  const rows = await session.query({
    text: `select * from (select *, sum("_n") as "_surplus" from (select *, 1 as "_n" from ${quoteTable(model)} union all select *, -1 from (${full})) group by all)
where "_surplus" <> 0 limit 20`.replace('select *, sum("_n")', 'select * exclude ("_n"), sum("_n")'),
  });
  return rows.map((row) => JSON.stringify(row));
}
