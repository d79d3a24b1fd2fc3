import type { Params, TableName } from "../terms.ts";

/** One SELECT in DuckDB's SQL, bound to tables the analyzer knows. */
export interface DialectQuery {
  readonly text: string;
  /** Values for its parameters, for their types. */
  readonly params: Params;
  /** Where the tables of the project stand in the engine; a name that is not here stays as it is, in lower case. */
  readonly relations: ReadonlyMap<TableName, RelationName>;
}

export interface RelationName {
  readonly schema: string;
  readonly name: string;
}

/** A construct of DuckDB's SQL that has no equal in the engine's. */
export interface NotPortable {
  /** As it is named, e.g. `function list_transform` or `cast DOUBLE → VARCHAR`. */
  readonly construct: string;
  /** Byte offset in the text; null when the parser does not tell. */
  readonly offset: number | null;
  /** What can be written instead. */
  readonly fix: string;
}

export interface Translated {
  /** SQL of the engine. Columns have the names and the order they have in DuckDB; parameters stay `$name`. */
  readonly text: string;
  /** Constructs that were carried over, as `docs/reference/sql.md` names them. */
  readonly constructs: readonly string[];
}

/** Carries a model's SELECT over to another engine, so that it yields the same rows there. */
export interface SqlDialect {
  /** The engine's name, for messages. */
  readonly engine: string;
  /** Either the whole query or every construct that cannot be carried over. The text has to bind in DuckDB. */
  translate(query: DialectQuery): Promise<Translated | { readonly refused: readonly NotPortable[] }>;
}

/** A library that rewrites DuckDB's text into PostgreSQL's. */
export interface Transpiler {
  /** One statement; functions it does not know stay as they are. Throws what the library cannot do. */
  toPostgres(text: string): Promise<string>;
}
