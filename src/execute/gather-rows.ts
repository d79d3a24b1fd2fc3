import type { ModelTable } from "../compile/manifest.ts";
import { columnList } from "../define/quote.ts";
import { AssayError } from "../errors.ts";
import { chunkTables, dropChunkTables } from "../ports/chunk-tables.ts";
import type { Session } from "../ports/engine.ts";
import type { Split } from "../ports/state-store.ts";
import type { FullDefinition } from "./build-in-full.ts";
import { countOf, oneRow, type Run } from "./context.ts";
import { modelInput } from "./model-input.ts";

/** The last part of a full build in chunks: the rows of all of them are the table, built and published as if its SQL had made them at once. */
export function gatheredRows(run: Run, session: Session, table: ModelTable, split: Split): FullDefinition {
  const relation = session.sql.table(chunkTables(table.name).rows);
  return {
    select: { text: `select ${columnList(table.columns.map(({ name }) => name))} from ${relation}` },
    prepare: () => requireAll(run, session, table, split, relation),
    earlier: () => run.store.chunkTime(session, table.name, split.batch_id),
    finish: () => session.execute({ text: dropChunkTables(session.sql, table.name) }),
    notes: () => [...(split.why === "" ? [] : [`built in full: ${split.why}`]), `made in ${split.chunks} chunks`],
    moreInputs: {},
  };
}

/** Every chunk is on record, and has put there what it says. Throws LEDGER_UNBALANCED. */
async function requireAll(run: Run, session: Session, table: ModelTable, split: Split, relation: string): Promise<void> {
  const fail = (message: string, hint: string): never => {
    throw new AssayError("LEDGER_UNBALANCED", `${table.name}: ${message}`, { hint, location: table.location });
  };
  if (modelInput(run, table) !== split.input) fail("its chunks were made of other rows than there are now", "run again");
  const made = await run.store.readChunks(session, table.name, split.batch_id);
  for (let chunk = 1; chunk <= split.chunks; chunk++)
    if (!made.has(chunk)) fail(`chunk ${chunk} of ${split.chunks} is not made`, "run again: what is not made yet will be");
  const rows = [...made.values()].reduce((sum, value) => sum + value, 0);
  const found = countOf((await oneRow(session, `select count(*) as rows from ${relation}`)).rows);
  if (found !== rows) fail(`its chunks made ${rows} rows, but ${found} are there`, "run with --full-refresh to make them again");
}
