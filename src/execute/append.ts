import type { ModelTable } from "../compile/manifest.ts";
import { columnList, quoteIdentifier } from "../define/quote.ts";
import { messageOf } from "../errors.ts";
import { deferredFrom } from "../plan/against.ts";
import type { RefreshMode } from "../plan/build-mode.ts";
import type { Step } from "../plan/plan.ts";
import type { DescribedColumn, Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { buildInFull, ownSelect } from "./build-in-full.ts";
import { remember } from "./commit-table.ts";
import { paramsOf, type Run } from "./context.ts";
import { migratedColumns, sameName } from "./kept-columns.ts";
import { publishDifference } from "./publish-difference.ts";
import { difference } from "./refresh-statements.ts";
import { buildError } from "./step-failure.ts";
import { createTemporary } from "./temporary-table.ts";
import { NotRefreshable, touchedPart } from "./touched-values.ts";
import { typedColumns } from "./typed-columns.ts";

/** Builds an append table from all the SQL yields: rows whose key is not there yet are added, nothing else changes. */
export async function buildAppend(
  run: Run,
  session: Session,
  step: Step,
  position: number,
  table: ModelTable,
  notes: readonly string[],
): Promise<StepResult> {
  const before = run.publications.get(table.name);
  if (before === undefined) {
    const first = { ...ownSelect(run, table, notes), select: firstRows(run, table) };
    return buildInFull(run, session, step, position, table, first);
  }
  if (before.fingerprint === table.fingerprint && deferredFrom(before) === null)
    return appendRows(run, session, step, position, table, null, notes);
  const relation = session.sql.table(table.name);
  const known = await session.describe(`select * from ${relation}`);
  const migrated = migratedColumns(session, table, relation, known, table.columns);
  const select = { text: keptAndNew(session, table, known), params: paramsOf(run, table) };
  return buildInFull(run, session, step, position, table, { ...ownSelect(run, table, [...notes, ...migrated]), select });
}

/** Adds the rows whose key is not there yet: of those that changes touch, or of all. */
export async function appendRows(
  run: Run,
  session: Session,
  step: Step,
  position: number,
  table: ModelTable,
  mode: RefreshMode | null,
  notes: readonly string[],
): Promise<StepResult> {
  const started = run.clock();
  const committed = await session.transaction(async () => {
    const part = mode === null ? null : await touchedPart(run, session, table, mode);
    const { text, params = {} } = part?.made ?? { text: table.select, params: paramsOf(run, table) };
    const made = `select cast(1 as bigint) as _op, ${typedColumns(session.sql, table.columns)} from (${newRows(table, text, session.sql.table(table.name))}) as news`;
    await createTemporary(session, difference, { text: made, params }).catch((error: unknown) => {
      throw mode === null ? buildError(run, table, error) : new NotRefreshable(messageOf(error));
    });
    await part?.drop();
    const all = table.upstreams.map((name) => ({ table: name, read: run.publications.get(name)?.rows ?? 0, used: null }));
    return publishDifference(run, session, step, position, table, {
      started,
      touched: part?.touched ?? null,
      upstreams: part?.upstreams ?? all,
      notes,
      moreInputs: {},
    });
  });
  remember(run, committed);
  return committed.result;
}

const firstRows = (run: Run, table: ModelTable): { text: string; params: Run["params"] } => ({
  text: onePerKey(table, table.select),
  params: paramsOf(run, table),
});

/** One row a key. Which one does not depend on the order of rows. */
function onePerKey(table: ModelTable, select: string): string {
  const order = columnList(table.columns.map((column) => column.name));
  const placed = `select ${order}, row_number() over (partition by ${columnList(table.grain)} order by ${order}) as _place from (${select}\n) as made`;
  return `select ${order} from (${placed}) as placed where _place = 1`;
}

function newRows(table: ModelTable, select: string, existing: string): string {
  const match = table.grain.map((name) => `fresh.${quoteIdentifier(name)} = old.${quoteIdentifier(name)}`).join(" and ");
  return `select * from (${onePerKey(table, select)}) as fresh where not exists (select 1 from ${existing} as old where ${match})`;
}

/** With another definition the rows there are stay, in the columns the table has now; new ones are made by it. */
function keptAndNew({ sql }: Session, table: ModelTable, known: readonly DescribedColumn[]): string {
  const columns = table.columns.map((column) => {
    const old = known.find((item) => sameName(item, column));
    const value = old === undefined ? "null" : quoteIdentifier(old.name);
    return `cast(${value} as ${sql.type(column.type)}) as ${quoteIdentifier(column.name)}`;
  });
  const kept = `select ${columns.join(", ")} from ${sql.table(table.name)}`;
  return `with kept as (${kept}) select * from kept union all ${newRows(table, table.select, "kept")}`;
}
