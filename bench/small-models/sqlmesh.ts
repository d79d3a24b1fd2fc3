import { rmSync } from "node:fs";
import { join } from "node:path";
import { inDatabase } from "../contents.ts";
import { sqlmeshProject } from "../peers/sqlmesh.ts";
import type { Contestant } from "./contestant.ts";
import { contentsQuery, type SmallModel, selectOf, smallModels } from "./small-models.ts";

/** SQLMesh: full models with audits, planned and applied. */
export function sqlmeshContestant(command: string, folder: string, data: string): Contestant {
  // The file's name is its catalog's, and SQLMesh keeps its state in a schema called sqlmesh.
  const database = join(folder, "sqlmesh-shop.duckdb");
  const sqlmesh = sqlmeshProject(
    command,
    join(folder, "sqlmesh"),
    database,
    "2024-01-01",
    Object.fromEntries(smallModels.map((model) => [`models/${model.name}.sql`, fileOf(model, data)])),
  );
  return {
    name: "sqlmesh plan / run",
    limited: true,
    unchangedIs: "`sqlmesh run` finds no model due: it asks the clock, not the files",
    reset: () => rmSync(database, { force: true }),
    full: () => sqlmesh(["plan", "--auto-apply", "--no-prompts"]),
    unchanged: () => sqlmesh(["run"]),
    contents: () => inDatabase(database, [contentsQuery(({ name }) => `shop.${name}`)]),
  };
}

const fileOf = (model: SmallModel, data: string): string => `MODEL (
  name shop.${model.name},
  kind FULL,
  grain ${model.key},
  audits (not_null(columns := (${Object.keys(model.columns).join(", ")})), unique_values(columns := (${model.key})))
);

${selectOf(model, (table) => (table.endsWith(".csv") ? `read_csv('${join(data, table)}')` : `shop.${table}`))}
`;
