import { quoteIdentifier } from "../define/quote.ts";
import type { ContractColumn } from "../define/types.ts";
import type { EngineSql } from "../ports/engine-sql.ts";

/** SELECT list of a contract's columns in its types: an engine may compute them in others, e.g. with more digits. */
export function typedColumns(sql: Pick<EngineSql, "type">, columns: readonly Pick<ContractColumn, "name" | "type">[]): string {
  return columns.map(({ name, type }) => `cast(${quoteIdentifier(name)} as ${sql.type(type)}) as ${quoteIdentifier(name)}`).join(", ");
}
