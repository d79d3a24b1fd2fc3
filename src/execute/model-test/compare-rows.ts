import type { CompiledExpectation } from "../../compile/model-test/compile-model-test.ts";
import { quoteIdentifier, quoteTable } from "../../define/quote.ts";
import type { ContractColumn } from "../../define/types.ts";
import type { Row, Session } from "../../ports/engine.ts";
import type { TableName } from "../../terms.ts";
import { countOf, oneRow } from "../context.ts";
import { pairedByKey, type RowDiff } from "./row-diff.ts";

/** Rows of each side that are fetched to be shown. */
const shownRows = 500;

/** Compares a table with the rows a test expects, as multisets, on the columns the test names; null when they agree. */
export async function compareRows(session: Session, table: TableName, expectation: CompiledExpectation): Promise<RowDiff | null> {
  const { fixture, key, partial, ordered } = expectation;
  const { columns } = fixture;
  const values = columns.map(comparable).join(", ");
  // Numbered where they stand: a table gives its rows in the order in which they were written.
  const numbered = (from: string): string => `select row_number() over () as _row, ${values} from ${from}`;
  const sides = { _expected: numbered(`(${fixture.select})`), _actual: numbered(quoteTable(table)) };
  const only = (side: string, other: string): string =>
    `select * exclude (_row) from ${side} except all select * exclude (_row) from ${other}`;
  const both = { _missing: only("_expected", "_actual"), _unexpected: only("_actual", "_expected") };
  const named = Object.entries({ ...sides, ...both });
  const counts = await oneRow(
    session,
    `with ${named.map(([name, text]) => `${name} as materialized (${text})`).join(", ")}
      select ${named.map(([name]) => `(select count(*) from ${name}) as ${name}`).join(", ")}`,
  );
  const missing = countOf(counts._missing);
  const unexpected = partial ? 0 : countOf(counts._unexpected);
  if (missing === 0 && unexpected === 0 && !ordered) return null;
  await session.execute({ text: named.map(([name, text]) => `create or replace temp table ${name} as ${text}`).join("; ") });
  const place = ordered && missing === 0 && unexpected === 0 ? await firstMisplaced(session, columns) : null;
  if (missing === 0 && unexpected === 0 && place === null) return null;
  const order = [...key, ...columns.map((column) => column.name).filter((name) => !key.includes(name))].map(quoteIdentifier).join(", ");
  const read = (name: string): Promise<readonly Row[]> => session.query({ text: `from ${name} order by ${order} limit ${shownRows}` });
  const pairs = pairedByKey({ missing: await read("_missing"), unexpected: await read("_unexpected") }, expectation);
  const listed = pairs.missing.length + pairs.unexpected.length;
  return {
    columns: columns.map((column) => column.name),
    key,
    expected_rows: countOf(counts._expected),
    actual_rows: countOf(counts._actual),
    equal_rows: countOf(counts._expected) - missing,
    ...pairs,
    not_listed: missing - pairs.changed.length + Math.max(0, unexpected - (partial ? 0 : pairs.changed.length)) - listed,
    partial,
    misplaced: place,
  };
}

/** Doubles are compared to 12 digits, JSON without its layout; everything else as it is. */
function comparable({ name, type }: ContractColumn): string {
  const column = quoteIdentifier(name);
  if (type.kind === "double") return `printf('%.12g', ${column})::double as ${column}`;
  return type.kind === "json" ? `json(${column}) as ${column}` : column;
}

async function firstMisplaced(session: Session, columns: readonly ContractColumn[]): Promise<RowDiff["misplaced"]> {
  const differs = columns.map(({ name }) => `e.${quoteIdentifier(name)} is distinct from a.${quoteIdentifier(name)}`).join(" or ");
  const row = await oneRow(session, `select min(e._row) as place from _expected e join _actual a using (_row) where ${differs}`);
  if (row.place === null) return null;
  const place = countOf(row.place);
  const at = (side: string): Promise<Row> => oneRow(session, `select * exclude (_row) from ${side} where _row = ${place}`) as Promise<Row>;
  return { row: place, expected: await at("_expected"), actual: await at("_actual") };
}
