import { pythonTool } from "./python-tool.ts";

/** The engine Assay embeds, for everybody. */
const duckdb = "duckdb>=1.5,<1.6";

const tools = {
  // Newer releases of dbt-core fetch a part from a code host while they are installed.
  dbt: { name: "dbt-duckdb", command: "dbt", requirements: ["dbt-core>=1.9,<1.11", "dbt-duckdb>=1.9,<1.11", duckdb] },
  "dbt-postgres": { name: "dbt-postgres", command: "dbt", requirements: ["dbt-core>=1.9,<1.11", "dbt-postgres>=1.9,<1.11"] },
  sqlmesh: { name: "SQLMesh", command: "sqlmesh", requirements: ["sqlmesh>=0.236,<0.237", duckdb] },
  dagster: { name: "Dagster", command: "dagster", requirements: ["dagster>=1.13,<1.14", "dagster-duckdb>=0.29,<0.30", duckdb] },
} as const;

/** What `make` makes of each peer that is installed or can be, from PyPI into the bench's own environments; and why others were left out. */
export function installedPeers<T>(make: { readonly [Tool in keyof typeof tools]?: (command: string) => T }): {
  readonly ready: readonly T[];
  readonly skipped: readonly string[];
} {
  const ready: T[] = [];
  const skipped: string[] = [];
  for (const tool of Object.keys(make) as (keyof typeof tools)[]) {
    const found = pythonTool(`venv-${tool}`, tools[tool].requirements, tools[tool].command);
    if ("reason" in found) skipped.push(`${tools[tool].name} was skipped: ${found.reason}.`);
    else ready.push(...[make[tool]?.(found.command)].filter((made) => made !== undefined));
  }
  return { ready, skipped };
}
