import { join } from "node:path";
import type { ModelTable } from "../../src/compile/manifest.ts";
import type { PostgresServer } from "../../test/services/postgres.ts";
import { dbtProject } from "../peers/dbt.ts";
import type { Contestant } from "./contestant.ts";
import { referenced } from "./dbt-reference.ts";
import { dbtTests } from "./dbt-tests.ts";

const threads = 4;

/** dbt with dbt-postgres: the same SQL as tables, with tests (`dbt build`) and without (`dbt run`). */
export function dbtContestants(
  command: string,
  folder: string,
  server: PostgresServer,
  models: readonly ModelTable[],
): readonly Contestant[] {
  return (["build", "run"] as const).map((verb) => {
    const database = `dbt_${verb}`;
    const { host, port, user, password } = server;
    const output = `{ type: postgres, host: ${host}, port: ${port}, user: ${user}, password: ${password}, dbname: ${database}, schema: public, threads: ${threads} }`;
    const dbt = dbtProject(command, join(folder, `dbt-${verb}`), output, {
      ...Object.fromEntries(models.map((model) => [`models/${model.name.replace(".", "/")}.sql`, fileOf(model)])),
      "models/sources.yml": sourcesYaml(models),
      "macros/generate_schema_name.sql": schemaName,
      ...dbtTests(models),
    });
    return { name: `dbt ${verb} (dbt-postgres)`, database, limited: verb === "build", build: () => dbt([verb]) };
  });
}

function fileOf({ name, select, params }: ModelTable): string {
  if (params.length > 0) throw new Error(`${name} has parameters, which the bench does not give to dbt`);
  return `{{ config(materialized='table', schema='${name.replace(/\..*$/, "")}') }}\n${referenced(select)}\n`;
}

function sourcesYaml(models: readonly ModelTable[]): string {
  const tables = new Set(models.flatMap((model) => model.dependencies.filter((name) => name.startsWith("bronze."))));
  const names = [...tables].map((name) => `      - name: ${name.replace("bronze.", "")}\n`);
  return `sources:\n  - name: bronze\n    schema: bronze\n    tables:\n${names.join("")}`;
}

/** As dbt's documentation writes it for schemas that are named exactly. */
const schemaName = `{% macro generate_schema_name(custom_schema_name, node) -%}
{{ custom_schema_name | trim if custom_schema_name is not none else target.schema }}
{%- endmacro %}
`;
