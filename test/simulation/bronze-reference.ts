import type { BronzeSpec, SourceRow } from "./scenario.ts";

export interface SentFile {
  readonly name: string;
  readonly rows: readonly SourceRow[];
}

/** What a bronze table has to hold, told from the files alone. */
export interface BronzeContent {
  /** Files that count, in the order in which they came. */
  readonly files: readonly SentFile[];
  readonly rows: readonly SourceRow[];
}

export const noContent: BronzeContent = { files: [], rows: [] };

const sameRows = (a: SentFile, b: SentFile): boolean => JSON.stringify(a.rows) === JSON.stringify(b.rows);

/** A row the contract takes. */
const isGood = (row: SourceRow): boolean =>
  row.id !== null && row.ts !== null && row.op !== null && (row.qty === null || row.qty === undefined || /^-?\d+$/.test(row.qty));

const goodRows = (files: readonly SentFile[]): readonly SourceRow[] => files.flatMap((file) => file.rows.filter(isGood));

/** Files among those shown that were not ingested as they are now. */
function newFiles(content: BronzeContent, shown: readonly SentFile[]): readonly SentFile[] {
  return shown.filter((file) => {
    const known = content.files.findLast((item) => item.name === file.name);
    return known === undefined || !sameRows(known, file);
  });
}

/** The table after an ingest of the files shown now, all of which are read `again` or the new ones; null: it has to be refused. */
export function ingested(spec: BronzeSpec, content: BronzeContent, shown: readonly SentFile[], again: boolean): BronzeContent | null {
  if (shown.length === 0) return null;
  const fresh = newFiles(content, shown);
  const read = again ? shown : fresh;
  if (goodRows(read).length === 0 && read.some((file) => file.rows.length > 0)) return null;
  if (spec.load === "merge") return merged(spec, { ...content, files: [...content.files, ...fresh] }, fresh);
  const gone = content.files.filter((file) => !shown.some((item) => item.name === file.name));
  const files = spec.load === "replace" ? shown : [...gone, ...shown];
  const rows = goodRows(files);
  const keys = new Set(rows.map((row) => keyOf(spec, row)));
  return spec.key.length > 0 && keys.size < rows.length ? null : { files, rows };
}

const keyOf = (spec: BronzeSpec, row: SourceRow): string => JSON.stringify(spec.key.map((name) => row[name]));

function merged(spec: BronzeSpec, { files }: BronzeContent, fresh: readonly SentFile[]): BronzeContent | null {
  const distinct = (file: SentFile): readonly SourceRow[] => [
    ...new Map(file.rows.filter(isGood).map((row) => [canonical(spec, row), row])).values(),
  ];
  const isTold = (file: SentFile): boolean => new Set(distinct(file).map((row) => keyOf(spec, row))).size === distinct(file).length;
  if (!fresh.every(isTold)) return null;
  const held = new Map<string, SourceRow>();
  for (const file of files) {
    for (const row of distinct(file)) {
      if (spec.deleted !== null && row.op === "D") held.delete(keyOf(spec, row));
      else held.set(keyOf(spec, row), row);
    }
  }
  return { files, rows: [...held.values()] };
}

const canonical = (spec: BronzeSpec, row: SourceRow): string => JSON.stringify(spec.columns.map(({ name }) => row[name] ?? null));
