import { quoteIdentifier, quoteText } from "../../define/quote.ts";
import type { Session } from "../../ports/engine.ts";

/** Half a surrogate pair is no text for the engine; it becomes U+FFFD. */
const wellFormed = (_key: string, value: unknown): unknown => (typeof value === "string" ? value.toWellFormed() : value);

/** Rows in one statement: small sets that live in JavaScript (state, not data). `columns`: name → DuckDB type. */
export async function insertRows(
  session: Session,
  table: string,
  columns: Readonly<Record<string, string>>,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const names = Object.keys(columns);
  const structure = quoteText(JSON.stringify([columns]));
  const list = names.map(quoteIdentifier).join(", ");
  const fields = names.map((name) => `r.${quoteIdentifier(name)}`).join(", ");
  // Large sets go in slices, so that no single parameter grows without bound.
  for (let start = 0; start < rows.length; start += 10_000) {
    await session.execute({
      text: `insert into ${table} (${list}) select ${fields} from (select unnest(from_json($rows, ${structure})) as r)`,
      params: { rows: JSON.stringify(rows.slice(start, start + 10_000), wellFormed) },
    });
  }
}
