import { touchedName } from "../compile/incremental/relation-names.ts";
import type { ModelTable } from "../compile/manifest.ts";
import { partSelect } from "../plan/backfill-plan.ts";
import type { BackfillPart, Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { remember } from "./commit-table.ts";
import { countOf, oneRow, paramsOf, type Run } from "./context.ts";
import { divertTouched } from "./divert-touched.ts";
import { publishDifference } from "./publish-difference.ts";
import { refreshStatements } from "./refresh-statements.ts";
import { createDifference } from "./row-changes.ts";
import { spliceNow } from "./splice-now.ts";
import { buildError } from "./step-failure.ts";
import { typedColumns } from "./typed-columns.ts";

/** Builds given values of an incremental model again, from what its upstreams hold now; its cursor stays where it was. */
export async function backfillValues(
  run: Run,
  session: Session,
  step: Step,
  position: number,
  table: ModelTable,
  part: BackfillPart,
): Promise<StepResult> {
  const started = run.clock();
  const by = table.incremental?.by ?? [];
  const values = partSelect(session.sql, table, part, paramsOf(run, table));
  const committed = await session.transaction(async () => {
    const { made, old, drop } = refreshStatements(session.sql, {
      table: table.name,
      columns: table.columns,
      plan: { by, upstreams: [] },
      changed: [],
    });
    const fail = (error: unknown): never => {
      throw buildError(run, table, error);
    };
    const wished = typedColumns(
      session.sql,
      table.columns.filter(({ name }) => by.includes(name)),
    );
    const touched = `create temp table ${touchedName} as select distinct ${wished} from (${values.text}\n) as wished`;
    await session.execute({ ...values, text: touched }).catch(fail);
    const found = countOf((await oneRow(session, `select count(*) as found from ${touchedName}`)).found);
    const splice = spliceNow(run, table);
    const definition = { text: made("text" in splice ? splice.text : table.select), params: paramsOf(run, table) };
    const kept = await divertTouched(session, table, definition, by).catch(fail);
    await createDifference(session, table, old, kept.select).catch(fail);
    await session.execute({ text: drop.join("; ") });
    return publishDifference(run, session, step, position, table, {
      started,
      touched: { values: found, of: run.publications.get(table.name)?.cost?.by_values ?? null },
      upstreams: table.upstreams.map((name) => ({ table: name, read: run.publications.get(name)?.rows ?? 0, used: null })),
      notes: [],
      moreInputs: {},
      keepInputs: true,
      diverted: kept.diverted,
    });
  });
  remember(run, committed);
  return committed.result;
}
