import { same } from "../compile/joins.ts";
import type { JoinedTable, ModelTable } from "../compile/manifest.ts";
import { columnList, quoteIdentifier } from "../define/quote.ts";
import type { Session } from "../ports/engine.ts";
import type { CheckResult } from "../terms.ts";
import type { CheckReport } from "./checks.ts";
import { type Run, tableOf } from "./context.ts";
import { describeRow } from "./describe-row.ts";

/** A join that can meet several rows for one key, with the model's columns that carry the key. */
interface MultiplyingJoin {
  readonly table: JoinedTable["table"];
  /** Join column → the candidate's column with the same value. */
  readonly keys: readonly { readonly column: string; readonly output: string }[];
  /** Does the grain name a column of this table beyond the join's own? Such a table is meant to set the grain. */
  readonly inGrain: boolean;
}

/**
 * Why a model's grain does not hold: the join that multiplies its rows, the key, and one example with its counts. Null when no join on
 * equal columns explains it. Joins of the model itself are looked at first, then those of the model it reads.
 */
async function explainGrain(run: Run, session: Session, table: ModelTable, relation: string): Promise<string | null> {
  const found: { readonly join: MultiplyingJoin; readonly text: string }[] = [];
  for (const join of multiplyingJoins(run, table)) {
    const example = await worstExample(session, table, relation, join);
    if (example !== null) found.push({ join, text: example });
  }
  found.sort((a, b) => Number(a.join.inGrain) - Number(b.join.inGrain));
  return found.length === 0 ? null : found.map((item) => item.text).join("; also ");
}

function multiplyingJoins(run: Run, table: ModelTable): readonly MultiplyingJoin[] {
  const joins = table.joins.length > 1 ? table.joins.slice(1) : inheritedJoins(run, table);
  const source = table.joins.length > 1 ? table : upstreamModel(run, table);
  if (source === null) return [];
  return joins.flatMap((join) => {
    const grain = tableOf(run, join.table).grain;
    const columns = [...new Set(join.on.map((edge) => edge.column))];
    const single = grain.length > 0 && grain.every((key) => columns.some((column) => same(column, key)));
    const keys = columns.flatMap((column) => {
      const name = outputFor(source, join, column);
      const output = table.columns.find((item) => name !== null && same(item.name, name))?.name;
      return output === undefined ? [] : [{ column, output }];
    });
    if (single || keys.length === 0 || keys.length < columns.length) return [];
    const own = Object.entries(join.outputs).filter(([, column]) => !columns.some((item) => same(item, column)));
    return [{ table: join.table, keys, inGrain: own.some(([output]) => table.grain.some((key) => same(key, output))) }];
  });
}

/** The one model this model reads without joining. */
function upstreamModel(run: Run, table: ModelTable): ModelTable | null {
  const [only, ...others] = table.upstreams;
  if (only === undefined || others.length > 0) return null;
  const upstream = tableOf(run, only);
  return upstream.kind === "model" ? upstream : null;
}

function inheritedJoins(run: Run, table: ModelTable): readonly JoinedTable[] {
  return upstreamModel(run, table)?.joins.slice(1) ?? [];
}

/** The model's column that holds the value of a join column: that column itself, or one it is equal to. */
function outputFor(model: ModelTable, join: JoinedTable, column: string): string | null {
  const own = Object.entries(join.outputs).find(([, name]) => same(name, column))?.[0];
  if (own !== undefined) return own;
  for (const edge of join.on.filter((item) => same(item.column, column))) {
    const other = model.joins.find((item) => same(item.alias, edge.otherAlias));
    const output = Object.entries(other?.outputs ?? {}).find(([, name]) => same(name, edge.otherColumn))?.[0];
    if (output !== undefined) return output;
  }
  return model.columns.some((item) => same(item.name, column)) ? column : null;
}

async function worstExample(session: Session, table: ModelTable, relation: string, join: MultiplyingJoin): Promise<string | null> {
  const grain = columnList(table.grain);
  const joinColumns = columnList(join.keys.map((key) => key.column));
  const outputs = [...new Set([...table.grain, ...join.keys.map((key) => key.output)])];
  const match = join.keys.map((key) => `repeated.${quoteIdentifier(key.output)} = many.${quoteIdentifier(key.column)}`).join(" and ");
  const [example] = await session.query({
    text: `with counted as (select ${columnList(outputs)}, count(*) over (partition by ${grain}) as _times from ${relation}),
      repeated as (select * from counted where _times > 1),
      many as (select ${joinColumns}, count(*) as _rows from ${session.sql.table(join.table)} group by ${joinColumns} having count(*) > 1)
      select repeated.*, many._rows from repeated join many on ${match} order by many._rows desc, repeated._times desc, ${table.grain.map((name) => `repeated.${quoteIdentifier(name)}`).join(", ")} limit 1`,
  });
  if (example === undefined) return null;
  const { _times, _rows, ...values } = example;
  const key = Object.fromEntries(table.grain.map((name) => [name, values[name]]));
  const joined = join.keys.map(
    (item) => `${item.column} = ${describeRow({ [item.output]: values[item.output] }, table.columns).replace(/^.*? = /, "")}`,
  );
  return `${join.table} joined on ${join.keys.map((item) => item.column).join(", ")} multiplies rows: it has ${_rows} rows for ${joined.join(", ")}, and ${describeRow(key, table.columns)} appears ${_times} times`;
}

/** Adds to a failed grain check the join that multiplies rows. */
export async function explained(
  run: Run,
  session: Session,
  table: ModelTable,
  relation: string,
  report: CheckReport,
): Promise<readonly CheckResult[]> {
  const failed = report.results.find((result) => result.check === "grain" && result.failures > 0);
  if (failed === undefined || table.grain.length === 0) return report.results;
  const cause = await explainGrain(run, session, table, relation);
  if (cause === null) return report.results;
  return report.results.map((result) => (result === failed ? { ...result, message: `${result.message}. ${cause}` } : result));
}
