import { touchedName } from "../compile/incremental/relation-names.ts";
import type { ModelTable } from "../compile/manifest.ts";
import { columnList, quoteIdentifier } from "../define/quote.ts";
import type { Session, Statement } from "../ports/engine.ts";
import { type Diverted, divertRows } from "./divert-rows.ts";
import { divertingRules } from "./door-rules.ts";
import { createTemporary, dropTemporary } from "./temporary-table.ts";

const touchedRows = quoteIdentifier("touched rows");
const judgedValues = quoteIdentifier("judged values");

/** The rows of a refresh that are published, and those that rules of severity `quarantine` take out; the latter are judged for the touched values only. */
export async function divertTouched(
  session: Session,
  table: ModelTable,
  made: Statement,
  by: readonly string[],
): Promise<{ readonly select: Statement; readonly diverted: Diverted | null }> {
  if (divertingRules(session.sql, table.checks).length === 0) return { select: made, diverted: null };
  await createTemporary(session, touchedRows, made);
  await createTemporary(session, judgedValues, { text: `select * from ${touchedName}` });
  const touched = { from: judgedValues, columns: by };
  const diverted = await divertRows(session, table, touchedRows, { touched, closedAs: "superseded" });
  const columns = columnList(table.columns.map((column) => column.name));
  return { select: { text: `select ${columns} from ${touchedRows}` }, diverted };
}

/** Drops what {@link divertTouched} made. */
export async function dropTouchedRows(session: Session): Promise<void> {
  for (const name of [touchedRows, judgedValues]) await dropTemporary(session, name);
}
