import { columnTypeName } from "../../define/column-type.ts";
import { columnList, quoteIdentifier, quoteTable, quoteText } from "../../define/quote.ts";
import type { ContractColumn } from "../../define/types.ts";
import type { EngineSql } from "../../ports/engine-sql.ts";

export const keyHash = (columns: readonly string[]): string => `hash(${columnList(columns)})`;

export const duckdbSql: EngineSql = {
  schema: (name) => name,
  table: quoteTable,
  turn: () => null,
  temporary: (name) => `temp.${name}`,
  replaceTemporary: (name) => ({ first: null, create: `create or replace temp table ${name}` }),
  type: columnTypeName,
  sameValue: (left, right) => `${left} is not distinct from ${right}`,
  // EXISTS over a join would not always be answered by hashing.
  havingPartner: (rows, partners, condition) => `${rows} semi join ${partners} on ${condition}`,
  // NOT EXISTS would be planned by the values on the outside: four times as dear.
  isNoneOf: (value, column, relation) => `${value} not in (select ${column} from ${relation} where ${column} is not null)`,
  matches: (text, pattern) => `regexp_matches(${text}, ${pattern})`,
  comparesHashes: true,
  distinctValues: (columns) => `approx_count_distinct(${keyHash(columns)})`,
  jsonObject: (columns) => (columns.length === 0 ? "'{}'" : `to_json({${columns.map(jsonField).join(", ")}})::varchar`),
};

/** Decimals would become doubles in JSON, and lose digits. */
const jsonField = ({ name, type }: ContractColumn): string =>
  `${quoteText(name)}: ${quoteIdentifier(name)}${type.kind === "decimal" ? "::varchar" : ""}`;
