import { join } from "node:path";
import { type Measured, measureSuccess } from "../measure.ts";
import { writeFiles } from "../write-files.ts";

/** Writes a SQLMesh project on a DuckDB file, its state in the same file, as by default. Returns what runs `sqlmesh <args>` there. */
export function sqlmeshProject(
  command: string,
  folder: string,
  database: string,
  start: string,
  files: Readonly<Record<string, string>>,
): (args: readonly string[]) => Promise<Measured> {
  writeFiles(folder, {
    "config.yaml": `gateways:\n  local:\n    connection: { type: duckdb, database: '${database}' }\ndefault_gateway: local
model_defaults: { dialect: duckdb, start: '${start}', cron: '@daily' }\ndisable_anonymized_analytics: true\n`,
    ...files,
  });
  return (args) =>
    measureSuccess({
      file: command,
      arguments: ["--paths", folder, "--log-file-dir", join(folder, "logs"), ...args],
      environment: { SQLMESH__DISABLE_ANONYMIZED_ANALYTICS: "true", NO_COLOR: "1" },
    });
}
