import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rowGroupSize } from "../../src/adapters/duckdb/database.ts";
import { inDatabase } from "../contents.ts";
import { measureSuccess } from "../measure.ts";
import type { Contestant } from "./contestant.ts";
import { contentsQuery, selectOf, smallModels } from "./small-models.ts";

/** The ten statements one after the other, nothing checked or recorded. */
export function bareContestant(folder: string, data: string): Contestant {
  const database = join(folder, "bare.duckdb");
  const statements = join(folder, "bare.json");
  const nameOf = (table: string): string => (table.endsWith(".csv") ? `read_csv('${join(data, table)}')` : table);
  writeFileSync(statements, JSON.stringify(smallModels.map((model) => ({ name: model.name, select: selectOf(model, nameOf) }))));
  const script = join(import.meta.dirname, "../overhead/create-tables.ts");
  const run = () => measureSuccess({ file: process.execPath, arguments: [script, database, statements, String(rowGroupSize)] });
  return {
    name: "bare SQL",
    limited: false,
    unchangedIs: "the same statements again",
    reset: () => rmSync(database, { force: true }),
    full: run,
    unchanged: run,
    contents: () => inDatabase(database, [contentsQuery(({ name }) => name)]),
  };
}
