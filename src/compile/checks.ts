import type { Check } from "../define/check.ts";
import { columnTypeName } from "../define/column-type.ts";
import { didYouMean } from "../define/nearest-name.ts";
import { quoteTable, quoteText } from "../define/quote.ts";
import type { ContractColumn } from "../define/types.ts";
import { AssayError } from "../errors.ts";
import type { SqlAnalyzer } from "../ports/sql-analyzer.ts";
import type { Location, Params, TableName } from "../terms.ts";
import { unknownFunction } from "./functions/unknown-function.ts";
import { historyFaults } from "./history-checks.ts";
import { same } from "./joins.ts";
import type { TableColumns } from "./lineage.ts";

export interface CheckedTable {
  readonly name: TableName;
  readonly columns: readonly ContractColumn[];
  readonly checks: readonly Check[];
  readonly location: Location;
}

/** Other tables a table's checks compare with; a table may compare with itself (a parent key). */
export function checkedAgainst(table: TableName, checks: readonly Check[]): readonly TableName[] {
  const named = checks.flatMap((check) => {
    if (check.kind === "relationships") return [check.to as TableName];
    return check.kind === "conserves" ? [check.upstream as TableName] : [];
  });
  return named.filter((name) => !same(name, table));
}

/** Every check that could not be evaluated: unknown columns and tables, SQL that does not bind. */
export async function checkErrors(
  table: CheckedTable,
  tables: TableColumns,
  analyzer: SqlAnalyzer,
  functions: readonly string[] = [],
): Promise<readonly AssayError[]> {
  const errors: AssayError[] = [];
  const invalid = (check: Check, message: string, hint: string): void => {
    const label = "name" in check ? `${check.kind} ${JSON.stringify(check.name)}` : check.kind;
    errors.push(new AssayError("CHECK_INVALID", `${table.name}: check ${label}: ${message}`, { hint, location: table.location }));
  };
  const needColumn = (check: Check, name: string, owner: TableName, columns: readonly ContractColumn[]): ContractColumn | undefined => {
    const column = columns.find((item) => same(item.name, name));
    if (column === undefined)
      invalid(
        check,
        `${owner} has no column ${name}`,
        didYouMean(
          name,
          columns.map((item) => item.name),
        ),
      );
    return column;
  };
  const needBinding = async (check: Check, query: string, hint = "correct the check's SQL"): Promise<void> => {
    const outcome = await analyzer.describe(query, {} satisfies Params);
    if (!("failure" in outcome)) return;
    const { message, unknownColumn, candidates, unknownFunction: missing } = outcome.failure;
    if (missing !== null) {
      const told = unknownFunction(missing, functions);
      return invalid(check, told.message, told.hint);
    }
    if (unknownColumn === null) invalid(check, message, hint);
    else invalid(check, `there is no column ${unknownColumn}`, didYouMean(unknownColumn, candidates));
  };
  const needLiterals = (check: Check, column: ContractColumn | undefined, values: readonly (string | number | boolean)[]): void => {
    const wrong = column === undefined ? undefined : values.find((value) => !fitsType(String(value), column));
    if (column === undefined || wrong === undefined) return;
    invalid(
      check,
      `${JSON.stringify(wrong)} is no ${columnTypeName(column.type)}, the type of ${column.name}`,
      "write a value of the column's type",
    );
  };
  for (const check of table.checks) {
    switch (check.kind) {
      case "not_null":
      case "unique":
        needColumn(check, check.column, table.name, table.columns);
        break;
      case "accepted_values":
        if (check.values.length === 0) invalid(check, `${check.column} has no accepted values`, "list at least one");
        needLiterals(check, needColumn(check, check.column, table.name, table.columns), check.values);
        break;
      case "between":
        if (check.min === null && check.max === null) invalid(check, `${check.column} has neither min nor max`, "give at least one bound");
        needLiterals(
          check,
          needColumn(check, check.column, table.name, table.columns),
          [check.min, check.max].filter((bound) => bound !== null),
        );
        break;
      case "matches": {
        const column = needColumn(check, check.column, table.name, table.columns);
        if (column !== undefined && column.type.kind !== "varchar") {
          invalid(check, `${check.column} is ${columnTypeName(column.type)}, not text`, "use between or expression");
        }
        await needBinding(
          check,
          `select regexp_matches('', ${quoteText(check.pattern)})`,
          `correct the pattern ${check.pattern} (RE2 syntax)`,
        );
        break;
      }
      case "unique_combination":
        if (check.columns.length === 0) invalid(check, "it names no columns", "list at least one");
        for (const name of check.columns) needColumn(check, name, table.name, table.columns);
        break;
      case "row_count":
        if (check.min === null && check.max === null) invalid(check, "it has neither min nor max", "give at least one bound");
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
        await needBinding(check, `select count(*) from ${quoteTable(table.name)} where ((${check.expression}\n) is not true)`);
        break;
      case "row_count_drift":
      case "null_share_drift":
      case "freshness":
        for (const { message, hint } of historyFaults(check, table.columns)) invalid(check, message, hint);
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

const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const date = /^(?:-?\d{1,6}[-/]\d{1,2}[-/]\d{1,2}(?: \(BC\))?|-?infinity|epoch)$/i;

/** Can the text stand for a value of the column's type? What it lets through the engine still reads for itself. */
function fitsType(text: string, { type }: ContractColumn): boolean {
  switch (type.kind) {
    case "smallint":
    case "integer":
    case "bigint":
    case "decimal":
    case "double":
      return number.test(text);
    case "boolean":
      return text === "true" || text === "false";
    case "date":
      return date.test(text);
    case "timestamp":
      return date.test(text.split(/[ T]/)[0] ?? "");
    case "time":
      return /^\d{1,2}:\d{2}/.test(text);
    case "varchar":
    case "json":
      return true;
    default:
      return type satisfies never;
  }
}
