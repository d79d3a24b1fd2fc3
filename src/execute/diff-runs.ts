import type { Manifest, ManifestTable } from "../compile/manifest.ts";
import { columnList, quoteIdentifier } from "../define/quote.ts";
import type { Engine, Session } from "../ports/engine.ts";
import type { Commit, State, StateStore } from "../ports/state-store.ts";
import { partKinds, type RowChanges, type RunResult, type TableName } from "../terms.ts";
import { compareTables } from "./compare-tables.ts";
import { countOf } from "./context.ts";
import { changeTable } from "./row-changes.ts";
import { isEqual } from "./table-comparison.ts";
import { keyOf, type TableDiff, type TableState } from "./table-diff.ts";
import { createTemporary, dropTemporary } from "./temporary-table.ts";

export interface RunsToDiff {
  readonly manifest: Pick<Manifest, "tables">;
  readonly engine: Pick<Engine, "keyHash" | "contentHash">;
  readonly store: Pick<StateStore, "readRun">;
  readonly state: State;
  /** Ids of all runs, oldest first. */
  readonly runs: readonly string[];
  /** Ids of the two runs; the tables as they were when each had ended. */
  readonly old: string;
  readonly new: string;
  /** Null: every table. */
  readonly tables: ReadonlySet<TableName> | null;
  readonly samples: number;
}

/**
 * What changed in the tables between the ends of two runs: the net of all commits between, read from the recorded row changes. Tables
 * without a commit between are left out. Where row changes are not recorded the versions and row counts are given, and why no more.
 */
export async function diffRuns(session: Session, input: RunsToDiff): Promise<readonly TableDiff[]> {
  const backwards = input.runs.indexOf(input.old) > input.runs.indexOf(input.new);
  const [from, to] = backwards ? [input.new, input.old] : [input.old, input.new];
  const records = new Map<string, Promise<RunResult | null>>();
  const record = (id: string): Promise<RunResult | null> => {
    const known = records.get(id) ?? input.store.readRun(session, id);
    records.set(id, known);
    return known;
  };
  const diffs: TableDiff[] = [];
  for (const [name, commits] of inManifestOrder(input)) {
    if (input.tables !== null && !input.tables.has(name)) continue;
    const history = historyOf(commits, input.runs, from, to);
    if (history.between.length === 0) continue;
    const table = input.manifest.tables.find((item) => item.name === name);
    const states = await statesOf(input.state, record, history);
    diffs.push(await diffTable(session, input, { name, table, history, states, backwards }));
  }
  return diffs;
}

function inManifestOrder({ manifest, state }: RunsToDiff): readonly (readonly [TableName, readonly Commit[]])[] {
  const position = (name: TableName): number => {
    const index = manifest.tables.findIndex((table) => table.name === name);
    return index < 0 ? manifest.tables.length : index;
  };
  return [...state.commits].sort(([a], [b]) => position(a) - position(b));
}

interface History {
  /** Last commit at the end of the earlier run; null: the table was not there. */
  readonly before: Commit | null;
  /** Oldest first. */
  readonly between: readonly Commit[];
}

function historyOf(commits: readonly Commit[], runs: readonly string[], from: string, to: string): History {
  // A run whose record was removed is older than those that are left.
  const position = (commit: Commit): number => runs.indexOf(commit.run_id);
  const [start, end] = [runs.indexOf(from), runs.indexOf(to)];
  return {
    before: commits.findLast((commit) => position(commit) <= start) ?? null,
    between: commits.filter((commit) => position(commit) > start && position(commit) <= end),
  };
}

interface States {
  readonly before: TableState;
  readonly after: TableState;
  readonly counts: RowChanges | null;
}

async function statesOf(state: State, record: (id: string) => Promise<RunResult | null>, { before, between }: History): Promise<States> {
  const rowsAt = async (commit: Commit): Promise<number | null> => {
    const published = state.publications.get(commit.subject);
    if (published?.version === commit.version) return published.rows;
    // A later ingest counts the rows it brought, not those of the table.
    const steps = (await record(commit.run_id))?.steps ?? [];
    const step = steps.find(({ kind, table }) => kind !== "sink" && !partKinds.includes(kind) && table === commit.subject);
    return commit.version === "1" || step?.kind === "build" ? (step?.rows_out ?? null) : null;
  };
  const last = between.at(-1);
  const counts = summed(between);
  const grown = counts === null ? null : (counts.inserted ?? 0) - (counts.deleted ?? 0);
  let after = last === undefined ? null : await rowsAt(last);
  let old = before === null ? 0 : await rowsAt(before);
  if (grown !== null && old === null && after !== null) old = after - grown;
  if (grown !== null && after === null && old !== null) after = old + grown;
  return {
    before: { version: before?.version ?? null, rows: before === null ? null : old },
    after: { version: last?.version ?? null, rows: after },
    counts,
  };
}

/** Null where one of the commits did not compare rows. */
function summed(commits: readonly Commit[]): RowChanges | null {
  let total = { inserted: 0, updated: 0, deleted: 0 };
  for (const { inserted, updated, deleted } of commits) {
    if (inserted === null || updated === null || deleted === null) return null;
    total = { inserted: total.inserted + inserted, updated: total.updated + updated, deleted: total.deleted + deleted };
  }
  return total;
}

interface DiffSubject {
  readonly name: TableName;
  /** Undefined: the project does not declare it any more. */
  readonly table: ManifestTable | undefined;
  readonly history: History;
  readonly states: States;
  readonly backwards: boolean;
}

async function diffTable(session: Session, input: RunsToDiff, subject: DiffSubject): Promise<TableDiff> {
  const { name, states, backwards } = subject;
  const { before, after } = states;
  const [old, now] = backwards ? [after, before] : [before, after];
  const counts =
    states.counts === null || !backwards
      ? states.counts
      : { inserted: states.counts.deleted, updated: states.counts.updated, deleted: states.counts.inserted };
  const base = { table: name, old, new: now, counts, reason: null, notes: [], comparison: null };
  const reason = await whyNotByRow(session, subject);
  if (reason !== null) return { ...base, status: "counted", reason };
  const net = await netChanges(session, subject);
  const comparison = await compareTables(input.engine, session, {
    old: net.side(backwards ? 1 : -1),
    new: net.side(backwards ? -1 : 1),
    key: subject.table === undefined ? null : keyOf(subject.table),
    contract: subject.table?.columns ?? null,
    samples: input.samples,
  });
  await net.drop();
  const { added, changed } = comparison;
  const rows = { old_rows: old.rows, new_rows: now.rows, equal: now.rows === null ? null : now.rows - added - changed };
  return { ...base, status: isEqual(comparison) ? "equal" : "changed", comparison: { ...comparison, ...rows } };
}

/** Null: every row change between is recorded. */
async function whyNotByRow(session: Session, { name, table, history }: DiffSubject): Promise<string | null> {
  const { before, between } = history;
  if (table?.kind === "model" && table.materialize.kind === "view") return "a view stores no rows: it shows the changes of what it reads";
  if (before === null) return "the table was new";
  const isCounted = (commit: Commit): boolean => table?.tracked === false && commit.inserted !== null;
  const reset = between.find((commit) => commit.kind === "reset" && !isCounted(commit));
  if (reset !== undefined) {
    const why = table?.tracked === true ? "too much changed, or its definition did" : "no model follows its row changes";
    return `run ${reset.run_id} replaced the table as a whole: ${why}`;
  }
  const [kept] = await session.query({
    text: "select count(*) as tables from information_schema.tables where table_schema = $schema and table_name = $name",
    params: { schema: session.sql.schema("assay_changes"), name },
  });
  const recorded =
    countOf(kept?.tables) === 0
      ? []
      : await session.query({
          text: `select _version as version, count(*) as rows from ${changeTable(session.sql, name)} group by _version`,
        });
  const isRecorded = (commit: Commit): boolean => {
    const rows = countOf(recorded.find((item) => String(item.version) === commit.version)?.rows);
    const { inserted, updated, deleted } = commit;
    return inserted === null || updated === null || deleted === null ? rows > 0 : rows === inserted + 2 * updated + deleted;
  };
  const missing = between.find((commit) => !isRecorded(commit));
  if (missing === undefined) return null;
  const why = table?.tracked === false ? "are not stored: no model follows them" : "are not stored, or no longer";
  return `the row changes of version ${missing.version} (run ${missing.run_id}) ${why}`;
}

/** A temporary table of the rows that went (`_op` -1) and came (1) in the end; a row that came and went again is in neither. */
async function netChanges(session: Session, { name, history }: DiffSubject) {
  const relation = quoteIdentifier("net changes");
  const described = await session.describe(`select * from ${changeTable(session.sql, name)}`);
  const columns = columnList(described.map((column) => column.name).filter((column) => column !== "_version" && column !== "_op"));
  const versions = history.between.map((commit) => Number(commit.version)).join(", ");
  await createTemporary(session, relation, {
    text: `select cast(sign(_net) as smallint) as _op, ${columns} from (
      select cast(sum(_op) as bigint) as _net, ${columns} from ${changeTable(session.sql, name)} where _version in (${versions}) group by ${columns}
      having sum(_op) <> 0
    ) as net, generate_series(1, abs(_net)) as _times(_time)`,
  });
  return {
    side: (op: 1 | -1): string => `(select ${columns} from ${relation} where _op = ${op})`,
    drop: () => dropTemporary(session, relation),
  };
}
