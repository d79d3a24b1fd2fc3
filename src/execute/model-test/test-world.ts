import type { BronzeTable } from "../../compile/manifest.ts";
import type { Engine, Session } from "../../ports/engine.ts";
import type { Lake } from "../../ports/lake.ts";
import type { Source, SourceFile } from "../../ports/source.ts";
import type { RunStore, State } from "../../ports/state-store.ts";
import type { Clock } from "../context.ts";

/** What one test runs in: a database, a lake and a scratch folder of its own, all of them empty. */
export interface TestWorld {
  readonly engine: Engine;
  readonly store: RunStore;
  /** What the runs of the test have left in the store. */
  readonly state: () => State;
  readonly lake: Lake;
  /** Folder that may be made and removed. */
  readonly scratch: string;
  /** Reads the project's own files: seeds. */
  readonly source: Source;
  readonly listSeed: (table: BronzeTable) => Promise<readonly SourceFile[]>;
  /** Fixes the engine's time. */
  readonly fixTime: (session: Session, time: number) => Promise<void>;
  readonly clock: Clock;
}
