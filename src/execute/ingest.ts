import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { BronzeTable } from "../compile/manifest.ts";
import { AssayError } from "../errors.ts";
import type { Session } from "../ports/engine.ts";
import type { BatchManifest } from "../ports/lake.ts";
import type { QuarantinedRow } from "../ports/quarantine.ts";
import type { SourceFile } from "../ports/source.ts";
import type { IngestedFile } from "../ports/state-store.ts";
import type { StepResult } from "../terms.ts";
import { countOf, isoTime, oneRow, paramsOf, type Run } from "./context.ts";
import { rulesAtDoor } from "./door-rules.ts";
import type { Ingested } from "./ingested.ts";
import { type Door, type LandedFile, landFile } from "./land-file.ts";
import { quarantinedRows } from "./quarantined-rows.ts";
import { throwOnNoneReplayed, throwOnRejected } from "./rejected-rows.ts";
import {
  type LandedEntry,
  type LandedReplay,
  landReplay,
  leftOut,
  placeOfReplay,
  quarantineDelta,
  type ReplayGroup,
  replayFile,
  replayGroups,
} from "./replay.ts";
import { evolvedSoFar, evolvedWith, fileSchema, readingAs, withEvolved } from "./source-schema.ts";
import { noFacts, type StepFacts, StepFailure } from "./step-result.ts";

/** What an ingest has put into the lake. */
export interface LandedBatch {
  readonly batchId: string;
  /** Null: there was nothing to read. */
  readonly folder: string | null;
  readonly ingested: Ingested;
}

type Publish = (landed: LandedBatch) => Promise<StepResult>;

/**
 * Ingests a bronze table: new and changed files become Parquet of a new batch, which `publish` makes the table, or keeps for that. The batch
 * is removed when something fails.
 */
export async function ingestTable(run: Run, session: Session, table: BronzeTable, publish: Publish): Promise<StepResult> {
  const fetched = join(run.scratch, `fetched ${table.name}`);
  try {
    return await ingest(run, session, table, publish, fetched);
  } finally {
    if (existsSync(fetched)) await rm(fetched, { recursive: true, force: true });
  }
}

/** `fetched`: folder for what lies elsewhere. */
async function ingest(run: Run, session: Session, table: BronzeTable, publish: Publish, fetched: string): Promise<StepResult> {
  const started = run.clock();
  const observation = run.observations.get(table.name);
  if (observation === undefined || "error" in observation) throw observation?.error ?? new Error(`${table.name} was not looked at`);
  const replicas = await replicasOf(run, session, table);
  const before = run.state.files.filter((file) => file.table === table.name);
  const sources = before.filter((file) => file.replay_of === null);
  const usable = (file: IngestedFile): boolean =>
    !run.fullRefresh && file.contract_fingerprint === table.contractFingerprint && file.replicas === replicas;
  const knownAs = (file: SourceFile): IngestedFile | null => {
    const latest = sources.findLast((item) => item.name === file.name && usable(item));
    return latest?.sha256 === file.sha256 ? latest : null;
  };
  const wanted = { columns: table.columns, key: table.grain, folder: fetched, signal: run.signal };
  const found: { readonly file: SourceFile; readonly known: IngestedFile | null }[] = [];
  for (const seen of observation.files) {
    const file = knownAs(seen) === null ? await run.source.fetch(table.source, seen, wanted) : seen;
    found.push({ file, known: knownAs(file) });
  }
  const outlast = outlasting(
    table,
    sources,
    found.map((item) => item.file),
  );
  const last = Math.max(0, ...before.map((file) => file.sequence));
  const batchId = `${table.name}/${run.runId}`;
  const date = isoTime(started).slice(0, 10);
  const fresh = found.filter((item) => item.known === null);
  const groups = await replayGroups(run, session, table, [...found, ...outlast.map((known) => ({ file: known, known }))]);
  const groupOf = (file: Pick<IngestedFile, "name" | "sha256">): ReplayGroup | undefined =>
    groups.find((group) => group.file.name === file.name && group.file.sha256 === file.sha256);
  const replayed = before.filter(
    (file) => file.replay_of !== null && usable(file) && groupOf({ name: file.replay_of, sha256: file.sha256 })?.requested === false,
  );
  const again = groups.filter(({ file }) => !replayed.some((item) => item.replay_of === file.name && item.sha256 === file.sha256));
  const folder = fresh.length + again.length === 0 ? null : await run.lake.openBatch(table.name, date, run.runId);
  const door: Door = { replicas, rules: await rulesAtDoor(run.engine, session, table.checks) };
  const landed: LandedFile[] = [];
  const reentered: LandedReplay[] = [];
  const recorded = table.schema === "evolve" ? ((await run.store.readEvolvedColumns(session)).get(table.name) ?? []) : [];
  const evolved = evolvedSoFar(table, recorded);
  try {
    if (folder !== null) {
      for (const [index, { file }] of fresh.entries()) {
        const target = { folder, position: index + 1 };
        const schema = await fileSchema(session.files, run.source, table, file, evolved);
        const [source, shape] =
          schema === null ? [run.source, table] : [readingAs(run.source, schema), { ...table, columns: schema.stored }];
        const result = await landFile(session.files, source, shape, file, target, door, leftOut(groupOf(file)));
        landed.push({ ...result, notes: [...(schema?.notes ?? []), ...result.notes] });
      }
      for (const [index, group] of again.entries()) {
        const target = { folder, position: fresh.length + index + 1 };
        reentered.push(await landReplay(run, session, withEvolved(table, evolved), group, batchId, target, door));
      }
    }
    const facts = factsOf(landed, reentered, replicas);
    const entry = (item: LandedFile): LandedEntry => ({
      table: table.name,
      batch_id: batchId,
      replicas,
      contract_fingerprint: table.contractFingerprint,
      files: item.files === "" ? "" : run.lake.relative(item.files),
    });
    const files: readonly IngestedFile[] = [
      ...found.flatMap(({ file, known }) =>
        known === null ? [] : [observation.recalled ? known : { ...known, path: file.path, stamp: file.stamp, stamped_at: file.stampedAt }],
      ),
      ...outlast,
      ...landed.map((item, index) => {
        const { name, path, sha256, bytes, stamp, stampedAt } = item.file;
        const place = placeOf(item.file, sources) ?? last + index + 1;
        const { rows, refused } = item;
        const told = { name, path, sha256, bytes, stamp, stamped_at: stampedAt, rows, quarantined: refused.length };
        return { ...entry(item), ...told, sequence: place, replay_of: null };
      }),
    ].map((file) => ({ ...file, quarantined: file.quarantined + quarantineDelta(reentered, file) }));
    const replays = reentered.flatMap((replay) => replayFile(replay, entry(replay.landed), files));
    const current = [...files, ...replayed.map((file) => ({ ...file, sequence: placeOfReplay(file, files) })), ...replays];
    throwOnRejected(table, landed, current, facts);
    throwOnNoneReplayed(run, table, reentered, facts);
    if (folder !== null) await run.lake.writeManifest(folder, batchManifest(run, table, batchId, folder, replicas, landed, reentered));
    const rows = [...refusedRows(run, table, batchId, landed), ...reentered.flatMap((replay) => replay.rows)];
    const columns = evolvedWith(evolved, recorded);
    return await publish({ batchId, folder, ingested: { started, before, current, rows, replicas, facts, evolved: columns } });
  } catch (error) {
    if (folder !== null && !(await isPublished(run, session, table, batchId))) await run.lake.removeBatch(folder);
    // The rows are kept for people to look at, though nothing was published.
    if (error instanceof StepFailure) throw new StepFailure(error.error, error.facts, refusedRows(run, table, batchId, landed));
    throw error;
  }
}

/** An error can come after all is written for good, e.g. when the answer to a commit is lost: then the table reads the batch. */
async function isPublished(run: Run, session: Session, table: BronzeTable, batchId: string): Promise<boolean> {
  const state = await run.store.read(session).catch(() => null);
  if (state === null || state.files.some((file) => file.batch_id === batchId)) return true;
  if (table.chunks === undefined) return false;
  const extract = await run.store.readExtract(session, table.name).catch(() => "unknown" as const);
  return extract === "unknown" || extract?.batch_id === batchId;
}

function refusedRows(run: Run, table: BronzeTable, batch_id: string, landed: readonly LandedFile[]): readonly QuarantinedRow[] {
  const at = isoTime(run.clock());
  return landed.flatMap(({ file, refused }) => quarantinedRows(refused, { table: table.name, file, run_id: run.runId, batch_id, at }));
}

function batchManifest(
  run: Run,
  table: BronzeTable,
  batch_id: string,
  folder: string,
  replicas: number,
  landed: readonly LandedFile[],
  reentered: readonly LandedReplay[],
): BatchManifest {
  const sources = [
    ...landed.map((item) => ({ item, file: item.file, origin: "file" as const })),
    ...reentered.map(({ landed: item, group, bytes }) => ({ item, file: { ...group.file, bytes }, origin: "replay" as const })),
  ];
  return {
    table: table.name,
    batch_id,
    run_id: run.runId,
    loaded_at: isoTime(run.clock()),
    contract_fingerprint: table.contractFingerprint,
    sources: sources.map(({ item, file, origin }) => ({
      file: file.path,
      bytes: file.bytes,
      sha256: file.sha256,
      records: item.records / replicas,
      replicas,
      rows: item.rows,
      quarantined: item.refused.length,
      files: item.files === "" ? "" : item.files.slice(folder.length + 1),
      origin,
    })),
  };
}

/** A file that is read again keeps its place; one that is sent again as it was before it changed comes after that change. */
function placeOf(file: SourceFile, before: readonly IngestedFile[]): number | undefined {
  const latest = before.findLast((item) => item.name === file.name);
  return latest?.sha256 === file.sha256 ? latest.sequence : undefined;
}

/**
 * Files that count on although the source shows them no more: gone ones of `append`; with `merge` also what was sent again changed. A content
 * that comes again as it was counts at its last place only: nothing before that place holds.
 */
function outlasting(table: BronzeTable, before: readonly IngestedFile[], now: readonly SourceFile[]): readonly IngestedFile[] {
  if (table.load === "replace") return [];
  const isShown = (file: IngestedFile): boolean => now.some((item) => item.name === file.name);
  const sameContent =
    (file: IngestedFile) =>
    (item: SourceFile | IngestedFile): boolean =>
      item.name === file.name && item.sha256 === file.sha256;
  const kept = before.filter((file) => {
    if (table.load === "append") return !isShown(file);
    if (isShown(file) && file.contract_fingerprint !== table.contractFingerprint) return false;
    return !now.some(sameContent(file)) && before.findLast(sameContent(file)) === file;
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
  const times = countOf((await oneRow(session.files, `select (${table.replicate.times})::integer as times`, paramsOf(run, table))).times);
  if (Number.isInteger(times) && times >= 1) return times;
  throw new AssayError("PARAM_INVALID", `${table.name}: replicate.times gives ${times}; it has to be at least 1`, {
    location: table.location,
  });
}

function factsOf(landed: readonly LandedFile[], reentered: readonly LandedReplay[], replicas: number): StepFacts {
  const doors = [...landed, ...reentered.map((replay) => replay.landed)];
  const sum = (value: (file: LandedFile) => number): number => doors.reduce((total, file) => total + value(file), 0);
  const unsplit = reentered.reduce((total, replay) => total + replay.unsplit.length, 0) * replicas;
  const aside = sum((file) => file.leftOut);
  return {
    ...noFacts,
    rows_in: sum((file) => file.records) + unsplit,
    rows_out: sum((file) => file.rows),
    quarantined: sum((file) => file.refused.length * replicas) + unsplit,
    removed_by: aside === 0 ? [] : [{ rule: "replay", rows: aside }],
    notes: landed.flatMap((file) => file.notes),
  };
}
