import type { Check } from "../define/check.ts";
import { columnTypeName } from "../define/column-type.ts";
import { quoteTable } from "../define/quote.ts";
import type { ContractColumn } from "../define/types.ts";
import { AssayError } from "../errors.ts";
import type { SqlAnalyzer } from "../ports/sql-analyzer.ts";
import type { Location, Params, TableName } from "../terms.ts";
import { same } from "./joins.ts";
import type { TableColumns } from "./lineage.ts";
import { didYouMean } from "../define/nearest-name.ts";

export interface CheckedTable {
  readonly name: TableName;
  readonly columns: readonly ContractColumn[];
  readonly checks: readonly Check[];
  readonly location: Location;
}

/** Other tables a table's checks compare with. */
export function checkedAgainst(checks: readonly Check[]): readonly TableName[] {
  return checks.flatMap((check) => {
    if (check.kind === "relationships") return [check.to as TableName];
    return check.kind === "conserves" ? [check.upstream as TableName] : [];
  });
}

/** Every check that could not be evaluated: unknown columns and tables, SQL that does not bind. */
export async function checkErrors(table: CheckedTable, tables: TableColumns, analyzer: SqlAnalyzer): Promise<readonly AssayError[]> {
  const errors: AssayError[] = [];
  const invalid = (check: Check, message: string, hint: string): void => {
    errors.push(new AssayError("CHECK_INVALID", `${table.name}: check ${check.kind}: ${message}`, { hint, location: table.location }));
  };
  const needColumn = (check: Check, name: string, owner: TableName, columns: readonly ContractColumn[]): ContractColumn | undefined => {
    const column = columns.find((item) => same(item.name, name));
    if (column === undefined) invalid(check, `${owner} has no column ${name}`, didYouMean(name, columns.map((item) => item.name)));
    return column;
  };
  const needBinding = async (check: Check, query: string): Promise<void> => {
    const outcome = await analyzer.describe(query, {} satisfies Params);
    if ("failure" in outcome) invalid(check, outcome.failure.message, "correct the check's SQL");
  };
  for (const check of table.checks) {
    switch (check.kind) {
      case "not_null":
      case "unique":
      case "accepted_values":
      case "between":
        needColumn(check, check.column, table.name, table.columns);
        break;
      case "matches": {
        const column = needColumn(check, check.column, table.name, table.columns);
        if (column !== undefined && column.type.kind !== "varchar") {
          invalid(check, `${check.column} is ${columnTypeName(column.type)}, not text`, "use between or expression");
        }
        break;
      }
      case "unique_combination":
        for (const name of check.columns) needColumn(check, name, table.name, table.columns);
        break;
      case "row_count":
        break;
      case "relationships": {
        const target = tables.get(check.to as TableName);
        needColumn(check, check.column, table.name, table.columns);
        if (target === undefined) invalid(check, `there is no table ${check.to}`, didYouMean(check.to, [...tables.keys()]));
        else needColumn(check, check.field, check.to as TableName, target);
        break;
      }
      case "conserves": {
        needColumn(check, check.column, table.name, table.columns);
        if (!tables.has(check.upstream as TableName)) {
          invalid(check, `there is no table ${check.upstream}`, didYouMean(check.upstream, [...tables.keys()]));
          break;
        }
        const filter = check.where === null ? "" : ` where ${check.where}`;
        await needBinding(check, `select sum(${check.measure}) from ${quoteTable(check.upstream)}${filter}`);
        break;
      }
      case "expression":
        await needBinding(check, `select count(*) from ${quoteTable(table.name)} where (${check.expression}\n)`);
        break;
      case "sql":
        await needBinding(check, check.query.replaceAll("{table}", quoteTable(table.name)));
        break;
      default:
        check satisfies never;
    }
  }
  return errors;
}
