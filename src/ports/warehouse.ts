import type { Engine, ResultTable, Session } from "./engine.ts";
import type { EngineSql } from "./engine-sql.ts";
import type { Queue, QueuedStep, WorkSource } from "./queue.ts";
import type { RetentionStore } from "./retention-store.ts";
import type { SqlAnalyzer } from "./sql-analyzer.ts";
import type { SqlDialect } from "./sql-dialect.ts";
import type { StateStore } from "./state-store.ts";
import type { VerificationStore } from "./verification-store.ts";
import type { WarehouseReader } from "./warehouse-reader.ts";

/** Something in an environment's database. */
export interface StoredObject {
  readonly kind: "view" | "table" | "function" | "type" | "schema";
  /** As it is shown, e.g. `ada_gold.sales`. */
  readonly name: string;
  /** Quoted, for statements. */
  readonly sql: string;
}

/** What the platform has made in an environment, by its own records. */
export interface WarehouseContents {
  readonly objects: readonly StoredObject[];
  /** What others have made and would break without them, in words. */
  readonly foreign: readonly string[];
  /** Schemas that stay because of what others have in them or because they belong to others, in words. */
  readonly kept: readonly string[];
}

/** Who has a warehouse to itself until it is closed. */
export interface OwnedWarehouse {
  readonly engine: Engine;
  /** Takes contents away, all or nothing, and the environment's database with them where nothing else is in it. */
  remove(contents: WarehouseContents): Promise<void>;
  close(): Promise<void>;
}

/** What a run's processes need of each other, where several share its work. */
export interface SharedWork {
  /** For its owner, before it reads the state: takes every step away from workers of earlier runs, and waits for those they are publishing. */
  revoke(session: Session): Promise<void>;
  /**
   * For its owner, before the first step of a run. What it resolves with is part of each transaction that publishes, and throws RUN_SUPERSEDED
   * once another owner has revoked it.
   */
  claim(session: Session, runId: string): Promise<(session: Session) => Promise<void>>;
  /** Opens it for changes as one of many, who take steps from its owner, and are known by their names. */
  join(worker: string, scratch: string): Promise<Pick<OwnedWarehouse, "engine" | "close">>;
  queue<Work extends object, Outcome>(options: QueueOptions<Outcome>): Promise<Queue<Work, Outcome>>;
  workSource<Work, Outcome extends object>(options: WorkSourceOptions): Promise<WorkSource<Work, Outcome>>;
}

interface SharedOptions {
  /** Fingerprint of the project: its steps go to workers that have the same. */
  readonly project: string;
  /** Called with what goes wrong in the background. */
  readonly warn: (error: unknown) => void;
}

export interface QueueOptions<Outcome> extends SharedOptions {
  /** Called once when nobody has taken a step for a while. */
  readonly idle: () => void;
  /** What is on record of a step, for one whose worker was gone before it could tell; null: nothing. */
  readonly recorded: (step: QueuedStep<unknown>) => Promise<Outcome | null>;
}

export interface WorkSourceOptions extends SharedOptions {
  /** Pools to take steps of; null stands for the steps of none. */
  readonly pools: readonly (string | null)[];
  /** Its name, as it joined. */
  readonly worker: string;
}

/** The database of an environment, with its tables and their state. Nothing is opened before it is asked. */
export interface Warehouse {
  /** Kind of its engine, to be shown: `duckdb`, `postgres`. */
  readonly engine: string;
  /** Where it is, to be shown: a path, or user, server and database; never a password. */
  readonly place: string;
  /** Environments with equal identities share all their tables. */
  readonly identity: string;
  /** Texts that must never be shown. */
  readonly secrets: readonly string[];
  /** Database file that an embedded DuckDB can read; null: its rows have to be copied for that. */
  readonly file: string | null;
  /** How it names what it holds; known without a connection. */
  readonly sql: EngineSql;
  /** Carries the project's SQL over to its engine; null: the engine runs DuckDB's. */
  readonly dialect: ((analyzer: SqlAnalyzer) => SqlDialect) | null;
  readonly hashes: Pick<Engine, "keyHash" | "contentHash">;
  readonly store: StateStore;
  readonly retention: RetentionStore;
  readonly verifications: VerificationStore;
  /**
   * The statements that give a role (null: the one of the environment's address) what it needs here, and readers the silver and gold tables;
   * null where the engine has no roles.
   */
  readonly grants:
    | ((role: string | null, readers: readonly string[]) => { readonly role: string; readonly statements: readonly string[] })
    | null;
  /** Null: one process at a time does all the work. */
  readonly shared: SharedWork | null;
  /** Opens it for changes, creating it where it is not there. `scratch`: folder for rows on their way. Throws PROJECT_LOCKED naming who has it. */
  own(command: string, scratch: string): Promise<OwnedWarehouse>;
  /** Runs `work` on a connection for reading; null when there is no state yet. `scratch`: folder for what does not fit into memory. */
  read<T>(scratch: string, work: (session: Session) => Promise<T>): Promise<T | null>;
  contents(session: Session): Promise<WarehouseContents>;
  /** Whether somebody else owns it while this process reads it. */
  isOwned(session: Session): Promise<boolean>;
  /** How its sessions read another warehouse, only ever for reading; null: they cannot. */
  readerOf(other: Warehouse): WarehouseReader | null;
  /** The rows of one SELECT that a person wrote in the engine's SQL; nothing else is let through. Throws QUERY_FAILED. */
  query(session: Session, text: string): Promise<ResultTable>;
}
