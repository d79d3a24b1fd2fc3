import type { Measured } from "../measure.ts";

/** Another tool that keeps the same two tables up to date. Its raw tables are brought up to date for it; that time is not charged. */
export interface Peer {
  readonly name: string;
  load(): Promise<void>;
  /** The command its users run, and what its tables then hold. */
  refresh(batch: number): Promise<{ readonly measured: Measured; readonly contents: string }>;
}
