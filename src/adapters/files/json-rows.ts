import { quoteText } from "../../define/quote.ts";
import type { JsonSource } from "../../define/source.ts";
import type { ContractColumn } from "../../define/types.ts";
import { plainJson, plainText } from "./exact-text.ts";
import { quotePath, type RejectsTables, readLines } from "./sql.ts";
import { noDelimiter } from "./text-scan.ts";
import { type TypedColumn, textColumn, type UntypedRows } from "./typed-rows.ts";

/** Largest JSON value read, in bytes: DuckDB's own limit for objects. */
export const maxJsonBytes = 16_000_000;

/** A JSON file's rows; `rejects` takes lines that are no text, which are left out without it. */
export function jsonRows(
  source: JsonSource,
  path: string,
  columns: readonly ContractColumn[],
  maxLineBytes: number,
  rejects: RejectsTables | null,
): UntypedRows {
  return { from: jsonDocuments(source, path, maxLineBytes, rejects), columns: columns.map(jsonColumn) };
}

/** Rows as text (`_raw`), as JSON object (`_document`) and as the same with every number as text (`_exact`): JSON functions know numbers as doubles. */
export function jsonDocuments(source: JsonSource, path: string, maxLineBytes: number, rejects: RejectsTables | null): string {
  const lines =
    source.layout === "lines"
      ? readLines(path, noDelimiter, maxLineBytes, rejects)
      : `(select json::varchar as line from read_json_objects(${quotePath(path)}, format = 'array', maximum_object_size = ${maxJsonBytes},
          hive_partitioning = false))`;
  const numbered = `select row_number() over () as _row_number, line as _raw from ${lines}`;
  const isObject = "case when json_valid(_raw) then json_type(_raw) = 'OBJECT' else false end";
  const documents = `select _row_number, _raw, case when ${isObject} then _raw end as _document from (${numbered}) where _raw is not null`;
  const textOrNumber = String.raw`"((?:[^"\\]|\\.)*)"|(-?[0-9][0-9.eE+-]*)`;
  const quoted = `regexp_replace(_document, ${quoteText(textOrNumber)}, ${quoteText(String.raw`"\1\2"`)}, 'g')`;
  return `select *, _document is null as _broken, ${quoted} as _exact from (${documents})`;
}

function jsonColumn(column: ContractColumn): TypedColumn {
  const pointer = quoteText(`/${column.name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  if (column.type.kind === "json") {
    const value = `nullif(json_extract(_document, ${pointer}), 'null'::json)`;
    const typed = plainJson(value);
    return { column, found: value, typed, strict: strictly(typed, value), rounded: typed };
  }
  const nested = `json_type(_document, ${pointer}) in ('OBJECT', 'ARRAY')`;
  const { found, typed, strict, rounded } = columnOf(column, `json_extract_string(_exact, ${pointer})`);
  const plain = (value: string): string => `case when not ${nested} then ${value} end`;
  return {
    column,
    found,
    typed: plain(typed),
    strict: `case when ${nested} then error('a nested value') else ${strict} end`,
    rounded: plain(rounded),
  };
}

/** Unlike those of a CSV file, JSON's texts can hold null bytes. */
function columnOf(column: ContractColumn, text: string): TypedColumn {
  if (column.type.kind !== "varchar") return textColumn(column, text);
  const typed = plainText(text);
  return { column, found: text, typed, strict: strictly(typed, text), rounded: typed };
}

const strictly = (typed: string, found: string): string => `coalesce(${typed}, error(${found}::varchar))`;
