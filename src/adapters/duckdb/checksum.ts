import { quoteIdentifier } from "../../define/quote.ts";
import type { ContractColumn } from "../../define/types.ts";

/** Row count and checksum of a relation, by the formula of `Fingerprint` (ports/sink.ts). Yields `rows` and `checksum` as text. */
export function fingerprintSql(relation: string, columns: readonly ContractColumn[]): string {
  const row = `concat_ws(',', ${columns.map(cell).join(", ")})`;
  return `select count(*)::varchar as rows, coalesce(sum(('0x' || substr(md5(${row}), 1, 15))::bigint), 0)::varchar as checksum from ${relation}`;
}

/** `concat_ws` leaves nulls out, commas included: nothing may be null here. */
function cell(column: ContractColumn): string {
  const text = textOf(column);
  const counted = column.type.kind === "varchar" || column.type.kind === "json";
  if (!column.nullable) return counted ? `length(${text}), ${text}` : text;
  return counted ? `coalesce(length(${text})::varchar, ''), coalesce(${text}, '')` : `coalesce(${text}, '')`;
}

function textOf(column: ContractColumn): string {
  const name = quoteIdentifier(column.name);
  switch (column.type.kind) {
    case "varchar":
      return name;
    case "double":
      return `case when isnan(${name}) then 'nan' else lower(hex(${name}::bit::blob)) end`;
    case "decimal":
      // With no digit before the point DuckDB writes none, not even 0.
      return column.type.precision === column.type.scale ? `regexp_replace(${name}::varchar, '^(-?)\\.', '\\10.')` : `${name}::varchar`;
    case "date":
    case "timestamp":
      return `case when ${name} < '0001-01-01' then regexp_replace(${name}::varchar, ' \\(BC\\)(.*)$', '\\1 BC') else ${name}::varchar end`;
    default:
      return `${name}::varchar`;
  }
}
