import { quoteText } from "../../define/quote.ts";
import type { Session } from "../../ports/engine.ts";

/** What the catalog has of a table besides its columns. */
export interface TableContract {
  /** Columns that are never null, in any order. */
  readonly required: readonly string[];
  /** Primary key; empty: none. */
  readonly key: readonly string[];
  /** Names and columns; there may be others. */
  readonly indexes: readonly (readonly [string, readonly string[]])[];
}

/**
 * Puts the rows of another table in the place of those there are, for a table that cannot be dropped because something stands on it. Readers
 * see the old rows until the transaction is through. False when columns, constraints or indexes are not the same: then nothing has changed.
 */
export async function replaceRows(session: Session, relation: string, candidate: string, wanted: TableContract): Promise<boolean> {
  const [old, made] = [await shapeOf(session, relation), await shapeOf(session, candidate)];
  const fits =
    old.columns === made.columns &&
    old.required === JSON.stringify([...wanted.required].sort()) &&
    old.key === JSON.stringify(wanted.key) &&
    wanted.indexes.every(([name, columns]) => old.indexes.has(JSON.stringify([name, ...columns])));
  // Not TRUNCATE: whoever has a snapshot from before would see an empty table.
  if (fits)
    await session.execute({ text: `delete from ${relation}; insert into ${relation} select * from ${candidate}; drop table ${candidate}` });
  return fits;
}

/** A table as the catalog has it, as texts to compare; `indexes`: the name and the columns of each. */
interface Shape {
  readonly columns: string;
  readonly required: string;
  readonly key: string;
  readonly indexes: ReadonlySet<string>;
}

async function shapeOf(session: Session, relation: string): Promise<Shape> {
  const [row] = await session.query({
    text: `with its as (select * from pg_attribute where attrelid = ${quoteText(relation)}::regclass and attnum > 0 and not attisdropped)
      select (select string_agg(format('%I %s %s %s', attname, atttypid, atttypmod, attcollation), ', ' order by attnum) from its) as columns,
        (select coalesce(array_to_json(array_agg(attname order by attname collate "C")), '[]')::text from its where attnotnull) as required,
        (select coalesce(array_to_json(array_agg(its.attname order by place)), '[]')::text
          from pg_constraint k cross join unnest(k.conkey) with ordinality as keys(attnum, place) join its on its.attnum = keys.attnum
          where k.conrelid = ${quoteText(relation)}::regclass and k.contype = 'p') as key`,
  });
  const indexes = await session.query({
    text: `select array_to_json(array[c.relname] || array(select a.attname
          from unnest(i.indkey::int[]) with ordinality as keys(attnum, place) join pg_attribute a on a.attrelid = i.indrelid and a.attnum = keys.attnum
          order by place))::text as named
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where i.indrelid = ${quoteText(relation)}::regclass and i.indisvalid and i.indpred is null and i.indexprs is null`,
  });
  return {
    columns: String(row?.columns),
    required: String(row?.required),
    key: String(row?.key),
    indexes: new Set(indexes.map(({ named }) => JSON.stringify(JSON.parse(String(named))))),
  };
}
