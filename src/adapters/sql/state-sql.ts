import type { EngineSql } from "../../ports/engine-sql.ts";

/** What databases that keep the state in the same tables write differently. */
export interface StateSql {
  /** Query that yields a row where there is state at all: none when the process that created the database failed before its first run. */
  find(sql: EngineSql): string;
  /** Makes a schema, given by the name it has in the engine, unless it is there: then without a right to make any. */
  createSchema(schema: string): string;
  /** Type of a column that holds JSON as it was written. */
  readonly json: string;
  /** Statements that create what only this engine needs beside the state. */
  own(sql: EngineSql): string;
  /** From the version before, one entry a version: the statements that make the next one of it. */
  readonly migrations: Readonly<Record<number, string | ((sql: EngineSql) => string)>>;
  /** Lets one migration after the other take place, where several processes share the database; null where one has it to itself. */
  readonly takeTurn: ((sql: EngineSql) => string) | null;
  /** Query of the texts in a parameter, which is a JSON array. */
  texts(parameter: string): string;
  /** The text of an object's field. */
  field(object: string, name: string): string;
  /** Orders rows of a table by when they came, where nothing else does. */
  readonly place: string;
}
