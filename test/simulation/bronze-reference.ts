import type { BronzeSpec, SourceRow } from "./scenario.ts";

export interface SentFile {
  readonly name: string;
  readonly rows: readonly SourceRow[];
  /** Place of a row → what it was mended to, and entered as. */
  readonly mended: ReadonlyMap<number, SourceRow>;
}

/** What a bronze table has to hold, told from the files alone. */
export interface BronzeContent {
  /** Files that count, in the order in which they came. */
  readonly files: readonly SentFile[];
  readonly rows: readonly SourceRow[];
}

/** A refused row that is to enter; null: mended to something that does not fit either. */
export interface Mend {
  readonly isOf: (file: SentFile) => boolean;
  readonly place: number;
  readonly row: SourceRow | null;
}

export const noContent: BronzeContent = { files: [], rows: [] };

const sameRows = (a: SentFile, b: SentFile): boolean => JSON.stringify(a.rows) === JSON.stringify(b.rows);

/** A row the contract takes. */
const isGood = (row: SourceRow): boolean =>
  row.id !== null && row.ts !== null && row.op !== null && (row.qty === null || row.qty === undefined || /^-?\d+$/.test(row.qty));

/** A file's rows as they are by now, those that no contract takes among them. */
export const rowsNow = ({ rows, mended }: SentFile): readonly SourceRow[] => rows.map((row, place) => mended.get(place) ?? row);

const goodRows = (files: readonly SentFile[]): readonly SourceRow[] => files.flatMap((file) => rowsNow(file).filter(isGood));

/** Places of the rows that are in quarantine. */
export const refusedPlaces = (file: SentFile): readonly number[] => rowsNow(file).flatMap((row, place) => (isGood(row) ? [] : [place]));

/** The table after an ingest of the files shown now, all of which are read `again` or the new ones; null: it has to be refused. */
export function ingested(spec: BronzeSpec, content: BronzeContent, shown: readonly SentFile[], again: boolean): BronzeContent | null {
  if (shown.length === 0) return null;
  // What was mended belongs to its file and that content.
  const now = shown.map((file) => content.files.findLast((item) => item.name === file.name && sameRows(item, file)) ?? file);
  const fresh = now.filter((file) => content.files.findLast((item) => item.name === file.name) !== file);
  const read = again ? now : fresh;
  if (goodRows(read).length === 0 && read.some((file) => file.rows.length > 0)) return null;
  if (spec.load === "merge") return merged(spec, [...content.files, ...fresh], fresh);
  const gone = content.files.filter((file) => !shown.some((item) => item.name === file.name));
  return whole(spec, spec.load === "replace" ? now : [...gone, ...now]);
}

/** The table after some of its refused rows have entered; null: it has to be refused. */
export function replayed(spec: BronzeSpec, content: BronzeContent, mends: readonly Mend[]): BronzeContent | null {
  if (mends.every(({ row }) => row === null)) return null;
  const files = content.files.map((file): SentFile => {
    const own = mends.flatMap(({ isOf, place, row }) => (row !== null && isOf(file) ? [[place, row] as const] : []));
    return own.length === 0 ? file : { ...file, mended: new Map([...file.mended, ...own]) };
  });
  return spec.load === "merge" ? merged(spec, files, files) : whole(spec, files);
}

const keyOf = (spec: BronzeSpec, row: SourceRow): string => JSON.stringify(spec.key.map((name) => row[name]));

function whole(spec: BronzeSpec, files: readonly SentFile[]): BronzeContent | null {
  const rows = goodRows(files);
  const keys = new Set(rows.map((row) => keyOf(spec, row)));
  return spec.key.length > 0 && keys.size < rows.length ? null : { files, rows };
}

function merged(spec: BronzeSpec, files: readonly SentFile[], read: readonly SentFile[]): BronzeContent | null {
  const distinct = (file: SentFile): readonly SourceRow[] => [
    ...new Map(goodRows([file]).map((row) => [canonical(spec, row), row])).values(),
  ];
  const isTold = (file: SentFile): boolean => new Set(distinct(file).map((row) => keyOf(spec, row))).size === distinct(file).length;
  if (!read.every(isTold)) return null;
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
