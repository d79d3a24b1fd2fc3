import { columnTypeName } from "../../define/column-type.ts";
import type { ContractColumn } from "../../define/types.ts";
import type { DescribedColumn } from "../../ports/engine.ts";
import type { GivenRelation } from "../../ports/sql-dialect.ts";
import type { TableName } from "../../terms.ts";

export const asGiven = (columns: readonly ContractColumn[]): readonly DescribedColumn[] =>
  columns.map(({ name, type }) => ({ name, type: columnTypeName(type) }));

/** The changed rows of a table, as a refresh has them beside the tables. */
export const deltaRelation = (table: TableName, columns: readonly ContractColumn[]): GivenRelation => ({
  name: `delta ${table}`,
  columns: [...asGiven(columns), { name: "_op", type: "SMALLINT" }],
});

/** The rows a table has or had. */
export const hatRelation = (table: TableName, columns: readonly ContractColumn[]): GivenRelation => ({
  name: `hat ${table}`,
  columns: asGiven(columns),
});

/** The touched values of a model. */
export const touchedRelation = (columns: readonly ContractColumn[], by: readonly string[]): GivenRelation => ({
  name: "touched",
  columns: asGiven(columns.filter((column) => by.includes(column.name))),
});
