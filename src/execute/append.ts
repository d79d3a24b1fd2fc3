import type { ModelTable } from "../compile/manifest.ts";
import { columnList, quoteIdentifier, quoteTable } from "../define/quote.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { buildInFull, ownSelect } from "./build-in-full.ts";
import { remember } from "./commit-table.ts";
import { paramsOf, type Run } from "./context.ts";
import { publishDifference } from "./publish-difference.ts";
import { difference } from "./row-changes.ts";
import { buildError } from "./step-failure.ts";

/** Builds an append table: rows of the SQL whose key is not there yet are added, nothing else changes. */
export async function buildAppend(run: Run, session: Session, step: Step, position: number, table: ModelTable): Promise<StepResult> {
  const started = run.clock();
  const before = run.publications.get(table.name);
  if (before === undefined)
    return buildInFull(run, session, step, position, table, { ...ownSelect(run, table), select: firstRows(run, table) });
  if (before.fingerprint !== table.fingerprint) {
    const known = await session.describe(`select * from ${quoteTable(table.name)}`);
    const select = keptAndNew(table, new Set(known.map((column) => column.name.toLowerCase())));
    return buildInFull(run, session, step, position, table, {
      ...ownSelect(run, table),
      select: { text: select, params: paramsOf(run, table) },
    });
  }
  const committed = await session.transaction(async () => {
    const text = `create or replace temp table ${difference} as select 1::tinyint as _op, * from (${newRows(table, table.select, quoteTable(table.name))})`;
    await session.execute({ text, params: paramsOf(run, table) }).catch((error: unknown) => {
      throw buildError(run, table, error);
    });
    const upstreams = table.upstreams.map((name) => ({ table: name, read: run.publications.get(name)?.rows ?? 0, used: null }));
    return publishDifference(run, session, step, position, table, { started, touched: null, upstreams, notes: [], moreInputs: {} });
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
  return `select * from (${select}) as made qualify row_number() over (partition by ${columnList(table.grain)} order by ${order}) = 1`;
}

function newRows(table: ModelTable, select: string, existing: string): string {
  const match = table.grain.map((name) => `new.${quoteIdentifier(name)} = old.${quoteIdentifier(name)}`).join(" and ");
  return `select * from (${onePerKey(table, select)}) as new where not exists (select 1 from ${existing} as old where ${match})`;
}

/** With another definition the rows there are stay, in the columns the table has now; new ones are made by it. */
function keptAndNew(table: ModelTable, known: ReadonlySet<string>): string {
  const columns = table.columns.map(({ name }) =>
    known.has(name.toLowerCase()) ? quoteIdentifier(name) : `null as ${quoteIdentifier(name)}`,
  );
  const kept = `select ${columns.join(", ")} from ${quoteTable(table.name)}`;
  return `with kept as (${kept}) select * from kept union all ${newRows(table, table.select, "kept")}`;
}
