import { quoteTable } from "../../define/quote.ts";
import type { Sql } from "../../define/sql.ts";
import type { AssayError } from "../../errors.ts";
import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { Location } from "../../terms.ts";
import type { ManifestTable } from "../manifest.ts";
import { lineOf } from "../parse-models.ts";
import { pointInTimeError, timelessJoins } from "./point-in-time.ts";
import { readQuery } from "./read-query.ts";
import type { TableRows } from "./select-reading.ts";

interface Query {
  readonly reader: string;
  readonly text: string;
  readonly place: (offset: number | null) => Location;
}

/** POINT_IN_TIME_JOIN for the queries a table has beside its own SQL: those of its sql checks and of `touches`. */
export async function queryErrors(
  tables: readonly ManifestTable[],
  rows: TableRows,
  analyzer: SqlAnalyzer,
): Promise<readonly AssayError[]> {
  const queries = tables.flatMap((table) => [...checkQueries(table), ...touchesQueries(table)]);
  const outcomes = await analyzer.parse(queries.map((query) => query.text));
  return queries.flatMap(({ reader, place }, index) => {
    const outcome = outcomes[index];
    const errors: AssayError[] = [];
    // What does not parse is told where it is typed.
    if (outcome === undefined || "failure" in outcome) return errors;
    readQuery(outcome.tree.node, rows, (reading) => {
      const found = timelessJoins(reading);
      errors.push(...found.map((join) => pointInTimeError(reader, join, place(join.offset))));
      return found.map(({ source }) => ({ source, says: "current", at: "" }));
    });
    return errors;
  });
}

function checkQueries({ name, checks, location }: ManifestTable): readonly Query[] {
  return checks.flatMap((check) =>
    check.kind === "sql"
      ? [
          {
            reader: `${name}: check sql ${JSON.stringify(check.name)}`,
            text: check.query.replaceAll("{table}", quoteTable(name)),
            place: () => location,
          },
        ]
      : [],
  );
}

function touchesQueries(table: ManifestTable): readonly Query[] {
  if (table.kind !== "model" || table.materialize.kind !== "incremental") return [];
  return Object.entries(table.materialize.touches).map(([upstream, query]: readonly [string, Sql]) => ({
    reader: `${table.name}: touches ${upstream}`,
    text: query.text,
    place: (offset) => ({ file: query.location.file, line: lineOf(query, offset) }),
  }));
}
