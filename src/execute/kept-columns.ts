import type { ModelTable } from "../compile/manifest.ts";
import { columnTypeName, parseColumnType } from "../define/column-type.ts";
import { holdsNumbers } from "../define/holds-numbers.ts";
import { quoteIdentifier } from "../define/quote.ts";
import type { ColumnType, ContractColumn } from "../define/types.ts";
import { AssayError } from "../errors.ts";
import type { DescribedColumn, Session } from "../ports/engine.ts";

/**
 * Holds the columns a model has now against those of its kept rows, which cannot be made again: a new column is empty in them, a wider one
 * holds what they hold. Returns notes of both. `relation`: where the rows are kept. Throws DESTRUCTIVE_CHANGE for a column that would be
 * dropped or could not hold every value of its old type.
 */
export function migratedColumns(
  { sql }: Pick<Session, "sql">,
  table: ModelTable,
  relation: string,
  kept: readonly DescribedColumn[],
  columns: readonly ContractColumn[],
): readonly string[] {
  const notes: string[] = [];
  const refused: { readonly change: string; readonly action: string }[] = [];
  for (const old of kept) {
    const column = columns.find((item) => sameName(item, old));
    const name = quoteIdentifier(old.name);
    if (column === undefined) refused.push({ change: `column ${old.name} would be dropped`, action: `drop column ${name}` });
    else if (old.type !== columnTypeName(column.type)) {
      const type = columnTypeName(column.type);
      if (holdsAll(parseColumnType(old.type), column.type)) notes.push(`widened column ${old.name} from ${old.type} to ${type}`);
      else {
        const action = `alter column ${name} type ${sql.type(column.type)} using cast(${name} as ${sql.type(column.type)})`;
        refused.push({ change: `column ${old.name} would change from ${old.type} to ${type}`, action });
      }
    }
  }
  for (const column of columns) {
    if (!kept.some((old) => sameName(column, old)))
      notes.push(`added column ${column.name} (${columnTypeName(column.type)}), empty in kept rows`);
  }
  if (refused.length === 0) return notes;
  const message = `${table.name}: ${refused.map(({ change }) => change).join("; ")} in rows that are kept and cannot be made again`;
  const statements = refused.map(({ action }) => `alter table ${relation} ${action};`);
  throw new AssayError("DESTRUCTIVE_CHANGE", message, {
    hint: `leave the column as it was; or, if that is meant, run: ${statements.join(" ")} then run again`,
    location: table.location,
  });
}

/** Names are told apart without capitals. */
export const sameName = (a: { readonly name: string }, b: { readonly name: string }): boolean =>
  a.name.toLowerCase() === b.name.toLowerCase();

/** Digits that integers of a type can have. */
const digits: Readonly<Record<string, number>> = { smallint: 5, integer: 10, bigint: 19 };

/** Can every value of `from` be held by `to` without loss? */
function holdsAll(from: ColumnType | null, to: ColumnType): boolean {
  if (from === null) return false;
  if (from.kind === "date") return to.kind === "timestamp";
  const precision = to.kind === "decimal" ? digits[from.kind] : undefined;
  return holdsNumbers(precision === undefined ? from : { kind: "decimal", precision, scale: 0 }, to);
}
