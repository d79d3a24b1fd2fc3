import type { Measured } from "../measure.ts";

/** One build of silver and gold, as a whole process. */
export interface Contestant {
  readonly name: string;
  /** Its database; a copy of the one that holds bronze is there when it builds. */
  readonly database: string;
  /** Whether the limit is about it; else it stands beside the others for comparison. */
  readonly limited: boolean;
  build(): Promise<Measured>;
}
