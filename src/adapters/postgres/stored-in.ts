import { createHash } from "node:crypto";
import { columnList, quoteIdentifier, quoteText } from "../../define/quote.ts";
import type { Session } from "../../ports/engine.ts";
import type { EngineSql } from "../../ports/engine-sql.ts";
import type { WarehouseReader } from "../../ports/warehouse-reader.ts";

interface Column {
  readonly name: string;
  /** With its length or precision. */
  readonly type: string;
}

/**
 * Reads the schemas of another environment in the same database. A view of its tables would stand in the way when they are replaced: the
 * server follows a view, but not the text of a function, which the planner writes out all the same.
 */
export function storedIn(other: EngineSql): WarehouseReader {
  return {
    views: true,
    relation: async (session, table) => {
      const columns = await columnsOf(session, other, table);
      const source = other.table(table);
      const names = columnList(columns.map(({ name }) => name));
      const body = `select ${names} from ${source}`;
      const typed = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(", ");
      const name = `deferred_${createHash("sha256").update(`${body} ${typed}`).digest("hex").slice(0, 16)}`;
      const made = session.sql.table(`assay.${name}`);
      await session.execute({
        text: `create or replace function ${made}() returns table (${typed}) language sql stable parallel safe as ${quoteText(body)}`,
      });
      // A function's result has no lengths and precisions.
      const cast = columns.map((column) => `cast(${quoteIdentifier(column.name)} as ${column.type}) as ${quoteIdentifier(column.name)}`);
      return `(select ${cast.join(", ")} from ${made}() as rows_there)`;
    },
  };
}

async function columnsOf(session: Session, other: EngineSql, table: string): Promise<readonly Column[]> {
  const rows = await session.query({
    text: `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = cast($relation as regclass) and attnum > 0 and not attisdropped order by attnum`,
    params: { relation: other.table(table) },
  });
  return rows.map(({ name, type }) => ({ name: String(name), type: String(type) }));
}
