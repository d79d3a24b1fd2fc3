import { quoteIdentifier } from "../define/quote.ts";
import type { ContractColumn } from "../define/types.ts";
import type { DescribedColumn, Engine, Row, Session } from "../ports/engine.ts";
import {
  type ComparedColumn,
  type ComparedSides,
  changedStatement,
  comparedColumns,
  comparesNatively,
  contentStatement,
  keyedCountsStatement,
  keysStatement,
  oneSidedStatement,
  rowCountsStatement,
  unmatchedRowsStatement,
} from "./comparison-statements.ts";
import { countOf, oneRow } from "./context.ts";
import type { ChangedRow, OneSidedRow, ShownValue, TableComparison } from "./table-comparison.ts";

export interface TablesToCompare {
  /** Quoted names, or parenthesized queries. */
  readonly old: string;
  readonly new: string;
  /** Columns that identify a row; empty: exactly one row; null: none. */
  readonly key: readonly string[] | null;
  /** The contract: tells which values are sensitive. Of a relation without contract every value is. */
  readonly contract: readonly ContractColumn[] | null;
  /** Rows shown of each kind of difference. */
  readonly samples: number;
}

/**
 * Compares two relations in the engine: by key where both have it and it is unique on both sides, else by whole rows as bags. NULL equals
 * NULL; numbers are exact. Equal row counts and content hashes (64 bits, summed over the rows) count as equal content.
 */
export async function compareTables(
  engine: Pick<Engine, "keyHash" | "contentHash">,
  session: Session,
  tables: TablesToCompare,
): Promise<TableComparison> {
  const { sides, facts } = await sidesOf(session, tables);
  if (sides.columns.length === 0) return nothingInCommon(session, tables, facts);
  const content = await session.query({ text: contentStatement(engine, sides) });
  const [before, after] = ["old", "new"].map((side) => content.find((item) => item.side === side));
  const rows = { old_rows: countOf(before?.rows), new_rows: countOf(after?.rows) };
  const hasKey = tables.key !== null && tables.key.length === sides.key.length;
  const found = { ...facts, ...rows, key: hasKey ? sides.key : [] };
  // The same value has another hash in another type.
  const sameTypes = facts.types.length === 0;
  if (sameTypes && before?.content === after?.content && rows.old_rows === rows.new_rows) {
    return { ...found, ...noDifference, by: hasKey ? "key" : "row", equal: rows.old_rows };
  }
  return hasKey && (await keysAreUnique(engine, session, sides, rows))
    ? { ...found, ...(await byKey(session, sides, tables.samples)) }
    : { ...found, ...(await byRow(session, sides, tables.samples, rows.old_rows)), key: [] };
}

type Facts = Pick<TableComparison, "only_old" | "only_new" | "types">;
type Difference = Omit<TableComparison, keyof Facts | "key" | "old_rows" | "new_rows">;

const noDifference = { added: 0, removed: 0, changed: 0, columns: [], samples: { added: [], removed: [], changed: [] } } as const;

/** The columns both sides have, in the old side's order and spelling. */
async function sidesOf(session: Session, tables: TablesToCompare): Promise<{ sides: ComparedSides; facts: Facts }> {
  const [old, now] = [await describe(session, tables.old), await describe(session, tables.new)];
  const common = old.flatMap((column) => {
    const other = columnNamed(now, column.name);
    return other === undefined ? [] : [{ column: column.name, old: column, new: other }];
  });
  const types = common.map((item) => ({ column: item.column, old: item.old.type, new: item.new.type }));
  const project = (relation: string, side: "old" | "new"): string => {
    const items = common.map((item, index) => {
      const [from, name] = [quoteIdentifier(item[side].name), quoteIdentifier(item.column)];
      const type = types[index];
      return type === undefined || comparesNatively(type) ? `${from} as ${name}` : `cast(${from} as varchar) as ${name}`;
    });
    return `(select ${items.join(", ")} from ${relation} as compared)`;
  };
  const key = (tables.key ?? []).flatMap((name) => common.find((item) => same(item.column, name))?.column ?? []);
  return {
    sides: {
      old: project(tables.old, "old"),
      new: project(tables.new, "new"),
      key,
      columns: common.map(
        ({ column, old: { type } }): ComparedColumn => ({ name: column, type, sensitive: isSensitive(tables.contract, column) }),
      ),
    },
    facts: {
      only_old: old.filter((column) => columnNamed(now, column.name) === undefined).map((column) => column.name),
      only_new: now.filter((column) => columnNamed(old, column.name) === undefined).map((column) => column.name),
      types: types.filter((item) => item.old !== item.new),
    },
  };
}

const describe = (session: Session, relation: string): Promise<readonly DescribedColumn[]> =>
  session.describe(`select * from ${relation} as compared`);

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function columnNamed(columns: readonly DescribedColumn[], name: string): DescribedColumn | undefined {
  return columns.find((column) => same(column.name, name));
}

/** A column that the contract does not know may be made from a sensitive one. */
function isSensitive(contract: readonly ContractColumn[] | null, name: string): boolean {
  if (contract === null) return true;
  return contract.find((column) => same(column.name, name))?.sensitive ?? contract.some((column) => column.sensitive);
}

async function nothingInCommon(session: Session, tables: TablesToCompare, facts: Facts): Promise<TableComparison> {
  const rows = await oneRow(
    session,
    `select (select count(*) from ${tables.old} as compared) as old_rows, (select count(*) from ${tables.new} as compared) as new_rows`,
  );
  const [old_rows, new_rows] = [countOf(rows.old_rows), countOf(rows.new_rows)];
  return { ...facts, ...noDifference, by: "row", key: [], old_rows, new_rows, added: new_rows, removed: old_rows, equal: 0 };
}

async function keysAreUnique(
  engine: Pick<Engine, "keyHash">,
  session: Session,
  sides: ComparedSides,
  rows: { readonly old_rows: number; readonly new_rows: number },
): Promise<boolean> {
  if (sides.key.length === 0) return rows.old_rows <= 1 && rows.new_rows <= 1;
  for (const how of ["hash", "exact"] as const) {
    const keys = await oneRow(session, keysStatement(engine, sides, how));
    if (countOf(keys.old_keys) === rows.old_rows && countOf(keys.new_keys) === rows.new_rows) return true;
  }
  return false;
}

async function byKey(session: Session, sides: ComparedSides, samples: number): Promise<Difference> {
  const counts = await oneRow(session, keyedCountsStatement(session.sql, sides));
  const [added, removed, changed] = [countOf(counts.added), countOf(counts.removed), countOf(counts.changed)];
  const columns = comparedColumns(sides)
    .map((column, index) => ({ column: column.name, changed: countOf(counts[`changed_${index}`]) }))
    .filter((column) => column.changed > 0);
  const oneSided = async (side: "old" | "new", count: number): Promise<readonly OneSidedRow[]> =>
    count === 0 || samples === 0
      ? []
      : rowsShown(sides, await session.query({ text: oneSidedStatement(session.sql, sides, side, samples) }));
  const changedRows = changed === 0 || samples === 0 ? [] : await session.query({ text: changedStatement(session.sql, sides, samples) });
  return {
    by: "key",
    added,
    removed,
    changed,
    equal: countOf(counts.matched) - changed,
    columns,
    samples: {
      added: await oneSided("new", added),
      removed: await oneSided("old", removed),
      changed: changedRows.map((row) => changedRow(sides, row)),
    },
  };
}

async function byRow(session: Session, sides: ComparedSides, samples: number, oldRows: number): Promise<Difference> {
  const counts = await oneRow(session, rowCountsStatement(sides));
  const [added, removed] = [countOf(counts.added), countOf(counts.removed)];
  const shown = async (side: "old" | "new", count: number): Promise<readonly OneSidedRow[]> =>
    count === 0 || samples === 0 ? [] : rowsShown(sides, await session.query({ text: unmatchedRowsStatement(sides, side, samples) }));
  return {
    ...noDifference,
    by: "row",
    added,
    removed,
    equal: oldRows - removed,
    samples: { added: await shown("new", added), removed: await shown("old", removed), changed: [] },
  };
}

function rowsShown(sides: ComparedSides, rows: readonly Row[]): readonly OneSidedRow[] {
  return rows.map((row) => ({
    row: Object.fromEntries(sides.columns.map((column, index) => [column.name, shown(row[`v${index}`])])),
    times: row.times === undefined ? 1 : countOf(row.times),
  }));
}

function changedRow(sides: ComparedSides, row: Row): ChangedRow {
  const cells = sides.columns.map(({ name }, index) => ({
    column: name,
    old: shown(row[`v${index}`]),
    new: shown(row[`w${index}`]),
    differs: row[`d${index}`] === true,
  }));
  return {
    key: Object.fromEntries(cells.filter((cell) => sides.key.includes(cell.column)).map((cell) => [cell.column, cell.old])),
    columns: cells.filter((cell) => cell.differs).map(({ column, old, new: now }) => ({ column, old, new: now })),
  };
}

const shown = (value: Row[string] | undefined): ShownValue => (value === null || value === undefined ? null : String(value));
