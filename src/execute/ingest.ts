import type { BronzeTable } from "../compile/manifest.ts";
import { AssayError } from "../errors.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { SourceFile } from "../ports/source.ts";
import type { IngestedFile } from "../ports/state-store.ts";
import type { StepResult } from "../terms.ts";
import { countOf, isoTime, oneRow, paramsOf, type Run } from "./context.ts";
import { type LandedFile, landFile } from "./land-file.ts";
import { publishBronze } from "./publish-bronze.ts";
import { evolvedSoFar, evolvedWith, fileSchema, readingAs } from "./source-schema.ts";
import { noFacts, type StepFacts, StepFailure } from "./step-result.ts";

/**
 * Ingests a bronze table: new and changed files become Parquet of a new batch, the table becomes a view over the files that count now.
 * Checks run on exactly the files the view will show; view, run record and quarantine become visible in one transaction.
 */
export async function ingestTable(run: Run, session: Session, step: Step, position: number, table: BronzeTable): Promise<StepResult> {
  const started = run.clock();
  const observation = run.observations.get(table.name);
  if (observation === undefined || "error" in observation) throw observation?.error ?? new Error(`${table.name} was not looked at`);
  const replicas = await replicasOf(run, session, table);
  const stampedAt = run.clock();
  const before = run.state.files.filter((file) => file.table === table.name);
  const usable = (file: IngestedFile): boolean =>
    !run.fullRefresh && file.contract_fingerprint === table.contractFingerprint && file.replicas === replicas;
  const found = observation.files.map((file) => {
    const latest = before.findLast((item) => item.name === file.name && usable(item));
    return { file, known: latest?.sha256 === file.sha256 ? latest : undefined };
  });
  const last = Math.max(0, ...before.map((file) => file.sequence));
  const batchId = `${table.name}/${run.runId}`;
  const date = isoTime(started).slice(0, 10);
  const fresh = found.filter((item) => item.known === undefined);
  const folder = fresh.length === 0 ? null : await run.lake.openBatch(table.name, date, run.runId);
  try {
    const landed: LandedFile[] = [];
    const recorded = table.schema === "evolve" ? await run.store.readEvolvedColumns(session) : null;
    const evolved = evolvedSoFar(table, recorded?.get(table.name) ?? []);
    for (const [index, { file }] of fresh.entries()) {
      if (folder === null) continue;
      const schema = await fileSchema(session, run.source, table, file, evolved);
      const [source, shape] = schema === null ? [run.source, table] : [readingAs(run.source, schema), { ...table, columns: schema.stored }];
      const result = await landFile(session, source, shape, file, folder, index + 1, replicas);
      landed.push({ ...result, notes: [...(schema?.notes ?? []), ...result.notes] });
    }
    const facts = factsOf(landed, replicas);
    const kept = [
      ...found.flatMap(({ file, known }) =>
        known === undefined ? [] : [{ ...known, path: file.path, stamp: file.stamp, stamped_at: stampedAt }],
      ),
      ...outlasting(table, before, observation.files),
    ];
    throwOnRejected(table, landed, kept, facts);
    const current = [
      ...kept,
      ...landed.map(
        (file, index): IngestedFile => ({
          table: table.name,
          batch_id: batchId,
          name: file.file.name,
          path: file.file.path,
          sha256: file.file.sha256,
          bytes: file.file.bytes,
          stamp: file.file.stamp,
          stamped_at: stampedAt,
          rows: file.rows,
          quarantined: file.refused.length,
          replicas,
          contract_fingerprint: table.contractFingerprint,
          files: file.files === "" ? "" : run.lake.relative(file.files),
          // A file that is read again keeps its place.
          sequence:
            before.findLast((item) => item.name === file.file.name && item.sha256 === file.file.sha256)?.sequence ?? last + index + 1,
        }),
      ),
    ];
    if (folder !== null) {
      await run.lake.writeManifest(folder, {
        table: table.name,
        batch_id: batchId,
        run_id: run.runId,
        loaded_at: isoTime(run.clock()),
        contract_fingerprint: table.contractFingerprint,
        sources: landed.map(({ file, records, rows, refused, files }) => ({
          file: file.path,
          bytes: file.bytes,
          sha256: file.sha256,
          records: records / replicas,
          replicas,
          rows,
          quarantined: refused.length,
          files: files === "" ? "" : files.slice(folder.length + 1),
        })),
      });
    }
    return await publishBronze(run, session, step, position, table, {
      started,
      batchId,
      before,
      current,
      landed,
      facts,
      evolved: evolvedWith(evolved, recorded?.get(table.name) ?? []),
    });
  } catch (error) {
    if (folder !== null) await run.lake.removeBatch(folder);
    throw error;
  }
}

/** Files that count on although the source shows them no more: gone ones of `append`; with `merge` also what was sent again since. */
function outlasting(table: BronzeTable, before: readonly IngestedFile[], now: readonly SourceFile[]): readonly IngestedFile[] {
  if (table.load === "replace") return [];
  const isShown = (file: IngestedFile): boolean => now.some((item) => item.name === file.name);
  const isLatest = (file: IngestedFile): boolean => before.findLast((item) => item.name === file.name) === file;
  const sameContent = (file: IngestedFile): boolean => now.some((item) => item.name === file.name && item.sha256 === file.sha256);
  const kept = before.filter((file) => {
    if (table.load === "append") return !isShown(file);
    if (isShown(file) && file.contract_fingerprint !== table.contractFingerprint) return false;
    // Those that are landed again, or known and kept as they are, are not listed twice.
    return !(isLatest(file) && sameContent(file));
  });
  const old = kept.find((file) => file.contract_fingerprint !== table.contractFingerprint);
  if (old === undefined) return kept;
  throw new AssayError(
    "SOURCE_MISSING",
    `${table.name} keeps ${old.name}, which was ingested under another contract and is gone from the source`,
    {
      hint: "bring the file back for one run, or declare the columns as they were",
      location: table.location,
    },
  );
}

async function replicasOf(run: Run, session: Session, table: BronzeTable): Promise<number> {
  if (table.replicate === null) return 1;
  const times = countOf((await oneRow(session, `select (${table.replicate.times})::integer as times`, paramsOf(run, table))).times);
  if (Number.isInteger(times) && times >= 1) return times;
  throw new AssayError("PARAM_INVALID", `${table.name}: replicate.times gives ${times}; it has to be at least 1`, {
    location: table.location,
  });
}

function factsOf(landed: readonly LandedFile[], replicas: number): StepFacts {
  const sum = (value: (file: LandedFile) => number): number => landed.reduce((total, file) => total + value(file), 0);
  return {
    ...noFacts,
    rows_in: sum((file) => file.records),
    rows_out: sum((file) => file.rows),
    quarantined: sum((file) => file.refused.length * replicas),
    notes: landed.flatMap((file) => file.notes),
  };
}

/** More refused rows than allowed in all files that count, or nothing but refused rows. */
function throwOnRejected(table: BronzeTable, landed: readonly LandedFile[], kept: readonly IngestedFile[], facts: StepFacts): void {
  const refused = landed.flatMap((file) => file.refused.map((row) => ({ ...row, file: file.file.path })));
  const total = kept.reduce((sum, file) => sum + file.quarantined, refused.length);
  const all = refused.length > 0 && facts.rows_out === 0;
  if (total === 0 || (!all && (table.maxRejected === null || total <= table.maxRejected))) return;
  const [first] = refused;
  const what = all ? "every row" : `${total} rows`;
  const limit = all ? "" : `, maxRejected is ${table.maxRejected}`;
  const example = first === undefined ? "" : `; first: ${first.file} row ${first.row_number ?? "?"}: ${first.message}`;
  throw new StepFailure(
    new AssayError("TOO_MANY_REJECTED", `${table.name}: ${what} refused at the door${limit}${example}`, {
      hint: "correct the file or the contract, or raise maxRejected; what was published before stands",
      location: table.location,
    }),
    facts,
  );
}
