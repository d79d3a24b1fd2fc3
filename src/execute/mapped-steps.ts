import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { chunksOf } from "./chunks-of.ts";
import { type Run, tableOf } from "./context.ts";

/** The steps that one step of the plan expanded into. */
interface Mapped {
  /** At the same time. */
  readonly limit: number;
  /** Not started yet, or to be tried again. */
  readonly waiting: Step[];
  active: number;
  /** Without a result. */
  open: number;
  broken: string | null;
}

/** The mapped steps of a run, by the step that they come from. */
export interface MappedSteps {
  readonly add: (source: Step, steps: readonly Step[], limit: number) => void;
  /** Those of a step that may start now, or all that have not. */
  readonly waiting: (source: Step, all: boolean) => readonly Step[];
  /** One of them starts, or is left out; false: it is none of them. */
  readonly take: (step: Step) => boolean;
  readonly release: (step: Step) => void;
  /** It will be tried again; false: it is none of them. */
  readonly putBack: (step: Step) => boolean;
  readonly finish: (step: Step, result: StepResult) => void;
  /** Is anything that a step expanded into without a result? */
  readonly isOpen: (source: string) => boolean;
  /** One that did not succeed. */
  readonly brokenOf: (source: string) => string | null;
}

export function mappedSteps(): MappedSteps {
  const groups = new Map<string, Mapped>();
  const byStep = new Map<Step, Mapped>();
  return {
    add: (source, steps, limit) => {
      const group: Mapped = { limit, waiting: [...steps], active: 0, open: steps.length, broken: null };
      groups.set(source.step, group);
      for (const step of steps) byStep.set(step, group);
    },
    waiting: (source, all) => {
      const group = groups.get(source.step);
      if (group === undefined) return [];
      return all ? [...group.waiting] : group.waiting.slice(0, Math.max(0, group.limit - group.active));
    },
    take: (step) => {
      const group = byStep.get(step);
      if (group === undefined) return false;
      group.waiting.splice(group.waiting.indexOf(step), 1);
      group.active += 1;
      return true;
    },
    release: (step) => {
      const group = byStep.get(step);
      if (group !== undefined) group.active -= 1;
    },
    putBack: (step) => {
      byStep.get(step)?.waiting.unshift(step);
      return byStep.has(step);
    },
    finish: (step, { status }) => {
      const group = byStep.get(step);
      if (group === undefined) return;
      group.open -= 1;
      if (status !== "succeeded") group.broken ??= step.step;
    },
    isOpen: (source) => (groups.get(source)?.open ?? 0) > 0,
    brokenOf: (source) => groups.get(source)?.broken ?? null,
  };
}

/** Does a step expand into others when it has succeeded? */
export const expands = ({ kind }: Step): boolean => kind === "extract" || kind === "split";

/** What a step that succeeded expands into: of an extract a step for each chunk that is not loaded, of a split for each that is not made. */
export async function stepsOf(run: Run, session: Session, source: Step): Promise<readonly Step[]> {
  return source.kind === "split" ? chunkSteps(run, session, source) : loadSteps(run, session, source);
}

/** They begin to be when what they wait for is through. */
const partOf = (source: Step, verb: string, chunk: NonNullable<Step["chunk"]>): Step => {
  const { chunks, ...own } = source;
  const because = `chunk ${chunk.chunk} of ${chunk.of}`;
  return { ...own, step: `${verb} ${source.table} [${chunk.chunk}/${chunk.of}]`, after: [], because, chunk };
};

async function chunkSteps(run: Run, session: Session, source: Step): Promise<readonly Step[]> {
  const split = await run.store.readSplit(session, source.table);
  // Nothing to split.
  if (split === null) return [];
  const { batch_id, chunks: of, values } = split;
  const made = await run.store.readChunks(session, source.table, batch_id);
  const numbers = Array.from({ length: of }, (_, index) => index + 1).filter((chunk) => !made.has(chunk));
  return numbers.map((chunk) => ({ ...partOf(source, "build", { batch_id, chunk, of, values }), kind: "chunk" }));
}

async function loadSteps(run: Run, session: Session, source: Step): Promise<readonly Step[]> {
  const extract = await run.store.readExtract(session, source.table);
  if (extract === null) throw new Error(`nothing is extracted for ${source.table}`);
  const loaded = await run.store.readChunks(session, source.table, extract.batch_id);
  return chunksOf(extract)
    .filter(({ chunk }) => !loaded.has(chunk))
    .map((chunk) => ({ ...partOf(source, "load", chunk), kind: "load" }));
}

/** Enough for several workers; whoever hands steps over asks for each of them now and then. */
const usualAtOnce = 32;

/** So many of a step's mapped steps at the same time. */
export function mappedAtOnce(run: Run, source: Step): number {
  if (source.kind === "split") return source.chunks?.concurrency ?? usualAtOnce;
  const table = tableOf(run, source.table);
  return (table.kind === "bronze" ? table.chunks?.concurrency : undefined) ?? usualAtOnce;
}
