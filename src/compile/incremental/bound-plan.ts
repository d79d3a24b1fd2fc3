import { columnTypeName } from "../../define/column-type.ts";
import { columnList, quoteIdentifier, quoteTable } from "../../define/quote.ts";
import type { ContractColumn } from "../../define/types.ts";
import type { BindOutcome, SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { Params, TableName } from "../../terms.ts";
import { picked } from "../params.ts";
import { exactTree } from "./exact-tree.ts";
import type { IncrementalInput } from "./incremental-input.ts";
import { parametersIn } from "./read-query.ts";
import { deltaName, hatName, opColumn, touchedName } from "./relation-names.ts";
import type { IncrementalPlan, UpstreamLink } from "./upstream-link.ts";

/** The plan, less what the engine does not bind on empty tables or types otherwise. */
export async function boundPlan(
  plan: IncrementalPlan,
  input: IncrementalInput,
  by: readonly ContractColumn[],
  analyzer: SqlAnalyzer,
): Promise<IncrementalPlan> {
  const upstreams: UpstreamLink[] = [];
  for (const link of plan.upstreams) {
    const bound = link.kind !== "linked" || yields(await describeTouched(link.touched, input, by, analyzer), by);
    upstreams.push(bound ? link : { table: link.table, kind: "full", reason: "the SQL that would follow its changes does not bind" });
  }
  const { splice } = plan;
  if ("why" in splice || (await isSameShape(splice.text, input, by, analyzer))) return { ...plan, upstreams };
  return { ...plan, upstreams, splice: { why: "its SQL with restricted reads does not bind" } };
}

function yields(outcome: BindOutcome, by: readonly ContractColumn[]): boolean {
  if ("failure" in outcome || outcome.columns.length !== by.length) return false;
  return outcome.columns.every((column, index) => {
    const expected = by[index];
    return expected !== undefined && column.name === expected.name && column.type === columnTypeName(expected.type);
  });
}

/** Binds SQL that reads `"touched"`, deltas and hats: empty ones stand in front of it. */
export function describeTouched(
  text: string,
  input: Pick<IncrementalInput, "upstreams">,
  by: readonly ContractColumn[],
  analyzer: SqlAnalyzer,
  params: Params = {},
): Promise<BindOutcome> {
  const empty = [...input.upstreams].flatMap(([table, columns]) => emptyRelations(table, columns));
  const values = by.map((column) => `cast(null as ${columnTypeName(column.type)}) as ${quoteIdentifier(column.name)}`);
  const touched = `${touchedName} as (select ${values.join(", ")} where false)`;
  return analyzer.describe(`with ${[...empty, touched].join(", ")} select * from (\n${text}\n) as bound`, params);
}

function emptyRelations(table: TableName, columns: readonly ContractColumn[]): readonly string[] {
  const names = columnList(columns.map((column) => column.name));
  const from = `from ${quoteTable(table)} where false`;
  return [
    `${deltaName(table)} as (select ${names}, cast(1 as tinyint) as ${opColumn} ${from})`,
    `${hatName(table)} as (select ${names} ${from})`,
  ];
}

/** Does the spliced SQL yield what the model's own does? */
async function isSameShape(
  spliced: string,
  input: IncrementalInput,
  by: readonly ContractColumn[],
  analyzer: SqlAnalyzer,
): Promise<boolean> {
  const [parsed] = await analyzer.parse([spliced]);
  if (parsed === undefined || "failure" in parsed) return false;
  const params = picked(input.params, parametersIn(exactTree(parsed.identity)));
  const own = await analyzer.describe(`select * from (\n${input.text}\n) as bound`, params);
  const outcome = await describeTouched(spliced, input, by, analyzer, params);
  return !("failure" in own) && !("failure" in outcome) && JSON.stringify(own.columns) === JSON.stringify(outcome.columns);
}
