import type { Engine, Session } from "../../src/ports/engine.ts";

/** `error`: one statement fails, and the run deals with it. `crash`: from that statement on nothing reaches the database any more. */
export interface Fault {
  readonly kind: "error" | "crash";
  /** Statement, counted from 1 over all sessions of the run; the beginning and both sides of the end of a transaction count too. */
  readonly at: number;
}

export interface FaultyEngine {
  readonly engine: Engine;
  /** Has the fault happened? */
  readonly happened: () => boolean;
}

/** An engine whose sessions fail at one statement. Transactions that were open then never happened. */
export function faultyEngine(engine: Engine, fault: Fault): FaultyEngine {
  let statements = 0;
  const pass = (what: string): void => {
    statements++;
    if (statements === fault.at || (statements > fault.at && fault.kind === "crash"))
      throw new Error(`the test's ${fault.kind} at statement ${statements}: ${what.replace(/\s+/g, " ").slice(0, 100)}`);
  };
  const passed = <T>(what: string, work: () => Promise<T>): Promise<T> => {
    pass(what);
    return work();
  };
  const faulty = (session: Session): Session => ({
    sql: session.sql,
    get files() {
      return faulty(session.files);
    },
    execute: async (statement) => passed(statement.text, () => session.execute(statement)),
    insert: async (target, rows) => passed(`insert into ${target.table}`, () => session.insert(target, rows)),
    query: async (statement) => passed(statement.text, () => session.query(statement)),
    copyIn: async (relation, columns, file) => passed(`copy ${relation}`, () => session.copyIn(relation, columns, file)),
    copyOut: async (select, file) => passed(`copy ${select}`, () => session.copyOut(select, file)),
    result: async (statement) => passed(statement.text, () => session.result(statement)),
    describe: async (text) => passed(text, () => session.describe(text)),
    transaction: async (work) => {
      pass("begin");
      const value = await session.transaction(async () => {
        const made = await work();
        pass("commit");
        return made;
      });
      // The transaction is through, and nobody has heard of it.
      pass("committed");
      return value;
    },
    cancel: () => session.cancel(),
    close: () => session.close(),
  });
  return {
    engine: { ...engine, session: async () => faulty(await engine.session()) },
    happened: () => statements >= fault.at,
  };
}
