import { quoteIdentifier } from "../../define/quote.ts";
import type { TableName } from "../../terms.ts";

/** The relations that generated SQL reads beside the tables; at run time they are temporary ones of the session. */

/** An upstream's changed rows since the model was last built: its columns and `_op`, -1 for an old image, 1 for a new one. */
export function deltaName(table: TableName): string {
  return quoteIdentifier(`delta ${table}`);
}

/** Every row that an upstream has now or had when the model was last built. */
export function hatName(table: TableName): string {
  return quoteIdentifier(`hat ${table}`);
}

/** The distinct `by` values of which rows may differ. */
export const touchedName = quoteIdentifier("touched");

/** -1 or 1, beside a delta's columns. */
export const opColumn = quoteIdentifier("_op");
