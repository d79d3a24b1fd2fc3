import { join } from "node:path";
import { type Measured, measureSuccess } from "../measure.ts";
import { writeFiles } from "../write-files.ts";

/** Writes a dbt project on a DuckDB file with a thread for each of two cores. Returns what runs `dbt <args>` there. */
export function dbtProject(
  command: string,
  folder: string,
  database: string,
  files: Readonly<Record<string, string>>,
): (args: readonly string[]) => Promise<Measured> {
  writeFiles(folder, {
    "dbt_project.yml": "name: orders\nversion: '1.0.0'\nprofile: orders\nmodel-paths: [models]\n",
    "profiles.yml": `orders:\n  target: dev\n  outputs:\n    dev: { type: duckdb, path: '${database}', threads: 2 }\n`,
    ...files,
  });
  return (args) =>
    measureSuccess({
      file: command,
      arguments: [...args, "--quiet", "--project-dir", folder, "--profiles-dir", folder, "--log-path", join(folder, "logs")],
      environment: { DBT_SEND_ANONYMOUS_USAGE_STATS: "false" },
    });
}
