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
  readonly test: (title: string, work: (world: World) => Promise<void>, options?: TestOptions) => void;
}
