import type { Check, DriftRule } from "../define/check.ts";
import { columnTypeName } from "../define/column-type.ts";
import { durationForm, parseDuration } from "../define/duration.ts";
import { didYouMean } from "../define/nearest-name.ts";
import type { ContractColumn } from "../define/types.ts";
import { same } from "./joins.ts";

interface Fault {
  readonly message: string;
  readonly hint: string;
}

/** What is wrong with a check against a table's history or the clock. */
export function historyFaults(
  check: Check & { readonly kind: "row_count_drift" | "null_share_drift" | "freshness" },
  columns: readonly ContractColumn[],
): readonly Fault[] {
  const column = "column" in check ? columns.find((item) => same(item.name, check.column)) : undefined;
  if ("column" in check && column === undefined) {
    const hint = didYouMean(
      check.column,
      columns.map((item) => item.name),
    );
    return [{ message: `the table has no column ${check.column}`, hint }];
  }
  if (check.kind === "freshness") return freshnessFaults(check.maxAge, column);
  if (column?.nullable === false) {
    const hint = "take the check away, or declare the column nullable: true";
    return [{ message: `${column.name} is declared not null: its share of nulls is always 0`, hint }];
  }
  return driftFaults(check);
}

function freshnessFaults(maxAge: string, column: ContractColumn | undefined): readonly Fault[] {
  const kind = column?.type.kind;
  return [
    ...(parseDuration(String(maxAge)) === null
      ? [{ message: `${JSON.stringify(maxAge)} is no duration`, hint: `write ${durationForm}` }]
      : []),
    ...(column !== undefined && kind !== "timestamp" && kind !== "date"
      ? [{ message: `${column.name} is ${columnTypeName(column.type)}, no time`, hint: "name a timestamp or date column" }]
      : []),
  ];
}

function driftFaults(rule: DriftRule): readonly Fault[] {
  const { sensitivity, tolerance, history, minHistory, seasonality, direction } = rule;
  const fault = (name: string, value: unknown, hint: string): Fault => ({ message: `${name} is ${JSON.stringify(value)}`, hint });
  const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 1;
  return [
    ...(isPositive(sensitivity) ? [] : [fault("sensitivity", sensitivity, "write a number above 0; 3 is the default")]),
    ...(tolerance === 0 || isPositive(tolerance) ? [] : [fault("tolerance", tolerance, "write a share from 0, e.g. 0.1")]),
    ...(isCount(history) ? [] : [fault("history", history, "write how many publications to look back on, e.g. 28")]),
    ...(isCount(minHistory) && minHistory <= history ? [] : [fault("minHistory", minHistory, "write a whole number from 1 to history")]),
    ...(seasonality === "day_of_week" || seasonality === "none" ? [] : [fault("seasonality", seasonality, "write day_of_week or none")]),
    ...(direction === "both" || direction === "drop" || direction === "spike"
      ? []
      : [fault("direction", direction, "write both, drop or spike")]),
  ];
}

const isPositive = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value > 0;
