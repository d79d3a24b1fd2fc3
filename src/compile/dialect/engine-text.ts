import type { ContractColumn } from "../../define/types.ts";
import { AssayError } from "../../errors.ts";
import type { DialectQuery, EngineFunction, GivenRelation, NotPortable, RelationName, SqlDialect } from "../../ports/sql-dialect.ts";
import type { Location, Params, TableName } from "../../terms.ts";

/** What carrying a project's SQL over to an engine takes, and the errors it finds. */
export interface EngineContext {
  readonly dialect: SqlDialect;
  /** Where every table of the project stands in the engine. */
  readonly relations: ReadonlyMap<TableName, RelationName>;
  /** With the bodies of the engine. */
  readonly functions: readonly EngineFunction[];
  readonly columns: ReadonlyMap<TableName, readonly ContractColumn[]>;
  /** A value for every parameter, for its type. */
  readonly samples: Params;
  readonly errors: AssayError[];
}

/** SQL of the project, and how to speak of it. */
export interface SourceText {
  readonly text: string;
  readonly params?: Params;
  readonly given?: readonly GivenRelation[];
  /** Whose it is, as errors begin. */
  readonly owner: string;
  /** Place of a byte offset in the text. */
  readonly place: (offset: number | null) => Location;
}

export interface SourceExpression extends SourceText {
  /** The relation over whose columns it is, as it stands in FROM. */
  readonly over: string;
  readonly columns: readonly string[];
}

/** The engine's text of a query; what cannot be carried over becomes errors, and the text stays as it is. */
export async function engineQuery(source: SourceText, context: EngineContext): Promise<string> {
  const outcome = await context.dialect.translate(queryOf(source, context));
  return "refused" in outcome ? refuse(source, outcome.refused, context) : outcome.text;
}

/** The same for an expression over the columns of a relation. */
export async function engineExpression(source: SourceExpression, context: EngineContext): Promise<string> {
  const { over, columns } = source;
  const outcome = await context.dialect.translateExpression({ ...queryOf(source, context), over, columns });
  return "refused" in outcome ? refuse(source, outcome.refused, context) : outcome.text;
}

/** The engine's text of SQL that the platform wrote; null where it cannot be carried over. */
export async function engineTextIfAny(source: Omit<SourceText, "owner" | "place">, context: EngineContext): Promise<string | null> {
  const outcome = await context.dialect.translate(queryOf(source, context));
  return "refused" in outcome ? null : outcome.text;
}

function queryOf({ text, params = {}, given = [] }: Pick<SourceText, "text" | "params" | "given">, context: EngineContext): DialectQuery {
  const { relations, functions } = context;
  return { text, params, given, relations, functions };
}

/** Notes what cannot be carried over, and gives the text back so that the rest is looked at too. */
export function refuse({ text, owner, place }: SourceText, refused: readonly NotPortable[], { dialect, errors }: EngineContext): string {
  for (const { construct, offset, fix } of refused) {
    const message = `${owner}: ${construct} cannot be carried over to ${dialect.engine}`;
    errors.push(new AssayError("SQL_NOT_PORTABLE", message, { hint: fix, location: place(offset) }));
  }
  return text;
}
