import type { ModelTable } from "../compile/manifest.ts";
import type { Retained } from "../ports/retention-store.ts";
import type { Commit, Publication } from "../ports/state-store.ts";
import type { TableName } from "../terms.ts";
import type { CleanInput, CleanItem, CleanPlan, LogOnDisk, ScratchOnDisk } from "./clean-plan.ts";
import { sinkSubject } from "./plan-run.ts";

/**
 * What is older than it is kept and no longer needed. Pure: dry run and real one read the same list. A batch goes when no file of any
 * environment points to it, row changes when every model that follows them has consumed them.
 */
export function planClean(input: CleanInput): CleanPlan {
  const batches = batchItems(input);
  const changes = changeItems(input);
  const splits = splitItems(input);
  const runs = runItems(input);
  const tables = tableItems(input);
  const shared = input.sharedInUse === null;
  const isOld = ({ written }: LogOnDisk): boolean => input.keep.logs !== null && written < input.now - input.keep.logs;
  const logs = shared ? input.logs.filter(isOld) : [];
  const scratch = shared ? input.scratch : [];
  const logItem = ({ run, bytes }: LogOnDisk): CleanItem => ({
    ...file(run, bytes),
    kind: "log",
    because: `older than ${input.keepTexts.logs}`,
  });
  const scratchItem = ({ name, bytes }: ScratchOnDisk): CleanItem => ({
    ...file(name, bytes),
    kind: "scratch",
    because: "left by a run that has ended",
  });
  const left = input.sharedInUse === null ? [] : [sharedItem(input.sharedInUse)];
  return {
    items: [
      ...batches.map(({ item }) => item),
      ...changes.map(({ item }) => item),
      ...splits.map(({ item }) => item),
      ...runs.items,
      ...tables.map(({ item }) => item),
      ...logs.map(logItem),
      ...scratch.map(scratchItem),
      ...left,
    ],
    state: {
      changes: changes.flatMap(({ table, upTo, item }) => (item.action === "remove" ? [{ table, upTo }] : [])),
      splits: splits.map(({ table }) => table),
      runs: runs.ids,
      subjects: tables.flatMap(({ subject, item }) => (item.action === "remove" ? [subject] : [])),
    },
    batches: batches.flatMap(({ folder, item }) => (item.action === "remove" ? [folder] : [])),
    files: [...logs.flatMap((log) => log.files), ...scratch.map(({ path }) => path)],
  };
}

const file = (name: string, bytes: number): Pick<CleanItem, "name" | "action" | "bytes" | "rows"> => ({
  name,
  action: "remove",
  bytes,
  rows: null,
});

const sharedItem = (why: string): CleanItem => ({
  kind: "batch",
  name: "lake, logs and scratch files",
  action: "keep",
  because: why,
  bytes: null,
  rows: null,
});

const everyone = (input: CleanInput): readonly Retained[] => [...(input.retained === null ? [] : [input.retained]), ...input.others];

function batchItems(input: CleanInput): readonly { readonly folder: string; readonly item: CleanItem }[] {
  if (input.sharedInUse !== null || input.keep.batches === null) return [];
  const limit = input.now - input.keep.batches;
  const files = everyone(input).flatMap((state) => state.files);
  const known = new Set(everyone(input).flatMap((state) => state.runs.map((run) => run.run_id)));
  const read = new Set(files.flatMap((item) => [item.batch_id, ...(/^.*?run_id=[^/]+/.exec(item.files) ?? [])]));
  return input.batches.flatMap(({ folder, bytes, ...batch }) => {
    if (read.has(folder) || read.has(`${batch.table}/${batch.run_id}`)) return [];
    const found = { ...file(folder, bytes), kind: "batch" } as const;
    // Another database may read it, or the one that did is lost and this is all there is.
    if (!known.has(batch.run_id)) return [{ folder, item: { ...found, action: "keep", because: "of a run that is not on record here" } }];
    if (batch.loaded_at === null) return [{ folder, item: { ...found, because: "left by a run that did not finish it" } }];
    const because = `no table reads it, and older than ${input.keepTexts.batches}`;
    return batch.loaded_at < limit ? [{ folder, item: { ...found, because } }] : [];
  });
}

const follows = (model: ModelTable, table: TableName): boolean =>
  (model.incremental?.upstreams ?? []).some((link) => link.table === table && (link.kind === "linked" || link.kind === "declared"));

function changeItems(input: CleanInput): readonly { readonly table: TableName; readonly upTo: number; readonly item: CleanItem }[] {
  const { retained, keep, keepTexts } = input;
  if (retained === null || keep.changes === null) return [];
  const limit = new Date(input.now - keep.changes).toISOString();
  return [...Map.groupBy(retained.changes, (changes) => changes.table)].flatMap(([table, versions]) => {
    const old = retained.commits.filter((commit) => commit.subject === table && commit.committed_at < limit);
    const oldest = Math.max(0, ...old.map((commit: Commit) => Number(commit.version)));
    const slowest = slowestConsumer(input, retained.publications, table);
    const upTo = Math.min(oldest, slowest?.version ?? oldest);
    const rowsBetween = (after: number, last: number): number =>
      versions.reduce((sum, { version, rows }) => (version > after && version <= last ? sum + rows : sum), 0);
    const rows = rowsBetween(-1, upTo);
    const waiting = rowsBetween(upTo, oldest);
    const item = { kind: "changes", name: `row changes of ${table}`, bytes: null } as const;
    const why = `older than ${keepTexts.changes}`;
    return [
      ...(rows === 0 ? [] : [{ table, upTo, item: { ...item, action: "remove", rows, because: `${why}, and consumed` } as const }]),
      ...(waiting === 0
        ? []
        : [
            {
              table,
              upTo,
              item: { ...item, action: "keep", rows: waiting, because: `${why}, but ${slowest?.name} has still to read them` } as const,
            },
          ]),
    ];
  });
}

/** Chunks that no run will go on with. */
function splitItems(input: CleanInput): readonly { readonly table: TableName; readonly item: CleanItem }[] {
  const { manifest, retained, keep, keepTexts, now } = input;
  const isOlder = (text: string, limit: number | null): boolean => limit !== null && text < new Date(now - limit).toISOString();
  return (retained?.splits ?? []).flatMap(({ table, run_id }) => {
    const model = manifest.tables.find((item) => item.name === table);
    const isDeclared = model?.kind === "model" && model.materialize.kind === "incremental" && model.materialize.chunks !== undefined;
    const started = retained?.runs.find((run) => run.run_id === run_id)?.started_at ?? "";
    const published = retained?.publications.find((publication) => publication.subject === table)?.published_at ?? "";
    const reasons = [
      isDeclared ? [] : ["the project no longer builds it in chunks"],
      published > started ? ["published since by another run"] : [],
      isOlder(started, keep.changes) ? [`older than ${keepTexts.changes}`] : [],
    ].flat();
    return reasons.slice(0, 1).map((because) => {
      return { table, item: { kind: "chunks", name: `chunks of ${table}`, action: "remove", because, bytes: null, rows: null } as const };
    });
  });
}

/** Of the models that follow a table's changes, the one that has consumed the fewest of its versions. */
function slowestConsumer(
  { manifest }: CleanInput,
  publications: readonly Publication[],
  table: TableName,
): { readonly name: string; readonly version: number } | null {
  const consumers = manifest.tables.flatMap((model) => {
    if (model.kind !== "model" || !follows(model, table)) return [];
    // One that was never built starts from the whole table.
    const consumed = publications.find((publication) => publication.subject === model.name)?.inputs[table];
    return consumed === undefined ? [] : [{ name: model.name, version: Number(consumed) }];
  });
  return consumers.toSorted((a, b) => a.version - b.version)[0] ?? null;
}

function runItems(input: CleanInput): { readonly items: readonly CleanItem[]; readonly ids: readonly string[] } {
  const { retained, keep, keepTexts } = input;
  if (retained === null || keep.runs === null) return { items: [], ids: [] };
  const limit = new Date(input.now - keep.runs).toISOString();
  // A batch in the lake is known by its run: as long as there is one, the run stays.
  const needed = new Set([
    ...retained.publications.map((publication) => publication.run_id),
    ...input.batches.map((batch) => batch.run_id),
  ]);
  const last = retained.runs.at(-1)?.run_id;
  const ids = retained.runs
    .filter((run) => run.started_at < limit && run.status !== "running" && run.run_id !== last && !needed.has(run.run_id))
    .map((run) => run.run_id);
  if (ids.length === 0) return { items: [], ids };
  const because = `older than ${keepTexts.runs}, and nothing published is theirs`;
  return {
    items: [{ kind: "runs", name: "records of runs, steps and checks", action: "remove", because, bytes: null, rows: ids.length }],
    ids,
  };
}

/** Publications of what the project no longer declares. */
function tableItems(input: CleanInput): readonly { readonly subject: string; readonly item: CleanItem }[] {
  const { manifest, retained } = input;
  const declared = new Set<string>([
    ...manifest.tables.map((table) => table.name),
    ...manifest.sinks.flatMap((sink) => sink.tables.map((table) => sinkSubject(sink.name, table))),
  ]);
  const publications = retained?.publications ?? [];
  const gone = publications.filter((publication) => !declared.has(publication.subject));
  return gone.map(({ subject, rows }) => {
    const reader = publications.find((other) => declared.has(other.subject) && subject in other.inputs)?.subject;
    const isSink = subject.startsWith("sink:");
    const why = isSink ? "the project no longer sends it; the table at the target stays" : "the project no longer declares it";
    const held = reader !== undefined ? `${why}, but ${reader} was made from it: run first` : `${why}: --tables removes it`;
    const action = input.tables && reader === undefined ? "remove" : "keep";
    return {
      subject,
      item: { kind: "table", name: subject, action, because: action === "remove" ? why : held, bytes: null, rows: isSink ? null : rows },
    };
  });
}
