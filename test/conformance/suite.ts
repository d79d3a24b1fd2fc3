import type { World } from "./world.ts";

/** What some engines may not have. */
export type Capability =
  /** Stored queries under a table's name. */
  | "views"
  /** Several sessions that write at the same time, each to tables of its own. */
  | "parallel_writers";

export interface TestOptions {
  readonly needs?: readonly Capability[];
  /** Milliseconds. */
  readonly timeout?: number;
}

/** Where the sections of the conformance suite put their tests; each gets a world of its own. */
export interface Suite {
  /** Of the statements at which a run can be broken, every such one is: 1 is all of them. */
  readonly faultsEvery: number;
  readonly test: (title: string, work: (world: World) => Promise<void>, options?: TestOptions) => void;
}
