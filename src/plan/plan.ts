import type { ValueChunks } from "../define/materialization.ts";
import type { Params, StepKind, TableName, TouchedValues } from "../terms.ts";
import type { StepPolicy } from "./step-policy.ts";

/**
 * Why a step runs: `new` nothing published yet · `changed` its definition or parameters · `new_input` its rows · `forced` asked for · `replay` rows
 * of it in quarantine are to enter · `deferred` it is read from the environment the run is held against.
 */
export type RunReason = "new" | "changed" | "new_input" | "forced" | "replay" | "deferred";

/** Why a step does not run. */
export type SkipReason = "unchanged" | "not_configured";

/** How a table that can be refreshed by changes will be built. */
export interface PlannedBuild {
  readonly mode: "full" | "refresh";
  /** In words: through what changes reach it, or why it is built in full and how to avoid that. */
  readonly why: string;
  /** Distinct values that changes touch and about how many there are; null where they are only known when upstreams have run. */
  readonly touched: TouchedValues | null;
  /** In words, of a model that has them: how a full build is made in chunks, or why it is not. */
  readonly chunks?: string;
}

interface PartOfMany {
  readonly batch_id: string;
  /** From 1. */
  readonly chunk: number;
  /** Chunks of the batch. */
  readonly of: number;
}

/** Some of a model's values of `by`: what a mapped step makes. They are on record under the number of the chunk. */
export interface ValuesChunk extends PartOfMany {
  /** Values of all chunks together. */
  readonly values: number;
}

/** A range of rows of a batch file: what a mapped step loads. */
export interface Chunk extends PartOfMany {
  /** Parquet file, relative to the lake. */
  readonly file: string;
  /** Its first row, from 0. */
  readonly first: number;
  readonly rows: number;
}

/** Values of one column of `by` that a backfill builds again: a range, both ends included, as text. */
export interface BackfillPart {
  readonly column: string;
  readonly low: string;
  readonly high: string;
  /** Only these of them; null: all. */
  readonly values: readonly string[] | null;
}

interface StepBase {
  /** Unique within the plan: `extract bronze.orders`, `load bronze.orders [3/10]`, `ingest bronze.orders`, `split gold.x`, `build gold.x [3/10]`, `build gold.x`, `sink warehouse gold.x`, `defer silver.y`. */
  readonly step: string;
  readonly kind: StepKind;
  readonly table: TableName;
  /** Steps of this plan that have to be finished first. */
  readonly after: readonly string[];
  /** In words, for people. */
  readonly because: string;
  /** Null: there is only one way to do the step's work, or nothing to do. */
  readonly build: PlannedBuild | null;
  /** Left out: no timeout, no pool, and retries only where the engine asks for them. */
  readonly policy?: StepPolicy;
  /** Of a mapped step, which stands in no plan: it is made when the step it comes from has run. */
  readonly chunk?: Chunk | ValuesChunk;
  /** Of the split and the build of a model that is built in chunks. */
  readonly chunks?: ValueChunks;
  /** Of a step of a backfill. */
  readonly backfill?: BackfillPart;
}

export type Step = StepBase &
  ({ readonly action: "run"; readonly reason: RunReason } | { readonly action: "skip"; readonly reason: SkipReason });

/** What a run will do, in an order that respects every dependency. Plain data. */
export interface Plan {
  readonly project: string;
  readonly pipeline: string;
  readonly environment: string;
  readonly params: Params;
  readonly steps: readonly Step[];
  /** Pool name → steps of it at the same time. */
  readonly pools?: Readonly<Record<string, number>>;
}
