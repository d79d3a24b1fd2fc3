import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../../src/adapters/duckdb/sql-analyzer.ts";
import { polyglotTranspiler } from "../../src/adapters/polyglot/transpiler.ts";
import { compileProject } from "../../src/compile/compile.ts";
import { engineManifest } from "../../src/compile/dialect/engine-manifest.ts";
import { postgresDialect } from "../../src/compile/dialect/postgres-dialect.ts";
import type { ModelTable } from "../../src/compile/manifest.ts";
import { loadProject } from "../../src/compile/project.ts";
import { functionSchema } from "../../src/ports/project-function.ts";

/** The models of a project with the SQL that PostgreSQL gets from Assay; tables are named `"layer"."name"`. */
export async function postgresModels(folder: string): Promise<readonly ModelTable[]> {
  const analyzer = await duckdbAnalyzer(await memoryDatabase());
  try {
    const project = await loadProject(folder, folder);
    const compiled = await compileProject(project, analyzer);
    const dialect = postgresDialect(analyzer, polyglotTranspiler());
    const { tables, functions } = await engineManifest(compiled, project, { dialect, relations: new Map(), functionSchema });
    if (functions.length > 0) throw new Error("the peer would need the project's functions");
    return tables.filter((table) => table.kind === "model");
  } finally {
    analyzer.close();
  }
}

/** Query of one text: rows and a hash of every table, values as they print. */
export function contentsQuery(models: readonly ModelTable[]): string {
  const tables = models.map(({ name, columns }) => {
    const row = columns.map((column) => `"${column.name}"::text`).join(", ");
    return `(select concat('${name} ', count(*), ' ', sum(hashtextextended(row(${row})::text, 0)::numeric)) from ${name})`;
  });
  return `select concat_ws(' · ', ${tables.join(", ")})`;
}
