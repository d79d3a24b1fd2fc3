import { quoteText } from "../../define/quote.ts";
import type { Session } from "../../ports/engine.ts";

/** What a table's rows have to be like. */
interface Constraints {
  /** Columns that are never null, in any order. */
  readonly required: readonly string[];
  /** Primary key; empty: none. */
  readonly key: readonly string[];
}

/**
 * Puts the rows of another table in the place of those there are, for a table that cannot be dropped because something stands on it. Readers
 * see the old rows until the transaction is through. False when columns or constraints are not the same: then nothing has changed.
 */
export async function replaceRows(session: Session, relation: string, candidate: string, wanted: Constraints): Promise<boolean> {
  const [old, made] = [await shapeOf(session, relation), await shapeOf(session, candidate)];
  const fits =
    old.columns === made.columns && old.required === JSON.stringify([...wanted.required].sort()) && old.key === JSON.stringify(wanted.key);
  // Not TRUNCATE: whoever has a snapshot from before would see an empty table.
  if (fits)
    await session.execute({ text: `delete from ${relation}; insert into ${relation} select * from ${candidate}; drop table ${candidate}` });
  return fits;
}

/** A table as the catalog has it, as texts to compare. */
async function shapeOf(session: Session, relation: string): Promise<Readonly<Record<"columns" | "required" | "key", string>>> {
  const [row] = await session.query({
    text: `with its as (select * from pg_attribute where attrelid = ${quoteText(relation)}::regclass and attnum > 0 and not attisdropped)
      select (select string_agg(format('%I %s %s %s', attname, atttypid, atttypmod, attcollation), ', ' order by attnum) from its) as columns,
        (select coalesce(array_to_json(array_agg(attname order by attname collate "C")), '[]')::text from its where attnotnull) as required,
        (select coalesce(array_to_json(array_agg(its.attname order by place)), '[]')::text
          from pg_constraint k cross join unnest(k.conkey) with ordinality as keys(attnum, place) join its on its.attnum = keys.attnum
          where k.conrelid = ${quoteText(relation)}::regclass and k.contype = 'p') as key`,
  });
  return { columns: String(row?.columns), required: String(row?.required), key: String(row?.key) };
}
