import type { Deferral } from "../plan/against.ts";
import type { WarehouseReader } from "../ports/warehouse-reader.ts";
import type { TableName } from "../terms.ts";

/** The environment that a run reads unchanged tables from, as the run's sessions reach it. It is only ever read. */
export interface DeferredEnvironment {
  readonly deferrals: ReadonlyMap<TableName, Deferral>;
  /** Tables that are not unchanged: one of these is deferred only to be built upon. */
  readonly changed: { has(table: TableName): boolean };
  /** Where it reads no views, these are made here again: their definitions are the same. */
  readonly reader: WarehouseReader;
  /** Files of a bronze table that count there (full paths or globs). */
  readonly batchFiles: (table: TableName) => readonly string[];
}
