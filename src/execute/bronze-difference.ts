import type { BronzeTable } from "../compile/manifest.ts";
import { describedColumns } from "../define/column-type.ts";
import { columnList } from "../define/quote.ts";
import type { Session } from "../ports/engine.ts";
import type { IngestedFile } from "../ports/state-store.ts";
import type { RowChanges } from "../terms.ts";
import { countOf, oneRow, paramsOf, type Run } from "./context.ts";
import type { Ingested } from "./ingested.ts";
import { countChanges, createDifference, dropDifference } from "./row-changes.ts";

/** How a table's rows differ from those published before. */
export interface TableDifference {
  readonly kind: "none" | "changes" | "reset";
  readonly changes: RowChanges | null;
  /** Rows left out because the same file holds them twice. */
  readonly repeated: number;
}

export const wholeTable: TableDifference = { kind: "reset", changes: null, repeated: 0 };
export const sameRows: TableDifference = { kind: "none", changes: null, repeated: 0 };

/** More changed rows than this share of the table are not recorded one by one: whoever follows them is better off reading it all. */
const largestRecordedShare = 0.5;

/**
 * The rows that files which went away took with them, against those that new files brought: what stands in both is no change, however often
 * a file is sent again.
 */
export async function bronzeDifference(
  run: Run,
  session: Session,
  table: BronzeTable,
  ingested: Ingested,
  rows: number,
): Promise<TableDifference> {
  const before = run.publications.get(table.name);
  if (before === undefined || !comparable(run, table, ingested.before)) return wholeTable;
  const isIn = (list: readonly IngestedFile[], file: IngestedFile): boolean =>
    list.some((item) => item.name === file.name && item.files === file.files);
  const pathsOf = (files: readonly IngestedFile[]): readonly string[] =>
    files.filter((file) => file.files !== "").map((file) => run.lake.absolute(file.files));
  const gone = ingested.before.filter((file) => !isIn(ingested.current, file));
  const come = ingested.current.filter((file) => !isIn(ingested.before, file));
  const [goneRows, comeRows] = [gone, come].map((files) => files.reduce((sum, file) => sum + file.rows, 0));
  if (goneRows === 0 && comeRows === 0) return sameRows;
  const removed = await run.engine.batchRows(session, table, pathsOf(gone));
  const added = await run.engine.batchRows(session, table, pathsOf(come));
  const columns = columnList(table.columns.map((column) => column.name));
  if (!table.tracked) {
    if (goneRows !== comeRows) return wholeTable;
    const hash = async (from: string): Promise<unknown> =>
      (await oneRow(session, `select ${run.engine.contentHash(describedColumns(table.columns))} as content from ${from} as batch`)).content;
    return (await hash(removed)) === (await hash(added)) ? sameRows : wholeTable;
  }
  await createDifference(session, table, `select ${columns} from ${removed} as batch`, {
    text: `select ${columns} from ${added} as batch`,
  });
  const { inserted, updated, deleted, rows: changed } = await countChanges(session, table);
  const isLarge = !run.alwaysRefresh && changed > Math.max(rows, before.rows) * largestRecordedShare;
  if (changed === 0 || isLarge) await dropDifference(session);
  if (changed === 0) return sameRows;
  if (isLarge) return { ...wholeTable, changes: { inserted, updated, deleted } };
  return { kind: "changes", changes: { inserted, updated, deleted }, repeated: 0 };
}

/** Are the files that counted so far of the shape the table has now? */
export function comparable(run: Run, table: BronzeTable, before: readonly IngestedFile[]): boolean {
  const published = run.publications.get(table.name);
  const params = paramsOf(run, table);
  return (
    published !== undefined &&
    Object.entries(params).every(([name, value]) => published.params[name] === value) &&
    before.every((file) => file.contract_fingerprint === table.contractFingerprint) &&
    before.reduce((sum, file) => sum + countOf(file.rows), 0) > 0
  );
}
