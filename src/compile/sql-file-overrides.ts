import { readFileSync } from "node:fs";
import type { Definition } from "../define/project.ts";
import { AssayError } from "../errors.ts";

const ending = /\.(postgres|duckdb)\.sql$/;

/** `<name>.postgres.sql`: what runs on PostgreSQL instead of `<name>.sql`. */
export const isOverride = (file: string): boolean => ending.test(file);

/** The models of `.sql` files with the files beside them that hold SQL for another engine; PROJECT_INVALID for one without its model. */
export function withOverrides(
  definitions: readonly Definition[],
  files: readonly string[],
): { readonly definitions: readonly Definition[]; readonly errors: readonly AssayError[] } {
  const errors: AssayError[] = [];
  const texts = new Map<string, string>();
  const models = new Set(definitions.map((item) => item.location.file));
  for (const file of files) {
    const model = file.replace(ending, ".sql");
    const location = { file, line: 1 };
    if (file.endsWith(".duckdb.sql")) {
      const hint = `rename it ${model}: a model's own SQL is DuckDB's`;
      errors.push(new AssayError("PROJECT_INVALID", "there is no SQL for DuckDB beside a model", { hint, location }));
    } else if (!models.has(model)) {
      const hint = `write ${model}, or give a model in TypeScript both texts: sql: { duckdb: sql\`…\`, postgres: sql\`…\` }`;
      errors.push(new AssayError("PROJECT_INVALID", "SQL for PostgreSQL without a model beside it", { hint, location }));
    } else texts.set(model, file);
  }
  const overridden = definitions.map((definition) => {
    const file = definition.kind === "model" ? texts.get(definition.location.file) : undefined;
    if (definition.kind !== "model" || file === undefined) return definition;
    return {
      ...definition,
      overrides: { postgres: { kind: "sql" as const, text: readFileSync(file, "utf8"), location: { file, line: 1 } } },
    };
  });
  return { definitions: overridden, errors };
}
