import { dbtPeer } from "./dbt-peer.ts";
import type { Peer } from "./peer.ts";
import { pythonTool } from "./python-tool.ts";
import { sqlmeshPeer } from "./sqlmesh-peer.ts";

/** The peers that could be installed from PyPI into the bench's own environments, and why others could not. */
export function peers(folder: string, data: string): { readonly ready: readonly Peer[]; readonly skipped: readonly string[] } {
  // Newer releases of dbt-core fetch a part from a code host while they are installed.
  const dbt = pythonTool("venv-dbt", ["dbt-core>=1.9,<1.11", "dbt-duckdb>=1.9,<1.11"], "dbt");
  const sqlmesh = pythonTool("venv-sqlmesh", ["sqlmesh>=0.236,<0.237"], "sqlmesh");
  return {
    ready: [
      ...("command" in dbt ? [dbtPeer(dbt.command, folder, data)] : []),
      ...("command" in sqlmesh ? [sqlmeshPeer(sqlmesh.command, folder, data)] : []),
    ],
    skipped: [
      ...("reason" in dbt ? [`dbt-duckdb was skipped: ${dbt.reason}.`] : []),
      ...("reason" in sqlmesh ? [`SQLMesh was skipped: ${sqlmesh.reason}.`] : []),
    ],
  };
}
