import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { BronzeTable } from "../compile/manifest.ts";
import { columnList, quoteIdentifier, quoteText } from "../define/quote.ts";
import { AssayError, messageOf } from "../errors.ts";
import type { Session } from "../ports/engine.ts";
import { type DoorRule, proven, type Refusal, type Source, type SourceFile, type SourceRead } from "../ports/source.ts";
import { countOf } from "./context.ts";
import { keeps } from "./door-rules.ts";
import { engineMessage } from "./engine-message.ts";

/** One source file turned into Parquet. */
export interface LandedFile {
  readonly file: SourceFile;
  /** Records in the file times replicas. */
  readonly records: number;
  readonly rows: number;
  readonly refused: readonly Refusal[];
  /** Records left out because they are replayed, times replicas. */
  readonly leftOut: number;
  /** Absolute path or glob of the Parquet files; empty when no row fitted. */
  readonly files: string;
  readonly notes: readonly string[];
}

interface CopyResult {
  readonly rows: number;
  readonly columnsWithNulls: ReadonlySet<string>;
}

/** What every record of a table's files has to pass. */
export interface Door {
  readonly replicas: number;
  /** Rules beside the contract; rows that break one are refused. */
  readonly rules: readonly DoorRule[];
}

/**
 * Writes one file's rows as Parquet below the batch folder. Rows that do not fit the contract or break a rule are left out and returned as
 * refused; so are, but not returned, the records of `leftOut`. Throws SOURCE_*, LEDGER_UNBALANCED.
 */
export async function landFile(
  session: Session,
  source: Source,
  table: BronzeTable,
  file: SourceFile,
  target: { readonly folder: string; readonly position: number },
  { replicas, rules }: Door,
  leftOut: ReadonlySet<number> = new Set(),
): Promise<LandedFile> {
  const { folder } = target;
  const name = `file_${String(target.position).padStart(5, "0")}`;
  const copy = (select: string): Promise<CopyResult> => copyRows(session, table, kept(select, rules), folder, name, replicas);
  const attemptOf = (select: string): Promise<CopyResult | null> =>
    copy(select).catch((error: unknown) => {
      if (!isMisfit(error)) throw unreadable(table, file, error);
      return null;
    });
  const { read, attempt } = await readFirst();
  const fits = attempt !== null && table.columns.every((column) => column.nullable || !attempt.columnsWithNulls.has(column.name));
  const refusals = (rows: number | null): Promise<readonly Refusal[]> =>
    source.refusals(table.source, file, read, table.columns, session, rows);
  const refused = [...(await refusals(fits ? attempt.rows / replicas : null))];
  if (rules.length > 0 && (!fits || read.records === null || read.records * replicas !== attempt.rows + refused.length * replicas)) {
    // Rare: rows are missing, which broke a rule, so all that is left out is looked for; the rule may have hidden a value that does not fit.
    if (fits) refused.splice(0, refused.length, ...(await refusals(null)));
    refused.push(...(await source.broken(table.source, file, read, table.columns, rules, session)));
  }
  const numbers = new Set(refused.map((row) => row.row_number));
  const accepted = new Set([...leftOut].filter((record) => !numbers.has(record)));
  const { rows } = fits && accepted.size === 0 ? attempt : await copyAgain();
  const aside = refused.length + accepted.size;
  const records = (read.records ?? rows / replicas + aside) * replicas;
  if (records !== rows + aside * replicas) {
    throw new AssayError(
      "LEDGER_UNBALANCED",
      `${file.path} holds ${records} records, but ${rows} were read and ${aside * replicas} refused`,
      {
        hint: "the file's quoting is read differently than written: check quote and delimiter; nothing was ingested",
        location: table.location,
      },
    );
  }
  const partitioned = table.partitionBy.length > 0;
  const files = rows === 0 ? "" : join(folder, partitioned ? `**/${name}_*.parquet` : `${name}.parquet`);
  const open = refused.filter((row) => row.row_number === null || !leftOut.has(row.row_number));
  return { file, records, rows, refused: open, leftOut: leftOut.size * replicas, files, notes: read.notes };

  /** The engine reads while the file is looked through; what it made of a file that is not as it should be goes. */
  async function readFirst(): Promise<{ readonly read: SourceRead; readonly attempt: CopyResult | null }> {
    const opened = await source.open(table.source, file, table.columns, session);
    const [looked, first] = await Promise.allSettled([proven(opened), attemptOf(opened.select)]);
    if (looked.status === "fulfilled" && looked.value.select === opened.select) {
      if (first.status === "rejected") throw first.reason;
      return { read: looked.value, attempt: first.value };
    }
    await forgetCopy(opened);
    if (looked.status === "rejected") throw looked.reason;
    return { read: looked.value, attempt: await attemptOf(looked.value.select) };
  }

  async function forgetCopy(read: SourceRead): Promise<void> {
    const written = (await readdir(folder, { recursive: true })).filter((path) => basename(path).startsWith(name));
    await Promise.all(written.map((path) => rm(join(folder, path))));
    await dropRejects(read);
  }

  async function dropRejects({ rejects }: SourceRead): Promise<void> {
    if (rejects !== null) await session.execute({ text: `drop table if exists ${rejects.table}; drop table if exists ${rejects.scan}` });
  }

  /** Rare: a value does not fit, the statistics of the files show nulls where the contract allows none, or a record is left out. */
  async function copyAgain(): Promise<CopyResult> {
    await forgetCopy(read);
    const select =
      accepted.size === 0 ? read.selectFitting : await source.without(table.source, file, read, table.columns, accepted, session);
    const result = await copy(select).catch((error: unknown) => {
      throw unreadable(table, file, error);
    });
    // `refusals` dropped these before; this reading has filled them again with the same rows.
    await dropRejects(read);
    return result;
  }
}

/** The rows that break no rule. */
function kept(select: string, rules: readonly DoorRule[]): string {
  return rules.length === 0 ? select : `select * from (${select}) where ${keeps(rules).join(" and ")}`;
}

/** A value that does not fit is a failed cast or a call of error(). */
const isMisfit = (error: unknown): boolean => !(error instanceof AssayError) && /^(Conversion|Invalid Input) Error/.test(messageOf(error));

function unreadable(table: BronzeTable, file: SourceFile, error: unknown): AssayError {
  if (error instanceof AssayError) return error;
  return new AssayError(
    "SOURCE_UNREADABLE",
    `${file.path} cannot be read as ${table.source.kind}: ${engineMessage(error, table, { tables: [] })}`,
    { hint: "compare the file with the source's options (delimiter, quote, layout)", location: table.location, cause: error },
  );
}

async function copyRows(
  session: Session,
  table: BronzeTable,
  selected: string,
  folder: string,
  name: string,
  replicas: number,
): Promise<CopyResult> {
  const rows = `(${selected}) as source`;
  const columns = columnList(table.columns.map((column) => column.name));
  const body = replicas === 1 ? `select ${columns} from ${rows}` : replicated(table, rows, replicas);
  const folders = table.partitionBy.map((part) => `, (${part.expression}) as ${quoteIdentifier(part.folder)}`);
  const select = folders.length === 0 ? body : `select ${columns}${folders.join("")} from (${body})`;
  const target = folders.length === 0 ? join(folder, `${name}.parquet`) : folder;
  const partition =
    folders.length === 0
      ? ""
      : `, partition_by (${columnList(table.partitionBy.map((part) => part.folder))}), overwrite_or_ignore true, filename_pattern ${quoteText(`${name}_{i}`)}`;
  // A chunk is a range of rows: of large groups too much would be read for each, of many small ones their list.
  const groups = table.chunks === undefined ? "" : ", row_group_size 20480";
  const statistics = await session.query({
    text: `copy (${select}) to ${quoteText(target)} (format parquet, parquet_version v2, return_stats true${groups}${partition})`,
  });
  return {
    rows: statistics.reduce((sum, row) => sum + countOf(row.count), 0),
    columnsWithNulls: new Set(statistics.flatMap((row) => nullColumns(row.column_statistics))),
  };
}

/** Copies of every row with new keys; copy 0 keeps the originals. */
function replicated(table: BronzeTable, rows: string, replicas: number): string {
  const keys = new Set(table.replicate?.keys ?? []);
  const columns = table.columns.map(({ name }) => {
    const column = quoteIdentifier(name);
    return keys.has(name) ? `case when replica = 0 then ${column} else ${column} || '~' || replica end as ${column}` : column;
  });
  return `select ${columns.join(", ")} from (select * from ${rows}) cross join range(${replicas}) as replicas(replica)`;
}

/** Names of the columns in which a written file has nulls, from COPY's `column_statistics`. */
function nullColumns(statistics: unknown): readonly string[] {
  if (!Array.isArray(statistics)) return [];
  return (
    statistics as readonly { readonly key: string; readonly value: readonly { readonly key: string; readonly value: string }[] }[]
  ).flatMap(({ key, value }) =>
    value.some((entry) => entry.key === "null_count" && entry.value !== "0") ? [key.replace(/^"|"$/g, "").replaceAll('""', '"')] : [],
  );
}
