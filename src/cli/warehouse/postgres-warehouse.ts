import { type Database, memoryDatabase, scratchDatabase } from "../../adapters/duckdb/database.ts";
import { polyglotTranspiler } from "../../adapters/polyglot/transpiler.ts";
import { postgresContents, removePostgres } from "../../adapters/postgres/contents.ts";
import { postgresEngine, postgresHashes } from "../../adapters/postgres/engine.ts";
import { postgresSql } from "../../adapters/postgres/engine-sql.ts";
import { grantStatements } from "../../adapters/postgres/grants.ts";
import { claimRun, revokeAll } from "../../adapters/postgres/queue/claims.ts";
import { readQuery } from "../../adapters/postgres/read-query.ts";
import { isRunLocked, takeRunLock } from "../../adapters/postgres/run-lock.ts";
import { postgresRetentionStore, postgresStateStore, postgresVerificationStore } from "../../adapters/postgres/state-store.ts";
import { storedIn } from "../../adapters/postgres/stored-in.ts";
import { postgresDialect } from "../../compile/dialect/postgres-dialect.ts";
import { withSession } from "../../execute/with-session.ts";
import type { Engine } from "../../ports/engine.ts";
import type { Warehouse } from "../../ports/warehouse.ts";
import { secretsIn } from "../secrets-in.ts";

const isSchemaIn = (database: string, other: Warehouse): boolean => other.identity.startsWith(`postgres://${database} `);

/** Schemas of a PostgreSQL database. One process at a time changes those of an environment; any number reads. */
export function postgresWarehouse(url: string, schemaPrefix: string | null): Warehouse {
  const { host, pathname, username } = new URL(url);
  const sql = postgresSql(schemaPrefix);
  const database = `${host}${pathname}`;
  const place = `postgres://${username === "" ? "" : `${username}@`}${database}`;
  const store = postgresStateStore();
  const open = async (scratch: string, name = "assay"): Promise<{ readonly engine: Engine; readonly files: Database }> => {
    const files = await scratchDatabase(scratch);
    return { files, engine: postgresEngine({ url, schemaPrefix, files: () => files.session(), scratch, name }) };
  };
  return {
    engine: "postgres",
    place,
    identity: `postgres://${database} ${sql.schema("assay")}`,
    secrets: secretsIn(url),
    file: null,
    sql,
    dialect: (analyzer) => postgresDialect(analyzer, polyglotTranspiler()),
    hashes: postgresHashes,
    store,
    retention: postgresRetentionStore(store),
    verifications: postgresVerificationStore(),
    grants: (role, readers) => {
      const wanted = { database: decodeURIComponent(pathname.slice(1)), role: role ?? decodeURIComponent(username), readers };
      return { role: wanted.role, statements: grantStatements(sql, wanted) };
    },
    // The queue's library is loaded by those who use it.
    shared: {
      revoke: revokeAll,
      claim: claimRun,
      join: async (worker, scratch) => {
        const { engine, files } = await open(scratch, worker);
        return { engine, close: async () => files.close() };
      },
      queue: async (options) => (await import("../../adapters/postgres/queue/postgres-queue.ts")).postgresQueue({ url, sql, ...options }),
      workSource: async (options) =>
        (await import("../../adapters/postgres/queue/work-source.ts")).postgresWorkSource({ url, sql, ...options }),
    },
    own: async (command, scratch) => {
      const { engine, files } = await open(scratch);
      try {
        const owner = await engine.session();
        try {
          await takeRunLock(owner, command, place);
        } catch (error) {
          owner.close();
          throw error;
        }
        return {
          engine,
          remove: (contents) => removePostgres(owner, contents),
          close: async () => {
            owner.close();
            files.close();
          },
        };
      } catch (error) {
        files.close();
        throw error;
      }
    },
    read: async (scratch, work) => {
      const files = await memoryDatabase();
      try {
        const engine = postgresEngine({ url, schemaPrefix, files: () => files.session(), scratch });
        return await withSession(engine, async (session) => ((await store.isPresent(session)) ? work(session) : null));
      } finally {
        files.close();
      }
    },
    contents: postgresContents,
    isOwned: isRunLocked,
    readerOf: (other) => (isSchemaIn(database, other) ? storedIn(other.sql) : null),
    query: readQuery,
  };
}
