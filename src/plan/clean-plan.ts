import type { Manifest } from "../compile/manifest.ts";
import type { LakeBatch } from "../ports/lake.ts";
import type { Retained } from "../ports/retention-store.ts";
import type { TableName } from "../terms.ts";

/** How long things are kept, in ms; null: for ever. */
export interface Keep {
  readonly batches: number | null;
  readonly changes: number | null;
  readonly logs: number | null;
  readonly runs: number | null;
}

/** A run's log, in one or more files. */
export interface LogOnDisk {
  readonly run: string;
  /** Full paths. */
  readonly files: readonly string[];
  readonly bytes: number;
  /** Last write, ms since 1970. */
  readonly written: number;
}

export interface ScratchOnDisk {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
}

export interface CleanInput {
  readonly manifest: Manifest;
  /** ms since 1970. */
  readonly now: number;
  readonly keep: Keep;
  readonly keepTexts: Readonly<Record<keyof Keep, string>>;
  /** Also remove tables the project no longer declares. */
  readonly tables: boolean;
  /** The environment's database; null: there is none yet. */
  readonly retained: Retained | null;
  /** Databases of the other environments: they share the lake. */
  readonly others: readonly Retained[];
  /** Why the lake, logs and scratch files, which all environments share, cannot be judged now; null: they can. */
  readonly sharedInUse: string | null;
  readonly batches: readonly LakeBatch[];
  readonly logs: readonly LogOnDisk[];
  readonly scratch: readonly ScratchOnDisk[];
}

/** What a clean would take away, or leaves although one might expect otherwise. */
export interface CleanItem {
  readonly kind: "batch" | "changes" | "chunks" | "log" | "scratch" | "runs" | "table";
  readonly name: string;
  readonly action: "remove" | "keep";
  readonly because: string;
  /** On disk; null for what lies in the database. */
  readonly bytes: number | null;
  readonly rows: number | null;
}

export interface CleanPlan {
  readonly items: readonly CleanItem[];
  /** Row changes, run records and publications that go, in one transaction. */
  readonly state: {
    readonly changes: readonly { readonly table: TableName; readonly upTo: number }[];
    readonly runs: readonly string[];
    readonly subjects: readonly string[];
    /** Models whose chunks go. */
    readonly splits: readonly TableName[];
  };
  /** Batch folders, below the lake. */
  readonly batches: readonly string[];
  /** Full paths. */
  readonly files: readonly string[];
}
