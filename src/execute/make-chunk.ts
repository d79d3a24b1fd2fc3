import { touchedName } from "../compile/incremental/relation-names.ts";
import type { ModelTable } from "../compile/manifest.ts";
import { columnList } from "../define/quote.ts";
import type { Step } from "../plan/plan.ts";
import { chunkColumn, chunkTables } from "../ports/chunk-tables.ts";
import type { Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { paramsOf, type Run } from "./context.ts";
import { recordUnpublished } from "./record-unpublished.ts";
import { refreshStatements } from "./refresh-statements.ts";
import { spliceNow } from "./splice-now.ts";
import { buildError } from "./step-failure.ts";
import { noFacts, stepResult } from "./step-result.ts";
import { typedColumns } from "./typed-columns.ts";

/** Makes the rows of one chunk of a model's values, and puts it on record in the same transaction; nobody sees them until all are published. */
export async function makeChunk(run: Run, session: Session, step: Step, position: number, table: ModelTable): Promise<StepResult> {
  const started = run.clock();
  const { chunk: part } = step;
  if (part === undefined || !("values" in part)) throw new Error(`${step.step} names no values`);
  const { batch_id, chunk } = part;
  const { sql } = session;
  const { values, rows } = chunkTables(table.name);
  const by = table.incremental?.by ?? [];
  return session.transaction(async () => {
    const made = { table: table.name, batch_id, chunk };
    if (await run.store.isLoaded(session, made)) {
      // The answer to its commit was lost.
      const recorded = await run.store.readStep(session, run.runId, step.step);
      if (recorded !== null) return recorded;
      throw new Error(`${step.step} was made by another run`);
    }
    const fail = (error: unknown): never => {
      throw buildError(run, table, error);
    };
    const statements = refreshStatements(sql, { table: table.name, columns: table.columns, plan: { by, upstreams: [] }, changed: [] });
    const own = `select ${columnList(by)} from ${sql.table(values)} where ${chunkColumn} = ${chunk}`;
    await session.execute({ text: `create temp table ${touchedName} as ${own}` });
    const splice = spliceNow(run, table);
    const select = statements.made("text" in splice ? splice.text : table.select);
    const found = await run.engine
      .addRows(session, sql.table(rows), [...table.columns.map(({ name }) => name), chunkColumn], {
        text: `select ${typedColumns(sql, table.columns)}, ${chunk} from (${select}\n) as made`,
        params: paramsOf(run, table),
      })
      .catch(fail);
    await session.execute({ text: statements.drop.join("; ") });
    const result = stepResult(step, "succeeded", { ...noFacts, rows_out: found }, run.clock() - started, null);
    await recordUnpublished(run, session, position, result, { chunk: { ...made, rows: found } });
    return result;
  });
}
