import type { OtherEngine } from "../define/sql-function.ts";
import type { Params, TableName } from "../terms.ts";
import type { DescribedColumn } from "./engine.ts";
import type { ProjectFunction } from "./project-function.ts";

/** One SELECT in DuckDB's SQL, bound to tables the analyzer knows. */
export interface DialectQuery {
  readonly text: string;
  /** Values for its parameters, for their types. */
  readonly params: Params;
  /** Where the tables of the project stand in the engine; a name that is not here stays as it is, in lower case. */
  readonly relations: ReadonlyMap<TableName, RelationName>;
  /** Functions of the project that it may call. */
  readonly functions?: readonly EngineFunction[];
  /** Temporary relations that it reads without a schema. */
  readonly given?: readonly GivenRelation[];
}

/** A function of the project in an engine. */
export interface EngineFunction extends ProjectFunction {
  /** Its `call` in DuckDB's SQL. */
  readonly original: string;
  /** Where it stands in the engine; not quoted. */
  readonly schema: string;
}

/** A relation that is there when the query runs. */
export interface GivenRelation {
  /** In DuckDB's SQL. */
  readonly name: string;
  /** In the engine's; default: the same. */
  readonly called?: string;
  /** Types as DuckDB prints them. */
  readonly columns: readonly DescribedColumn[];
}

/** One expression in DuckDB's SQL over the columns of a relation. */
export interface DialectExpression extends DialectQuery {
  /** The relation, as it stands in FROM. */
  readonly over: string;
  /** Its columns, with the capitals that they have in the engine. */
  readonly columns: readonly string[];
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
  /** Under what name definitions give SQL written for it by hand. */
  readonly key: OtherEngine;
  /** Either the whole query or every construct that cannot be carried over. The text has to bind in DuckDB. */
  translate(query: DialectQuery): Promise<TranslateOutcome>;
  /** The same for an expression; its text reads the columns without the relation's name. */
  translateExpression(expression: DialectExpression): Promise<TranslateOutcome>;
  /** A regular expression (RE2) that is only asked whether it is found in a text. */
  pattern(pattern: string): { readonly text: string } | NotPortable;
  /** SQL of the engine, written by hand: names of tables and functions of the project become what they are called in the engine. */
  named(text: string, names: Pick<DialectQuery, "relations" | "functions">): Promise<NamedText>;
}

export type TranslateOutcome = Translated | { readonly refused: readonly NotPortable[] };

export interface NamedText {
  readonly text: string;
  /** Tables it names. */
  readonly tables: readonly TableName[];
}

/** A word, mark or text of a statement: as it is written, and where; offsets count UTF-16 units. */
export interface Token {
  readonly text: string;
  readonly start: number;
}

/** A library that rewrites DuckDB's text into PostgreSQL's. */
export interface Transpiler {
  /** One statement; functions it does not know stay as they are. Throws what the library cannot do. */
  toPostgres(text: string): Promise<string>;
  /** The tokens of a text of PostgreSQL, without comments. Throws what is no token. */
  postgresTokens(text: string): Promise<readonly Token[]>;
}
