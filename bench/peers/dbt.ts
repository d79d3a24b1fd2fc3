import { join } from "node:path";
import { type Measured, measureSuccess } from "../measure.ts";
import { writeFiles } from "../write-files.ts";

/** A profile's output: a DuckDB file, with a thread for each of two cores. */
export const duckdbOutput = (database: string): string => `{ type: duckdb, path: '${database}', threads: 2 }`;

/** Writes a dbt project with this output in its profile (YAML). Returns what runs `dbt <args>` there. */
export function dbtProject(
  command: string,
  folder: string,
  output: string,
  files: Readonly<Record<string, string>>,
): (args: readonly string[]) => Promise<Measured> {
  writeFiles(folder, {
    "dbt_project.yml": "name: shop\nversion: '1.0.0'\nprofile: shop\nmodel-paths: [models]\n",
    "profiles.yml": `shop:\n  target: dev\n  outputs:\n    dev: ${output}\n`,
    ...files,
  });
  return (args) =>
    measureSuccess({
      file: command,
      arguments: [...args, "--quiet", "--project-dir", folder, "--profiles-dir", folder, "--log-path", join(folder, "logs")],
      environment: { DBT_SEND_ANONYMOUS_USAGE_STATS: "false" },
    });
}
