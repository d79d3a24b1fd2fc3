import type { Measured } from "../measure.ts";

/** A tool that makes the ten tables from the two files, each time as a whole process, the way its users run it. */
export interface Contestant {
  readonly name: string;
  /** Whether the limits are about it; else it stands beside the others for comparison. */
  readonly limited: boolean;
  /** What is measured as "nothing changed", in words. */
  readonly unchangedIs: string;
  /** Away with everything earlier runs made; what the tool keeps to start faster stays. */
  reset(): void;
  full(): Promise<Measured>;
  unchanged(): Promise<Measured>;
  /** What its tables hold. */
  contents(): Promise<string>;
}
