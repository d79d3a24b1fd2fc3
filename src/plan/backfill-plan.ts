import type { ModelTable } from "../compile/manifest.ts";
import { columnTypeName } from "../define/column-type.ts";
import { didYouMean } from "../define/nearest-name.ts";
import { columnList, quoteIdentifier } from "../define/quote.ts";
import type { ContractColumn } from "../define/types.ts";
import { AssayError } from "../errors.ts";
import type { Statement } from "../ports/engine.ts";
import type { EngineSql } from "../ports/engine-sql.ts";
import type { Params } from "../terms.ts";
import type { BackfillPart, Step } from "./plan.ts";

/** Which values of one `by` column are to be built again: a range, both ends included, or a list. */
export type BackfillWish =
  | { readonly column: string; readonly from: string | null; readonly to: string | null }
  | { readonly column: string; readonly values: readonly string[] };

/** Lowest and highest value of one chunk, as text. */
export type Bounds = readonly [low: string, high: string];

/** The `by` column a backfill goes by. Throws USAGE for a model without, COLUMN_UNKNOWN. */
export function backfillColumn(table: ModelTable, name: string | null): ContractColumn {
  const by = table.materialize.kind === "incremental" ? table.materialize.by : [];
  if (by.length === 0) {
    throw new AssayError("USAGE", `${table.name} is no incremental model: there is no part of it to build again`, {
      hint: `assay run --select ${table.name} --full-refresh builds all of it`,
      location: table.location,
    });
  }
  const wanted = name ?? by[0];
  const column = table.columns.find((item) => by.includes(item.name) && item.name.toLowerCase() === wanted?.toLowerCase());
  if (column !== undefined) return column;
  throw new AssayError("COLUMN_UNKNOWN", `${table.name} is not built by ${wanted}`, {
    hint: didYouMean(wanted ?? "", by),
    location: table.location,
  });
}

/** SELECT of the `by` values in a range of one column, of rows that are there or that the definition makes now. */
export function backfillSelect(
  sql: EngineSql,
  table: ModelTable,
  condition: { readonly text: string; readonly params: Params },
  params: Params,
): Statement {
  const by = columnList(table.incremental?.by ?? []);
  return {
    text: `select ${by} from ${sql.table(table.name)} where ${condition.text} union select ${by} from (${table.select}) as made where ${condition.text}`,
    params: { ...params, ...condition.params },
  };
}

/** Condition of a wish over the model's columns. Values are bound. */
export function wishCondition(column: ContractColumn, wish: BackfillWish): { readonly text: string; readonly params: Params } {
  const name = quoteIdentifier(column.name);
  const value = (param: string): string => `cast($${param} as ${columnTypeName(column.type)})`;
  if ("values" in wish) {
    const params = Object.fromEntries(wish.values.map((text, index) => [`backfill_${index}`, text] as const));
    return { text: `${name} in (${Object.keys(params).map(value).join(", ")})`, params };
  }
  const parts = [
    ...(wish.from === null ? [] : [{ text: `${name} >= ${value("backfill_from")}`, params: { backfill_from: wish.from } }]),
    ...(wish.to === null ? [] : [{ text: `${name} <= ${value("backfill_to")}`, params: { backfill_to: wish.to } }]),
  ];
  return { text: parts.map((part) => part.text).join(" and "), params: Object.assign({}, ...parts.map((part) => part.params)) };
}

/** Query of the chunks: `low`, `high` (text) and `found` values of each, in order. */
export function chunkQuery(column: ContractColumn, values: Statement, chunks: number): Statement {
  const name = quoteIdentifier(column.name);
  return {
    ...values,
    text: `select cast(min(value) as varchar) as low, cast(max(value) as varchar) as high, count(*) as found from (
        select value, ntile(${chunks}) over (order by value) as chunk from (
          select distinct ${name} as value from (${values.text}) as wished where ${name} is not null
        ) as found_values
      ) as chunks group by chunk order by chunk`,
  };
}

/** SELECT of the `by` values that one step of a backfill builds again; takes the model's parameters. */
export function partSelect(sql: EngineSql, table: ModelTable, { column, low, high, values }: BackfillPart, params: Params): Statement {
  const by = backfillColumn(table, column);
  const range = wishCondition(by, { column, from: low, to: high });
  if (values === null) return backfillSelect(sql, table, range, params);
  const listed = wishCondition(by, { column, values });
  const both = { text: `${range.text} and ${listed.text}`, params: { ...listed.params, ...range.params } };
  return backfillSelect(sql, table, both, params);
}

/** One step for each chunk, one after the other, so that an interrupted backfill has whole chunks behind it. */
export function backfillSteps(
  table: ModelTable,
  wish: BackfillWish,
  bounds: readonly Bounds[],
  done: ReadonlySet<string>,
): readonly Step[] {
  const steps: Step[] = [];
  const { column } = wish;
  const values = "values" in wish ? wish.values : null;
  for (const [index, [low, high]] of bounds.entries()) {
    const step = chunkStep(table, index, bounds.length);
    const because = `${column} ${low === high ? low : `${low} to ${high}`}`;
    const before = steps.findLast((item) => item.action === "run");
    const base = { step, kind: "build", table: table.name, because, build: null } as const;
    if (done.has(step))
      steps.push({ ...base, after: [], action: "skip", reason: "unchanged", because: `${because}: done before the interruption` });
    else
      steps.push({
        ...base,
        after: before === undefined ? [] : [before.step],
        action: "run",
        reason: "forced",
        backfill: { column, low, high, values },
      });
  }
  return steps;
}

const chunkStep = (table: ModelTable, index: number, chunks: number): string => `build ${table.name} (${index + 1} of ${chunks})`;
