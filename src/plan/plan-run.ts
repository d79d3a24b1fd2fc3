import type { BronzeTable, Manifest, ManifestSink, ManifestTable, ModelTable } from "../compile/manifest.ts";
import type { Retries, WorkOptions } from "../define/work-options.ts";
import { AssayError } from "../errors.ts";
import type { SourceFile } from "../ports/source.ts";
import type { IngestedFile, Publication, State } from "../ports/state-store.ts";
import type { Params, TableName } from "../terms.ts";
import { type Against, deferredFrom, deferredTables } from "./against.ts";
import { inValueChunks } from "./build-chunks.ts";
import { buildModeOf } from "./build-mode.ts";
import { deferTableStep, heldStep, historyStep } from "./defer-steps.ts";
import type { Plan, PlannedBuild, RunReason, SkipReason, Step } from "./plan.ts";
import { stepPolicy } from "./step-policy.ts";
import { stepsBefore } from "./steps-before.ts";

/** The files of a bronze table's source as they are now (`recalled`: as they were when they were ingested), or why they cannot be told. */
export type Observation = { readonly files: readonly SourceFile[]; readonly recalled?: true } | { readonly error: AssayError };

/** A sink's target: its identity without secrets, or why there is none. */
export type Target = { readonly identity: string } | { readonly missing: string };

export interface PlanInput {
  readonly manifest: Manifest;
  readonly state: State;
  readonly observations: ReadonlyMap<TableName, Observation>;
  /** By sink name. */
  readonly targets: ReadonlyMap<string, Target>;
  readonly selected: ReadonlySet<TableName>;
  /** Where the lake is: bronze tables read its files by their full paths. */
  readonly lake: string;
  readonly pipeline: string;
  readonly environment: string;
  readonly params: Params;
  /** Run every selected step whether it needs to or not. */
  readonly fullRefresh: boolean;
  /** Tables of which rows in quarantine are to enter, and how many. */
  readonly replays?: ReadonlyMap<TableName, number>;
  /** What is unchanged in another environment is read from there. */
  readonly against?: Against;
  /** The pipeline's, for tables and sinks that declare none. */
  readonly retries?: Retries | null;
}

type Verdict =
  | { readonly action: "run"; readonly reason: RunReason; readonly because: string }
  | { readonly action: "skip"; readonly reason: SkipReason; readonly because: string };

const run = (reason: RunReason, because: string): Verdict => ({ action: "run", reason, because });
const skip = (reason: SkipReason, because: string): Verdict => ({ action: "skip", reason, because });

const ingestStep = (table: TableName): string => `ingest ${table}`;
const extractStep = (table: TableName): string => `extract ${table}`;
const buildStep = (table: TableName): string => `build ${table}`;
export const sinkStep = (sink: string, table: TableName): string => `sink ${sink} ${table}`;
/** Key of a sink's load among the publications. */
export const sinkSubject = (sink: string, table: TableName): string => `sink:${sink}:${table}`;

/** The lake's place among the inputs of a bronze publication. */
export const lakeInput = "lake";

/** What a run would do and why. Pure: dry run, explanation and real run read the same list. Throws UPSTREAM_MISSING. */
export function planRun(input: PlanInput): Plan {
  const steps: Step[] = [];
  const running = new Map<TableName, string>();
  const held = input.against;
  const deferred = held === undefined ? null : deferredTables(input.manifest, input.selected, held);
  for (const table of input.manifest.tables) {
    const before = input.state.publications.get(table.name);
    const deferral = deferred?.has(table.name) === true ? held?.deferrals.get(table.name) : undefined;
    if (deferral !== undefined) {
      const step = deferTableStep(table, deferral, before, running);
      if (step.action === "run") running.set(table.name, step.step);
      steps.push(step);
      continue;
    }
    if (!input.selected.has(table.name)) continue;
    needUpstreams(table, input, running);
    const step = table.kind === "bronze" ? ingestStep(table.name) : buildStep(table.name);
    const verdict = table.kind === "bronze" ? bronzeVerdict(table, input, running) : modelVerdict(table, input, running);
    const history = held === undefined || verdict.action === "skip" ? null : historyStep(table, held);
    if (history !== null) steps.push(history);
    if (verdict.action === "run") running.set(table.name, step);
    const upstreams = stepsBefore(table, input.manifest, running);
    const planned: Step = {
      step,
      kind: table.kind === "bronze" ? "ingest" : "build",
      table: table.name,
      after: history?.action === "run" ? [...upstreams, history.step] : upstreams,
      ...(history === null ? verdict : run("changed", verdict.because)),
      build: buildOf(table, verdict, input, running),
      ...policyOf(table, verdict, input),
    };
    const final = held === undefined ? planned : heldStep(planned, table, held);
    steps.push(...(table.kind === "bronze" ? inChunks(final, table) : inValueChunks(final, table)));
  }
  for (const sink of input.manifest.sinks) {
    for (const name of sink.tables) {
      const table = input.manifest.tables.find((item) => item.name === name);
      if (!input.selected.has(name) || table?.kind !== "model") continue;
      const before = running.get(name);
      const verdict = sinkVerdict(sink, table, input, before);
      steps.push({
        step: sinkStep(sink.name, name),
        kind: "sink",
        table: name,
        after: before === undefined ? [] : [before],
        ...verdict,
        build: null,
        ...policyOf(sink, verdict, input),
      });
    }
  }
  const { pipeline, environment, params } = input;
  const { pools = {} } = input.manifest;
  return { project: input.manifest.project, pipeline, environment, params, steps, ...(Object.keys(pools).length === 0 ? {} : { pools }) };
}

/** Files that are loaded in chunks are read by a step of their own; the one that has the table's name publishes what was loaded. */
function inChunks(step: Step, { chunks }: BronzeTable): readonly Step[] {
  if (chunks === undefined || step.action === "skip" || step.kind !== "ingest") return [step];
  const extract: Step = { ...step, step: extractStep(step.table), kind: "extract" };
  return [extract, { ...step, after: [extract.step] }];
}

/** Left out where nothing is declared. */
function policyOf(declared: { readonly work?: WorkOptions }, verdict: Verdict, { retries = null }: PlanInput): Pick<Step, "policy"> {
  const isPlain = retries === null && Object.keys(declared.work ?? {}).length === 0;
  return verdict.action === "skip" || isPlain ? {} : { policy: stepPolicy(declared.work, retries) };
}

/** How a model that follows changes will be built, as far as that can be told before its upstreams have run. */
function buildOf(table: ManifestTable, verdict: Verdict, input: PlanInput, running: ReadonlyMap<TableName, string>): PlannedBuild | null {
  if (verdict.action === "skip" || table.kind === "bronze" || table.incremental === null) return null;
  const { incremental } = table;
  if (verdict.reason !== "new_input") return { mode: "full", why: "", touched: null };
  const pending = incremental.upstreams.filter((link) => running.has(link.table));
  const mode = buildModeOf(table, input.state, running);
  if (mode.mode === "full") return { mode: "full", why: mode.why, touched: null };
  if (pending.length === 0) return { mode: "refresh", why: mode.why, touched: null };
  const full = pending.flatMap((link) => (link.kind === "full" ? [`in full if ${link.table} changes: ${link.reason}`] : []));
  return { mode: "refresh", why: [`by ${incremental.by.join(", ")}`, ...full].join("; "), touched: null };
}

function needUpstreams(table: ManifestTable, input: PlanInput, running: ReadonlyMap<TableName, string>): void {
  const missing = table.dependencies.find((name) => !running.has(name) && !isThere(name, input));
  if (missing === undefined) return;
  throw new AssayError("UPSTREAM_MISSING", `${table.name} reads ${missing}, which was never built and is not selected`, {
    hint: `select what it needs too: --select +${table.name}`,
    location: table.location,
  });
}

/** Held against another environment, only a table of today's definition is one to read: others were built for an earlier change. */
function isThere(name: TableName, { manifest, state, against }: PlanInput): boolean {
  const publication = state.publications.get(name);
  if (against?.changes.has(name) !== true) return publication !== undefined;
  const table = manifest.tables.find((item) => item.name === name);
  return publication?.fingerprint === table?.fingerprint && deferredFrom(publication) === null;
}

/** What bronze tables and models have in common: never published, forced, or defined otherwise. */
function definitionVerdict(table: ManifestTable, publication: Publication | undefined, input: PlanInput): Verdict | null {
  if (publication === undefined) return run("new", "nothing published yet");
  const origin = deferredFrom(publication);
  if (origin !== null) return run("new", `so far read from ${origin}`);
  if (input.fullRefresh) return run("forced", "full refresh");
  if (publication.fingerprint !== table.fingerprint) return run("changed", "its definition changed");
  const param = table.params.find((name) => publication.params[name] !== input.params[name]);
  const replays = input.replays?.get(table.name) ?? 0;
  if (param === undefined && replays > 0) return run("replay", `${replays === 1 ? "1 row" : `${replays} rows`} in quarantine to enter`);
  if (param !== undefined) return run("changed", `parameter ${param}: ${publication.params[param]} → ${input.params[param]}`);
  return null;
}

function bronzeVerdict(table: BronzeTable, input: PlanInput, running: ReadonlyMap<TableName, string>): Verdict {
  const publication = input.state.publications.get(table.name);
  const observation = input.observations.get(table.name);
  const verdict = definitionVerdict(table, publication, input);
  if (verdict !== null) return verdict;
  if (publication?.inputs[lakeInput] !== input.lake) return run("new_input", `the lake moved to ${input.lake}`);
  if (observation === undefined || "error" in observation)
    return run("new_input", `its source cannot be read: ${observation?.error.message ?? "not looked at"}`);
  const own = input.state.files.filter((file) => file.table === table.name);
  if (own.some((file) => file.replay_of !== null && file.files === "")) return run("new_input", "replayed rows are gone from the lake");
  const current = own.filter((file) => file.replay_of === null);
  const difference = fileDifference(table, observation.files, current);
  return difference === null ? inputVerdict(table, publication, input, running) : run("new_input", difference);
}

/** How the files differ from those that were ingested, or null. */
function fileDifference(table: BronzeTable, now: readonly SourceFile[], before: readonly IngestedFile[]): string | null {
  const known = new Map(before.map((file) => [file.name, file.sha256] as const));
  const added = now.filter((file) => !known.has(file.name));
  const changed = now.filter((file) => known.has(file.name) && known.get(file.name) !== file.sha256);
  const gone = table.load !== "replace" ? [] : before.filter((file) => !now.some((item) => item.name === file.name));
  const parts = [named(added, "new"), named(changed, "changed"), named(gone, "gone")].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(", ");
}

function named(files: readonly { readonly name: string }[], what: string): string | null {
  const [only] = files;
  if (only === undefined) return null;
  return files.length === 1 ? `${only.name} is ${what}` : `${files.length} files are ${what}`;
}

function modelVerdict(table: ModelTable, input: PlanInput, running: ReadonlyMap<TableName, string>): Verdict {
  const publication = input.state.publications.get(table.name);
  return definitionVerdict(table, publication, input) ?? inputVerdict(table, publication, input, running);
}

function inputVerdict(
  table: ManifestTable,
  publication: Publication | undefined,
  input: PlanInput,
  running: ReadonlyMap<TableName, string>,
): Verdict {
  const runs = table.dependencies.find((name) => running.has(name));
  if (runs !== undefined) return run("new_input", `${runs} runs before it`);
  const newer = table.dependencies.find((name) => input.state.publications.get(name)?.version !== publication?.inputs[name]);
  if (newer !== undefined) return run("new_input", `${newer} has a newer version`);
  return skip("unchanged", `unchanged since run ${publication?.run_id}`);
}

function sinkVerdict(sink: ManifestSink, table: ModelTable, input: PlanInput, before: string | undefined): Verdict {
  if (input.against !== undefined) return skip("not_configured", `a run against ${input.against.environment} sends nothing`);
  const target = input.targets.get(sink.name) ?? { missing: "no target" };
  if ("missing" in target) return skip("not_configured", target.missing);
  const publication = input.state.publications.get(sinkSubject(sink.name, table.name));
  if (publication === undefined) return run("new", "nothing sent yet");
  if (input.fullRefresh) return run("forced", "full refresh");
  if (publication.fingerprint !== sinkFingerprint(sink, table, target.identity))
    return run("changed", "its target or the table's contract changed");
  if (before !== undefined) return run("new_input", `${table.name} runs before it`);
  if (publication.inputs[table.name] !== input.state.publications.get(table.name)?.version)
    return run("new_input", `${table.name} has a newer version`);
  return skip("unchanged", `unchanged since run ${publication.run_id}`);
}

/** Everything that decides what the sink's table looks like and where it is. */
export function sinkFingerprint(sink: ManifestSink, table: ModelTable, identity: string): string {
  return [sink.fingerprint, table.fingerprint, JSON.stringify(table.indexes), table.description ?? "", identity].join("|");
}
