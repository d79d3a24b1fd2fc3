import { rmSync } from "node:fs";
import { join } from "node:path";
import { inDatabase } from "../contents.ts";
import { dbtProject, duckdbOutput } from "../peers/dbt.ts";
import type { Contestant } from "./contestant.ts";
import { contentsQuery, selectOf, smallModels } from "./small-models.ts";

/** dbt with dbt-duckdb: tables over the files, with tests (`dbt build`) and without (`dbt run`). */
export function dbtContestants(command: string, folder: string, data: string): readonly Contestant[] {
  return (["build", "run"] as const).map((verb) => {
    const database = join(folder, `dbt-${verb}.duckdb`);
    const dbt = dbtProject(command, join(folder, `dbt-${verb}`), duckdbOutput(database), {
      ...Object.fromEntries(
        smallModels.map((model) => [`models/${model.name}.sql`, fileOf(selectOf(model, (table) => nameOf(table, data)))]),
      ),
      "models/schema.yml": tests,
    });
    return {
      name: `dbt ${verb} (dbt-duckdb)`,
      limited: verb === "build",
      unchangedIs: "the same command again, it knows no state",
      reset: () => rmSync(database, { force: true }),
      full: () => dbt([verb]),
      unchanged: () => dbt([verb]),
      contents: () => inDatabase(database, [contentsQuery(({ name }) => name)]),
    };
  });
}

const nameOf = (table: string, data: string): string =>
  table.endsWith(".csv") ? `read_csv('${join(data, table)}')` : `{{ ref('${table}') }}`;

const fileOf = (select: string): string => `{{ config(materialized='table') }}\n${select}\n`;

const tests = `models:
${smallModels
  .map(
    ({ name, key, columns }) => `  - name: ${name}
    columns:
${Object.keys(columns)
  .map((column) => `      - name: ${column}\n        data_tests: [not_null${column === key ? ", unique" : ""}]\n`)
  .join("")}`,
  )
  .join("")}`;
