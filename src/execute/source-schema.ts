import type { BronzeTable } from "../compile/manifest.ts";
import { columnTypeName, parseColumnType } from "../define/column-type.ts";
import { quoteIdentifier } from "../define/quote.ts";
import type { ContractColumn } from "../define/types.ts";
import { AssayError } from "../errors.ts";
import { evolvedTable, type Session } from "../ports/engine.ts";
import type { DoorRule, ExtraColumn, Source, SourceFile, SourceRead } from "../ports/source.ts";
import type { EvolvedColumn } from "../ports/state-store.ts";

/** The columns that came from a bronze table's source without being declared, by lower-case name; grows as files are read. */
export type EvolvedColumns = Map<string, EvolvedColumn>;

/** How one file is read, and what of it is stored, where its columns may differ from the contract's. */
export interface FileSchema {
  /** Columns of the file that are read, in its order. */
  readonly read: readonly ContractColumn[];
  /** Columns to store: the contract's, then those of the source. */
  readonly stored: readonly ContractColumn[];
  readonly notes: readonly string[];
}

/** What a file has beyond the contract: the columns to keep, those that are left out, and why. */
interface Sorted {
  readonly kept: readonly ContractColumn[];
  readonly left: readonly ExtraColumn[];
  readonly notes: readonly string[];
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Of the columns on record, those the table shows beside its contract. */
export function evolvedSoFar(table: BronzeTable, recorded: readonly EvolvedColumn[]): EvolvedColumns {
  const shown = recorded.filter(({ name }) => !table.columns.some((own) => same(own.name, name)));
  return new Map(shown.map((column) => [column.name.toLowerCase(), column] as const));
}

/** All of the columns, and those of them that are not on record as they are. */
export function evolvedWith(
  evolved: EvolvedColumns,
  recorded: readonly EvolvedColumn[],
): { readonly columns: readonly EvolvedColumn[]; readonly changed: readonly EvolvedColumn[] } {
  const columns = [...evolved.values()];
  return { columns, changed: columns.filter(({ name, type }) => !recorded.some((before) => before.name === name && before.type === type)) };
}

/** The table with its evolved columns as if they were declared. */
export function withEvolved(table: BronzeTable, evolved: EvolvedColumns): BronzeTable {
  return evolved.size === 0 ? table : { ...table, columns: [...table.columns, ...[...evolved.values()].map(evolvedContract)] };
}

/** An evolved column as a contract would hold it. */
export function evolvedContract({ name, type }: EvolvedColumn): ContractColumn {
  return { name, type: parseColumnType(type) ?? { kind: "varchar" }, nullable: true, description: null, sensitive: false };
}

/**
 * Compares a file with the contract by the table's schema mode. Null where it is read as the contract says, or `open` is to refuse it.
 * `evolved` takes columns that are new. Throws SOURCE_HEADER.
 */
export async function fileSchema(
  session: Session,
  source: Source,
  table: BronzeTable,
  file: SourceFile,
  evolved: EvolvedColumns,
): Promise<FileSchema | null> {
  const { kind } = table.source;
  // `open` refuses other columns of a CSV file, and leaves out those of JSON: what these modes ask for, without reading anything twice.
  if ((kind === "csv" && table.schema === "freeze") || (kind === "json" && table.schema === "discard")) return null;
  const { names, extra } = await source.compare(table.source, file, table.columns, session);
  const isThere = ({ name }: ContractColumn): boolean => names.some((item) => (kind === "json" ? item === name : same(item, name)));
  const missing = table.columns.filter((column) => !isThere(column));
  const mayLack = kind === "json" || (table.schema === "evolve" && missing.length < table.columns.length);
  if (missing.some((column) => !mayLack || !column.nullable)) return null;
  if (extra.length > 0 && table.schema === "freeze") throw frozen(table, file, extra);
  const { kept, left, notes } = table.schema === "evolve" ? evolve(table, file, extra, evolved) : discard(extra);
  // A reader of CSV needs every column of the header.
  const passing = kind === "csv" ? left.map(({ name }) => evolvedContract({ name, type: "VARCHAR", first_file: "" })) : [];
  const place = (column: ContractColumn): number => names.findIndex((name) => same(name, column.name));
  const lacks = missing.map((column) => column.name).join(", ");
  return {
    read: [...table.columns.filter((column) => kind === "json" || isThere(column)), ...kept, ...passing].toSorted(
      (a, b) => place(a) - place(b),
    ),
    stored: [...table.columns, ...kept],
    notes: [
      ...notes.map((note) => `${file.name}: ${note}`),
      ...(lacks === "" || table.schema !== "evolve" ? [] : [`${file.name} lacks ${lacks}: null in its rows`]),
    ],
  };
}

/** A source that reads a file by its schema: rows come as they are stored, with null for what the file lacks. */
export function readingAs(source: Source, { read, stored }: FileSchema): Source {
  const select = stored.map(({ name, type }) => {
    const column = quoteIdentifier(name);
    return read.some((item) => item.name === name) ? column : `cast(null as ${columnTypeName(type)}) as ${column}`;
  });
  const asStored = (rows: string): string => `select ${select.join(", ")} from (${rows})`;
  const lacking = select.filter((column) => column.startsWith("cast("));
  // A rule may name a column that the file lacks.
  const overStored = (rule: DoorRule): DoorRule =>
    lacking.length === 0
      ? rule
      : { ...rule, broken: `exists (select 1 from (select ${lacking.join(", ")}) as lacking where ${rule.broken})` };
  return {
    list: source.list,
    fetch: source.fetch,
    compare: source.compare,
    open: async (from, file, _columns, reader) => {
      const { prove, ...opened } = await source.open(from, file, read, reader);
      const stored = (opened: SourceRead): SourceRead => ({
        ...opened,
        select: asStored(opened.select),
        selectFitting: asStored(opened.selectFitting),
      });
      return { ...stored(opened), ...(prove === undefined ? {} : { prove: async () => stored(await prove()) }) };
    },
    refusals: (from, file, opened, _columns, reader, rows) => source.refusals(from, file, opened, read, reader, rows),
    broken: (from, file, opened, _columns, rules, reader) => source.broken(from, file, opened, read, rules.map(overStored), reader),
    without: async (from, file, opened, _columns, records, reader) =>
      asStored(await source.without(from, file, opened, read, records, reader)),
  };
}

function frozen(table: BronzeTable, file: SourceFile, extra: readonly ExtraColumn[]): AssayError {
  const names = extra.map((column) => column.name).join(", ");
  const message = `${file.path}: the file has ${extra.length === 1 ? "column" : "columns"} ${names} that the contract does not`;
  const hint = `add ${names} to the contract, or let schema: "discard" or "evolve" take what is not in it`;
  return new AssayError("SOURCE_HEADER", message, { hint, location: table.location });
}

function discard(extra: readonly ExtraColumn[]): Sorted {
  const names = extra.map((column) => column.name).join(", ");
  return { kept: [], left: extra, notes: extra.length === 0 ? [] : [`columns that the contract does not have are left out: ${names}`] };
}

function evolve(table: BronzeTable, file: SourceFile, extra: readonly ExtraColumn[], evolved: EvolvedColumns): Sorted {
  const kept: ContractColumn[] = [];
  const left: ExtraColumn[] = [];
  const notes: string[] = [];
  for (const column of extra) {
    const key = column.name.toLowerCase();
    const known = evolved.get(key);
    const obstacle = obstacleTo(table, column, known, kept);
    if (obstacle !== null) {
      left.push(column);
      notes.push(`column ${column.name} is left out: ${obstacle}`);
      continue;
    }
    const type = typeAfter(table, column, known);
    const next = { name: known?.name ?? column.name, type, first_file: known?.first_file ?? file.path };
    evolved.set(key, next);
    if (known === undefined)
      notes.push(`new column ${next.name} (${type}): shown in ${evolvedTable(table.name)}; declare it to use it in models`);
    else if (known.type !== type) notes.push(`column ${next.name} was ${known.type}, this file's values are not: ${type} from now on`);
    const isNested = column.types[0]?.kind === "json";
    kept.push(evolvedContract({ ...next, type: isNested ? "JSON" : type }));
  }
  return { kept, left, notes };
}

/** Why a column cannot be kept. */
function obstacleTo(
  table: BronzeTable,
  column: ExtraColumn,
  known: EvolvedColumn | undefined,
  kept: readonly ContractColumn[],
): string | null {
  const taken = [...table.columns, ...kept].find((item) => same(item.name, column.name))?.name ?? known?.name;
  if (column.unusable !== null) return `no column can have its type ${column.unusable}`;
  if (column.name.startsWith("_")) return "names that start with _ belong to the platform";
  if (table.partitionBy.some((part) => same(part.folder, column.name))) return "a partition folder has its name";
  // JSON tells names apart that SQL does not.
  return table.source.kind === "json" && taken !== undefined && taken !== column.name
    ? `its name differs from ${taken} in case only`
    : null;
}

/** The type a column has once this file is read. Text of any kind is text at last; Parquet has types of its own, which must not change. */
function typeAfter(table: BronzeTable, column: ExtraColumn, known: EvolvedColumn | undefined): string {
  const fits = column.types.map(columnTypeName);
  if (known === undefined) return fits[0] ?? "VARCHAR";
  const holds = fits.length === 0 || fits.includes(known.type) || known.type === "JSON" || table.source.kind === "parquet";
  return holds ? known.type : "VARCHAR";
}
