import { nearestName } from "../../define/nearest-name.ts";
import type { CsvSource } from "../../define/source.ts";
import type { ContractColumn } from "../../define/types.ts";
import { AssayError } from "../../errors.ts";
import { splitRecord } from "./csv-header.ts";

export interface MatchedHeader {
  /** The contract's columns in the file's order. */
  readonly columns: readonly ContractColumn[];
  readonly notes: readonly string[];
}

const separators = [",", ";", "\t", "|"];

/** Names agree as they do in SQL: whatever their case. */
export const sameName = (name: string): string => name.trim().toLowerCase();

/** The names in a header, each of which stands there once. Throws SOURCE_HEADER. */
export function headerNames(path: string, text: string, columns: readonly ContractColumn[], source: CsvSource): readonly string[] {
  const names = splitRecord(text, source).map((name) => name.trim());
  const byName = new Map(columns.map((column) => [sameName(column.name), column]));
  if (columns.some((column) => !names.some((name) => sameName(name) === sameName(column.name)))) {
    requireDelimiter(path, text, names, byName, source);
  }
  requireDistinct(path, names);
  return names;
}

/** Compares a header with the contract. Throws SOURCE_HEADER. */
export function matchHeader(path: string, text: string, columns: readonly ContractColumn[], source: CsvSource): MatchedHeader {
  const names = headerNames(path, text, columns, source);
  const byName = new Map(columns.map((column) => [sameName(column.name), column]));
  requireColumns(path, names, columns, "header");
  const ordered = names.flatMap((name) => byName.get(sameName(name)) ?? []);
  const moved = ordered.some((column, index) => column !== columns[index]);
  return { columns: ordered, notes: moved ? ["the file's columns stand in another order than the contract's: matched by name"] : [] };
}

/** Throws SOURCE_HEADER when a file lacks columns of the contract or, being CSV, has others. `where` names what lists the columns. */
export function requireColumns(path: string, names: readonly string[], columns: readonly ContractColumn[], where: "header" | "file"): void {
  const known = new Set(columns.map((column) => sameName(column.name)));
  const present = new Set(names.map(sameName));
  const missing = columns.filter((column) => !present.has(sameName(column.name))).map((column) => column.name);
  const extra = names.filter((name) => !known.has(sameName(name)));
  if (missing.length === 0 && (extra.length === 0 || where === "file")) return;
  const lacks = missing.map((name) => {
    const nearest = nearestName(name, extra);
    return nearest === null ? name : `${name} (did you mean ${nearest}?)`;
  });
  const faults = [
    ...(missing.length === 0 ? [] : [`lacks ${plural("column", missing)} ${lacks.join(", ")}`]),
    ...(extra.length === 0 ? [] : [`has ${plural("column", extra)} ${extra.join(", ")} that the contract does not`]),
  ];
  const hint =
    missing.length === 0
      ? `add ${extra.join(", ")} to the contract, or let schema: "discard" or "evolve" take what is not in it`
      : "write the names in the contract's columns as the file has them, or ask whoever sends the file";
  throw new AssayError("SOURCE_HEADER", `${path}: the ${where} ${faults.join(" and ")}`, { hint });
}

const plural = (word: string, names: readonly string[]): string => (names.length === 1 ? word : `${word}s`);

function requireDistinct(path: string, names: readonly string[]): void {
  const unnamed = names.indexOf("");
  if (unnamed !== -1) {
    const hint = unnamed === names.length - 1 ? "take the delimiter off the end of the header and of every row" : "give the column a name";
    throw new AssayError("SOURCE_HEADER", `${path}: column ${unnamed + 1} of the header has no name`, { hint });
  }
  const places = Map.groupBy(
    names.map((name, index) => ({ name, place: index + 1 })),
    ({ name }) => sameName(name),
  );
  for (const [first, ...others] of places.values()) {
    if (first === undefined || others.length === 0) continue;
    const where = [first, ...others].map(({ place }) => place).join(" and ");
    throw new AssayError("SOURCE_HEADER", `${path}: the header names ${first.name} more than once (columns ${where})`, {
      hint: "every column needs a name of its own",
    });
  }
}

/** Throws when another delimiter would find more of the contract's columns. */
function requireDelimiter(
  path: string,
  text: string,
  names: readonly string[],
  byName: ReadonlyMap<string, ContractColumn>,
  source: CsvSource,
): void {
  const found = (values: readonly string[]): number => values.filter((name) => byName.has(sameName(name))).length;
  const others = separators.filter((separator) => separator !== source.delimiter);
  const ranked = others
    .map((delimiter) => ({ delimiter, found: found(splitRecord(text, { delimiter, quote: source.quote })) }))
    .toSorted((a, b) => b.found - a.found);
  const best = ranked[0];
  if (best === undefined || best.found <= found(names)) return;
  const message = `${path}: the header is separated by ${JSON.stringify(best.delimiter)}, not by ${JSON.stringify(source.delimiter)}`;
  throw new AssayError("SOURCE_HEADER", message, { hint: `set delimiter: ${JSON.stringify(best.delimiter)} in the source's csv(…)` });
}
