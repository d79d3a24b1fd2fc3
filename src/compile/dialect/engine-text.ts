import type { ModelDefinition } from "../../define/model.ts";
import { AssayError } from "../../errors.ts";
import type { DialectQuery, NotPortable, SqlDialect } from "../../ports/sql-dialect.ts";
import { placeOf } from "../parse-models.ts";

/** The engine's text of a model's SELECT, or SQL_NOT_PORTABLE for each construct that cannot be carried over, with its line. */
export async function engineText(
  definition: ModelDefinition,
  query: Omit<DialectQuery, "text">,
  dialect: SqlDialect,
): Promise<string | readonly AssayError[]> {
  const outcome = await dialect.translate({ ...query, text: definition.sql.text });
  return "refused" in outcome ? outcome.refused.map((item) => notPortable(definition, item, dialect.engine)) : outcome.text;
}

function notPortable(definition: ModelDefinition, { construct, offset, fix }: NotPortable, engine: string): AssayError {
  return new AssayError("SQL_NOT_PORTABLE", `${definition.name}: ${construct} cannot be carried over to ${engine}`, {
    hint: fix,
    location: placeOf(definition, offset),
  });
}
