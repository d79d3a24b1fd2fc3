import { splitTable } from "../../define/split-table.ts";
import type { EngineSql } from "../../ports/engine-sql.ts";
import type { RelationName } from "../../ports/sql-dialect.ts";
import type { TableName } from "../../terms.ts";

/** Where the tables of a project stand in an environment, for the dialect that carries the models' SQL over to it. Nothing is quoted. */
export function physicalNames(sql: Pick<EngineSql, "schema">, tables: readonly TableName[]): ReadonlyMap<TableName, RelationName> {
  return new Map(
    tables.map((table) => {
      const { schema, name } = splitTable(table);
      return [table, { schema: sql.schema(schema), name }] as const;
    }),
  );
}
