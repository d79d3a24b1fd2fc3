import { parseColumnType } from "../../define/column-type.ts";
import { quoteIdentifier, quoteText } from "../../define/quote.ts";
import type { CsvSource, JsonSource } from "../../define/source.ts";
import type { ColumnType, ContractColumn } from "../../define/types.ts";
import type { ExtraColumn, FileReader, SourceFile } from "../../ports/source.ts";
import { readCsvHeader } from "./csv-header.ts";
import { inferredKinds, inferTypes } from "./infer-types.ts";
import { jsonDocuments, maxJsonBytes } from "./json-rows.ts";
import { headerNames, sameName } from "./match-header.ts";
import { type ParquetShapes, parquetColumns } from "./parquet-source.ts";
import { quotePath } from "./sql.ts";
import { defaultRowBytes, recordFormat, scanText } from "./text-scan.ts";

interface Comparison {
  readonly names: readonly string[];
  readonly extra: readonly ExtraColumn[];
}

/** Columns of a CSV file's header. Types of those the contract does not have are told from all their values. */
export async function compareCsv(
  source: CsvSource,
  file: SourceFile,
  columns: readonly ContractColumn[],
  reader: FileReader,
): Promise<Comparison> {
  const { text, blankLines } = await readCsvHeader(file.path, source);
  const names = headerNames(file.path, text, columns, source);
  const known = new Set(columns.map((column) => sameName(column.name)));
  const extra = names.filter((name) => !known.has(sameName(name)));
  if (extra.length === 0) return { names, extra: [] };
  const types = names.map((name) => `${quoteText(name)}: 'VARCHAR'`).join(", ");
  const from = `read_csv(${quotePath(file.path)}, columns = {${types}}, auto_detect = false, header = true, skip = ${blankLines},
    delim = ${quoteText(source.delimiter)}, quote = ${quoteText(source.quote)}, escape = ${quoteText(source.quote)}, strict_mode = true,
    max_line_size = ${source.maxRowBytes}, hive_partitioning = false, ignore_errors = true)`;
  const texts = extra.map((name) => ({ text: quoteIdentifier(name), candidates: inferredKinds }));
  const inferred = await inferTypes(from, texts, reader);
  return { names, extra: extra.map((name, index) => ({ name, types: inferred[index] ?? [], unusable: null })) };
}

/** Kinds that values of JSON's own types can have; texts stay text, whatever stands in them. */
const jsonKinds: Readonly<Record<string, readonly string[]>> = {
  BOOLEAN: ["boolean"],
  BIGINT: ["bigint", "double"],
  UBIGINT: ["bigint", "double"],
  DOUBLE: ["bigint", "double"],
};

/** Fields of a JSON file's objects; one that holds an object or a list anywhere is json. */
export async function compareJson(
  source: JsonSource,
  file: SourceFile,
  columns: readonly ContractColumn[],
  reader: FileReader,
): Promise<Comparison> {
  const format = recordFormat(source);
  const largest = format === null ? maxJsonBytes : (await scanText(file.path, format)).largestRecord + 2;
  const documents = jsonDocuments(source, file.path, Math.min(maxJsonBytes, Math.max(defaultRowBytes, largest)), null);
  const pointer = "'/' || replace(replace(field, '~', '~0'), '/', '~1')";
  const found = await reader.query({
    text: `select field, string_agg(distinct type, ',') filter (where type <> 'NULL') as types
      from (select field, json_type(_document, ${pointer}) as type
        from (select _document, unnest(json_keys(_document)) as field from (${documents})))
      group by field order by field`,
  });
  const fields = found.map((row) => ({ name: String(row.field), types: row.types === null ? [] : String(row.types).split(",") }));
  const extra = fields.filter((field) => !columns.some((column) => column.name === field.name));
  const texts = extra.map(({ name, types }) => ({
    text: `json_extract_string(_exact, ${quoteText(`/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`)})`,
    candidates: inferredKinds.filter((kind) => types.every((type) => jsonKinds[type]?.includes(kind))),
  }));
  const inferred = extra.length === 0 ? [] : await inferTypes(`(${documents})`, texts, reader);
  const isNested = (types: readonly string[]): boolean => types.includes("OBJECT") || types.includes("ARRAY");
  return {
    names: fields.map((field) => field.name),
    extra: extra.map(({ name, types }, index) => ({
      name,
      types: isNested(types) ? [{ kind: "json" }] : (inferred[index] ?? []),
      unusable: null,
    })),
  };
}

/** Columns of a Parquet file, with the narrowest type a column can have for each that the contract does not have. */
export async function compareParquet(
  file: SourceFile,
  columns: readonly ContractColumn[],
  reader: FileReader,
  shapes: ParquetShapes,
): Promise<Comparison> {
  const found = await parquetColumns(file, reader, shapes);
  const known = new Set(columns.map((column) => sameName(column.name)));
  const extra = found
    .filter((column) => !known.has(sameName(column.name)))
    .map(({ name, type }): ExtraColumn => {
      const fitting = parquetType(type);
      return { name, types: fitting === null ? [] : [fitting], unusable: fitting === null ? type : null };
    });
  return { names: found.map((column) => column.name), extra };
}

const widened: Readonly<Record<string, ColumnType>> = {
  TINYINT: { kind: "smallint" },
  UTINYINT: { kind: "smallint" },
  USMALLINT: { kind: "integer" },
  UINTEGER: { kind: "bigint" },
  UBIGINT: { kind: "decimal", precision: 20, scale: 0 },
  HUGEINT: { kind: "decimal", precision: 38, scale: 0 },
  FLOAT: { kind: "double" },
  UUID: { kind: "varchar" },
  TIMESTAMP_S: { kind: "timestamp" },
  TIMESTAMP_MS: { kind: "timestamp" },
  "TIMESTAMP WITH TIME ZONE": { kind: "timestamp" },
};

/** Null for a type no column can have. */
function parquetType(type: string): ColumnType | null {
  if (/^(STRUCT|MAP|UNION)\(|\]$/.test(type)) return { kind: "json" };
  if (type.startsWith("ENUM(")) return { kind: "varchar" };
  return widened[type] ?? parseColumnType(type);
}
