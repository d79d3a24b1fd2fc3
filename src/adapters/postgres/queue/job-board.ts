import pg from "pg";
import { PgBoss } from "pg-boss";
import type { EngineSql } from "../../../ports/engine-sql.ts";
import { targetOf } from "../connection.ts";
import { engineFault } from "../engine-errors.ts";
import { queueSchema } from "../platform-schemas.ts";
import { createSchemaIfMissing } from "../schemas.ts";
import { type Notice, noticeSql } from "./notices.ts";

/** Seconds without a sign of life after which a worker counts as gone; pg-boss takes no fewer. */
export const leaseSeconds = 10;

/** A step that so many workers have had, each of them gone by now, is not given to another. */
const takenOverAtMost = 3;

/** pg-boss and the one connection pool beside it. */
export interface JobBoard {
  readonly boss: PgBoss;
  /** The queue of a project (by its fingerprint: steps go to workers that have the same) and a pool, made when it is first asked for. */
  readonly queueOf: (project: string, pool: string | null) => Promise<string>;
  /** One statement outside of pg-boss, with `$1` …. */
  readonly run: (text: string, values: readonly unknown[]) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly tell: (notice: Notice) => Promise<void>;
  /** Was the job still this one's to change? */
  readonly settled: (response: object) => boolean;
  readonly close: () => Promise<void>;
}

export interface JobBoardOptions {
  readonly url: string;
  readonly sql: EngineSql;
  /** Called with what goes wrong in the background. */
  readonly warn: (error: unknown) => void;
}

/** Opens the job queue of an environment, making its tables where they are not there. Throws ENGINE_UNREACHABLE, ENGINE_DENIED. */
export async function openJobBoard({ url, sql, warn }: JobBoardOptions): Promise<JobBoard> {
  const target = targetOf(url);
  const boss = new PgBoss({
    connectionString: url,
    schema: sql.schema(queueSchema),
    // Made below, without a right to make any where it is there.
    createSchema: false,
    application_name: "assay queue",
    // What a server that crashes loses of the queue is handed over or looked up again; only a claim has to last.
    options: "-c synchronous_commit=off",
    max: 4,
    schedule: false,
    superviseIntervalSeconds: 2,
    monitorIntervalSeconds: 2,
  });
  boss.on("error", warn);
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw engineFault(error, target);
    }
  };
  await guarded(async () => {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      // Workers may come all at once.
      await client.query("select pg_advisory_lock(hashtextextended($1, 0))", [sql.schema(queueSchema)]);
      await client.query(createSchemaIfMissing(sql.schema(queueSchema)));
    } finally {
      await client.end().catch(() => undefined);
    }
    await boss.start();
  });
  const known = new Map<string, Promise<string>>();
  const make = async (name: string): Promise<string> => {
    const options = { heartbeatSeconds: leaseSeconds, retryLimit: takenOverAtMost, retryDelay: 0, expireInSeconds: 86_400 };
    if ((await boss.getQueue(name)) === null) await boss.createQueue(name, { ...options, deleteAfterSeconds: 3_600 });
    return name;
  };
  const notice = noticeSql(sql);
  const run = (text: string, values: readonly unknown[]) =>
    guarded(async () => (await boss.getDb().executeSql(text, [...values])).rows as readonly Readonly<Record<string, unknown>>[]);
  return {
    boss,
    queueOf: (project, pool) => {
      const name = `steps.${project}${pool === null ? "" : `.${pool}`}`;
      const made = known.get(name) ?? guarded(() => make(name));
      known.set(name, made);
      return made;
    },
    run,
    tell: async (told) => {
      await run(notice.text, notice.values(told));
    },
    // Its types leave the number out.
    settled: (response) => "affected" in response && Number(response.affected) > 0,
    close: () => boss.stop({ graceful: false, close: true }),
  };
}
