import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { inDatabase } from "../contents.ts";
import { measureSuccess } from "../measure.ts";
import { writeFiles } from "../write-files.ts";
import type { Contestant } from "./contestant.ts";
import { contentsQuery, type SmallModel, selectOf, smallModels } from "./small-models.ts";

/**
 * Dagster: an asset a table, all in one process because DuckDB has one writer, and what each run does recorded in the instance's SQLite files.
 * Each asset checks itself in one query; checks of their own would be a step each.
 */
export function dagsterContestant(command: string, folder: string, data: string): Contestant {
  const project = join(folder, "dagster");
  const database = join(project, "dagster-shop.duckdb");
  const home = join(project, "home");
  writeFiles(project, { "definitions.py": definitionsOf(database, data) });
  const materialize = () =>
    measureSuccess({
      file: command,
      arguments: ["asset", "materialize", "--select", "*", "--python-file", join(project, "definitions.py")],
      environment: { DAGSTER_HOME: home, NO_COLOR: "1" },
    });
  return {
    name: "dagster asset materialize",
    limited: true,
    unchangedIs: "the same command again, it materializes what it is asked for",
    reset: () => {
      for (const made of [database, home]) rmSync(made, { recursive: true, force: true });
      mkdirSync(home);
      writeFiles(home, { "dagster.yaml": "telemetry: { enabled: false }\n" });
    },
    full: materialize,
    unchanged: materialize,
    contents: () => inDatabase(database, [contentsQuery(({ name }) => name)]),
  };
}

const assetOf = (model: SmallModel, data: string): string => {
  const select = selectOf(model, (table) => (table.endsWith(".csv") ? `read_csv('${join(data, table)}')` : table));
  const required = Object.keys(model.columns).map((column) => `${column} is null`);
  const check = `select count(*) filter (where ${required.join(" or ")}) + count(*) - count(distinct ${model.key}) from ${model.name}`;
  return `table("${model.name}", ${JSON.stringify(model.reads)}, """${select}""", """${check}""")`;
};

const definitionsOf = (database: string, data: string): string => `import dagster as dg
from dagster_duckdb import DuckDBResource


def table(name, reads, select, check):
    @dg.asset(name=name, deps=reads, check_specs=[dg.AssetCheckSpec("required_and_unique", asset=name)])
    def build(duckdb: DuckDBResource) -> dg.MaterializeResult:
        with duckdb.get_connection() as connection:
            connection.execute(f"create or replace table {name} as {select}")
            broken = connection.execute(check).fetchone()[0]
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(check_name="required_and_unique", passed=broken == 0)])

    return build


defs = dg.Definitions(
    assets=[
        ${smallModels.map((model) => assetOf(model, data)).join(",\n        ")},
    ],
    resources={"duckdb": DuckDBResource(database="${database}")},
    executor=dg.in_process_executor,
)
`;
