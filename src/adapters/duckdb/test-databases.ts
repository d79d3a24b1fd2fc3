import { quoteIdentifier } from "../../define/quote.ts";
import type { Session } from "../../ports/engine.ts";
import { createSchemas } from "../sql/state-schema.ts";
import { type Database, memoryDatabase } from "./database.ts";
import { duckdbSql } from "./sql.ts";
import { createSchema } from "./state-store.ts";

/** Databases in memory, one after the other. */
export interface TestDatabases {
  /** One with the schemas of a project and nothing in them, in a millisecond; the one before goes away, and its sessions have to be closed. */
  next(): Promise<Pick<Database, "session">>;
  close(): void;
}

/** One instance holds them, one at a time: what reads the catalog sees only its own. */
export async function testDatabases(): Promise<TestDatabases> {
  const instance = await memoryDatabase();
  const control = await instance.session();
  let count = 0;
  return {
    next: async () => {
      if (count > 0) await control.execute({ text: `detach ${quoteIdentifier(`test_${count}`)}` });
      count += 1;
      const name = quoteIdentifier(`test_${count}`);
      await control.execute({
        text: `attach ':memory:' as ${name}; use ${name}; ${createSchemas(duckdbSql, { createSchema })}; use memory`,
      });
      return {
        session: async () => {
          const session = await instance.session();
          await session.execute({ text: `use ${name}` });
          return session;
        },
      };
    },
    close: () => {
      control.close();
      instance.close();
    },
  };
}

/**
 * Makes `now()`, `current_date` and the like give a fixed time in UTC (ms since 1970), in this database only: macros of its own schema come
 * before the engine's functions.
 */
export async function fixTime(session: Session, time: number): Promise<void> {
  const text = new Date(time).toISOString().replace("T", " ").replace("Z", "");
  const values: readonly (readonly [string, readonly string[]])[] = [
    [`'${text}+00'::timestamptz`, ["now", "get_current_timestamp", "transaction_timestamp", "current_timestamp"]],
    [`'${text}'::timestamp`, ["current_localtimestamp", "localtimestamp"]],
    [`'${text.slice(0, 10)}'::date`, ["current_date", "today"]],
    [`'${text.slice(11)}'::time`, ["current_localtime", "localtime"]],
    [`'${text.slice(11)}+00'::timetz`, ["current_time", "get_current_time"]],
  ];
  const macros = values.flatMap(([value, names]) => names.map((name) => `create or replace macro main.${name}() as ${value}`));
  await session.execute({ text: macros.join("; ") });
}
