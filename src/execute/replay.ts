import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BronzeTable } from "../compile/manifest.ts";
import { type CsvSource, csv } from "../define/source.ts";
import type { Session } from "../ports/engine.ts";
import type { QuarantinedRow } from "../ports/quarantine.ts";
import type { Refusal, SourceFile } from "../ports/source.ts";
import type { IngestedFile } from "../ports/state-store.ts";
import { isoTime, type Run } from "./context.ts";
import { csvLine } from "./csv-text.ts";
import { ruleName } from "./door-rules.ts";
import { type Door, type LandedFile, landFile } from "./land-file.ts";

/** A file whose rows the table holds from now on. */
export interface HeldFile {
  readonly file: Pick<SourceFile, "name" | "path" | "sha256">;
  /** Null: it is read in this run. */
  readonly known: IngestedFile | null;
}

/** Rows of one file that enter beside it: replayed before, and to be replayed now. */
export interface ReplayGroup extends HeldFile {
  readonly rows: readonly QuarantinedRow[];
  /** Do rows of this run stand among them? */
  readonly requested: boolean;
}

/**
 * The rows that are replayed, by file. Those that are to enter as they came need nothing where their file is read again: it is judged anew as
 * a whole.
 */
export async function replayGroups(
  run: Run,
  session: Session,
  table: BronzeTable,
  held: readonly HeldFile[],
): Promise<readonly ReplayGroup[]> {
  const requests = run.replays?.get(table.name) ?? [];
  const isReplayed = run.state.files.some((file) => file.table === table.name && file.replay_of !== null);
  if (requests.length === 0 && !isReplayed) return [];
  const before = (await run.store.readQuarantine(session, { table: table.name, states: ["replayed"] }, null)).rows;
  return held.flatMap((item): readonly ReplayGroup[] => {
    const isOfFile = (row: QuarantinedRow): boolean => row.file_name === item.file.name && row.file_sha256 === item.file.sha256;
    const wanted = requests.filter(({ row, edited }) => isOfFile(row) && (item.known !== null || edited !== null));
    const now = wanted.map(({ row, edited }) => ({
      ...row,
      // Columns that the source has beyond the contract cannot be edited, and stay.
      record: edited === null ? row.record : { ...row.record, ...edited },
    }));
    const rows = [...before.filter(isOfFile), ...now];
    return rows.length === 0 ? [] : [{ ...item, rows, requested: now.length > 0 }];
  });
}

/** Records of the file that are not taken from it. */
export function leftOut(group: ReplayGroup | undefined): ReadonlySet<number> {
  return new Set((group?.rows ?? []).flatMap((row) => (row.row_number === null || row.record === null ? [] : [row.row_number])));
}

export interface LandedReplay {
  readonly group: ReplayGroup;
  readonly landed: LandedFile;
  readonly bytes: number;
  /** As they are kept from now on: replayed, or open because they still do not fit. */
  readonly rows: readonly QuarantinedRow[];
  /** Rows whose text cannot be split into values: they stay as they are. */
  readonly unsplit: readonly QuarantinedRow[];
}

/** Lands a group's rows through the same door as the file's: they are written as CSV and read with the table's contract and rules. */
export async function landReplay(
  run: Run,
  session: Session,
  table: BronzeTable,
  group: ReplayGroup,
  batchId: string,
  target: { readonly folder: string; readonly position: number },
  door: Door,
): Promise<LandedReplay> {
  const rows = group.rows.filter((row) => row.record !== null);
  const unsplit = group.rows.filter((row) => row.record === null);
  const path = join(run.scratch, `${table.name}.${target.position}.csv`);
  const names = table.columns.map((column) => column.name);
  await writeFile(path, [csvLine(names), ...rows.map((row) => csvLine(names.map((name) => row.record?.[name] ?? null)))]);
  const { size: bytes } = await stat(path);
  const file: SourceFile = { path, name: group.file.name, bytes, stamp: "", stampedAt: 0, sha256: "" };
  const landed = await landFile(session.files, run.source, { ...table, source: replaySource(table, path) }, file, target, door);
  const refused = new Map(landed.refused.map((refusal) => [(refusal.row_number ?? 0) - 2, refusal] as const));
  const at = isoTime(run.clock());
  const batch_id = group.known?.batch_id ?? batchId;
  const kept = rows.map((row, index): QuarantinedRow => {
    const refusal = refused.get(index);
    if (refusal !== undefined)
      return { ...row, ...brokenAgain(refusal), state: "open", batch_id, run_id: run.runId, quarantined_at: at, closed_run_id: null };
    const closed_run_id = row.state === "replayed" ? row.closed_run_id : run.runId;
    return { ...row, state: "replayed", batch_id, closed_run_id };
  });
  return { group, landed, bytes, rows: kept, unsplit };
}

/** As the table's own source tells absent values from empty texts: CSV does not. */
function replaySource(table: BronzeTable, path: string): CsvSource {
  const source = { ...csv(path), maxRowBytes: Number.MAX_SAFE_INTEGER };
  return table.source.kind === "csv" ? source : { ...source, emptyText: true };
}

function brokenAgain(refusal: Refusal): Pick<QuarantinedRow, "rule" | "reason" | "column" | "message"> {
  const { reason, column, message } = refusal;
  return { rule: refusal.rule ?? ruleName(reason, column), reason, column, message };
}

/** What a landed file and a landed replay have in common. */
export type LandedEntry = Pick<IngestedFile, "table" | "batch_id" | "replicas" | "contract_fingerprint" | "files">;

/** Replayed rows stand where the file they belong to stands, which may be sent again after others. */
export const placeOfReplay = ({ replay_of, sha256 }: Pick<IngestedFile, "replay_of" | "sha256">, files: readonly IngestedFile[]): number =>
  files.find((file) => file.name === replay_of && file.sha256 === sha256)?.sequence ?? 0;

/** What stands for replayed rows among the table's files. None when no row fits. */
export function replayFile(
  { group, landed, bytes }: LandedReplay,
  entry: LandedEntry,
  files: readonly IngestedFile[],
): readonly IngestedFile[] {
  const { name, path, sha256 } = group.file;
  const told = { path, sha256, bytes, stamp: "", stamped_at: 0, rows: landed.rows, quarantined: 0 };
  const replay = { name: `replay of ${name}`, replay_of: name, sequence: placeOfReplay({ replay_of: name, sha256 }, files) };
  return landed.rows === 0 ? [] : [{ ...entry, ...told, ...replay }];
}

/** How many rows of a file more (or, negative, fewer) are in quarantine than were when it was read. */
export function quarantineDelta(replays: readonly LandedReplay[], { name, sha256 }: Pick<IngestedFile, "name" | "sha256">): number {
  const isOpen = (row: QuarantinedRow): boolean => row.state === "open";
  const replay = replays.find(({ group }) => group.file.name === name && group.file.sha256 === sha256);
  if (replay === undefined) return 0;
  const after = replay.rows.filter(isOpen).length;
  // What a file that is read again left out is not among its refused rows.
  return replay.group.known === null ? after : after - replay.group.rows.filter((row) => isOpen(row) && row.record !== null).length;
}
