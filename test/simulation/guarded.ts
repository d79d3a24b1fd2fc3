import { truncateSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Engine, Session, Statement } from "../../src/ports/engine.ts";
import type { Lake } from "../../src/ports/lake.ts";
import { type FileReader, proven, type Source } from "../../src/ports/source.ts";
import type { Schedule } from "./schedule.ts";

/** Changes a statement on its way to the database: how a test breaks the platform on purpose. */
export type Sabotage = (text: string) => string;

/** Sessions of one process: what they do is scheduled, and all of them end with it. */
export interface GuardedSessions {
  open(): Promise<Session>;
  /** What the database does when its client is gone: open transactions never happened. */
  abandon(): Promise<void>;
}

const nameOfCopy = /\bto '((?:[^']|'')+\.parquet)'/;

/**
 * `folder`: what it stands in is named without it, so that a label is the same in every folder. `committed` is called when something
 * new can be seen.
 */
export function guardedSessions(
  open: () => Promise<Session>,
  schedule: Schedule,
  sabotage: Sabotage,
  folder: string,
  committed: () => Promise<void>,
): GuardedSessions {
  const opened = new Set<Session>();
  const inTransaction = new Set<Session>();
  const guard = (raw: Session): Session => {
    let marks = new Set<string | null>();
    let subject = "";
    const prepared = (statement: Statement): Statement => {
      marks.add(markOf(statement.text));
      return { ...statement, text: sabotage(statement.text) };
    };
    const operation = (text: string) => ({
      label: `sql: ${text.replaceAll(folder, "").replace(/\s+/g, " ").slice(0, 150)}`,
      durable: false,
    });
    const execute = (statement: Statement): Promise<void> => {
      const ready = prepared(statement);
      return schedule.perform(operation(ready.text), () => raw.execute(ready));
    };
    const guarded: Session = {
      sql: raw.sql,
      // DuckDB's sessions read files themselves.
      get files() {
        return guarded;
      },
      execute,
      insert: (target, rows) => {
        const text = `insert into ${target.table}`;
        if (rows.length > 0) marks.add(markOf(text));
        if (target.table === "assay.publications") subject = `: ${rows[0]?.subject}`;
        if (target.table === "assay.steps" && rows[0]?.status === "succeeded") marks.add(partMarks.get(rows[0].kind) ?? null);
        return schedule.perform(operation(text), async () => (sabotage(text) === text ? raw.insert(target, rows) : undefined));
      },
      query: (statement) => {
        const ready = prepared(statement);
        if (!ready.text.startsWith("copy ")) return schedule.perform(operation(ready.text), () => raw.query(ready));
        const torn = async (): Promise<void> => {
          await raw.query(ready);
          const [, file] = nameOfCopy.exec(ready.text) ?? [];
          if (file !== undefined) truncateSync(file, Math.floor((await stat(file)).size / 2));
        };
        return schedule.perform({ label: "copy to parquet", durable: true }, () => raw.query(ready), torn);
      },
      copyIn: () => Promise.reject(new Error("nothing copies into DuckDB")),
      copyOut: () => Promise.reject(new Error("nothing copies out of DuckDB")),
      cancel: () => raw.cancel(),
      result: (statement) => schedule.perform(operation(statement.text), () => raw.result(prepared(statement))),
      describe: (text) => schedule.perform(operation(`describe ${text}`), () => raw.describe(text)),
      transaction: async (work) => {
        marks = new Set();
        subject = "";
        await schedule.perform({ label: "begin", durable: false }, () => raw.execute({ text: "begin transaction" }));
        inTransaction.add(raw);
        const commit = async (): Promise<void> => {
          await raw.execute({ text: "commit" });
          inTransaction.delete(raw);
          await committed();
        };
        try {
          const value = await work();
          await schedule.perform({ label: `commit of ${purposeOf(marks)}${subject}`, durable: true }, commit, commit);
          return value;
        } catch (error) {
          if (schedule.crashed() === null) {
            await schedule.perform({ label: "rollback", durable: false }, () => raw.execute({ text: "rollback" }).catch(() => undefined));
            inTransaction.delete(raw);
          }
          throw error;
        }
      },
      close: () => {
        if (schedule.crashed() !== null) return;
        opened.delete(raw);
        raw.close();
      },
    };
    return guarded;
  };
  return {
    open: async () => {
      const raw = await schedule.perform({ label: "connect", durable: false }, open);
      opened.add(raw);
      return guard(raw);
    },
    abandon: async () => {
      for (const raw of opened) {
        if (inTransaction.has(raw)) await raw.execute({ text: "rollback" });
        raw.close();
      }
      opened.clear();
    },
  };
}

/** What can be said of the transaction a statement is in. */
function markOf(statement: string): string | null {
  const text = statement.replaceAll('"', "");
  if (text.startsWith("insert into assay.runs")) return "a run's start";
  if (text.startsWith("update assay.runs set status = $status")) return "a run's end";
  if (text.includes("create table assay.state_version")) return "the state tables";
  if (text.startsWith("insert into assay.publications")) return "a build";
  if (text.startsWith("insert into assay.files")) return "files";
  if (text.startsWith("insert into assay.steps")) return "a failure";
  return null;
}

/** Steps that publish nothing, by their kind. */
const partMarks: ReadonlyMap<unknown, string> = new Map([
  ["extract", "an extract"],
  ["load", "a load"],
  ["split", "a split"],
  ["chunk", "a chunk"],
]);

/** What a transaction is for: the first of these that is said of it. */
const purposes = ["the state tables", "a build", "a run's start", "a run's end", ...partMarks.values(), "a failure"];

function purposeOf(marks: ReadonlySet<string | null>): string {
  const purpose = purposes.find((mark) => marks.has(mark)) ?? "a frozen view";
  return purpose === "a build" && marks.has("files") ? "an ingest" : purpose;
}

export function guardedEngine(engine: Engine, sessions: GuardedSessions): Engine {
  return { ...engine, session: () => sessions.open() };
}

export function guardedLake(lake: Lake, schedule: Schedule): Lake {
  const durable = (label: string) => ({ label, durable: true });
  return {
    ...lake,
    openBatch: (table, date, runId) => {
      const open = (): Promise<string> => lake.openBatch(table, date, runId);
      return schedule.perform(durable("openBatch"), open, async () => void (await open()));
    },
    writeManifest: (folder, manifest) =>
      schedule.perform(
        durable("writeManifest"),
        () => lake.writeManifest(folder, manifest),
        async () => writeFileSync(join(folder, "manifest.json"), '{ "table": '),
      ),
    removeBatch: (folder) => schedule.perform(durable("removeBatch"), () => lake.removeBatch(folder)),
    removeRun: (runId, keep) => schedule.perform(durable("removeRun"), () => lake.removeRun(runId, keep)),
  };
}

/** Reading files is no operation, but the statements it makes are. */
export function guardedSource(source: Source, schedule: Schedule): Source {
  const from = (reader: FileReader): FileReader => ({
    query: (statement) => schedule.within(() => reader.query(statement)),
    execute: (statement) => schedule.within(() => reader.execute(statement)),
  });
  return {
    list: source.list,
    fetch: source.fetch,
    open: (definition, file, columns, reader) =>
      schedule.outside(async () => proven(await source.open(definition, file, columns, from(reader)))),
    compare: (definition, file, columns, reader) => schedule.outside(() => source.compare(definition, file, columns, from(reader))),
    refusals: (definition, file, read, columns, reader, rows) =>
      schedule.outside(() => source.refusals(definition, file, read, columns, from(reader), rows)),
    broken: (definition, file, read, columns, rules, reader) =>
      schedule.outside(() => source.broken(definition, file, read, columns, rules, from(reader))),
    without: (definition, file, read, columns, records, reader) =>
      schedule.outside(() => source.without(definition, file, read, columns, records, from(reader))),
  };
}
