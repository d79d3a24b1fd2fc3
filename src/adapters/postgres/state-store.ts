import { quoteText } from "../../define/quote.ts";
import type { EngineSql } from "../../ports/engine-sql.ts";
import type { RetentionStore } from "../../ports/retention-store.ts";
import type { StateStore } from "../../ports/state-store.ts";
import type { VerificationStore } from "../../ports/verification-store.ts";
import { createExtracts } from "../sql/extract-store.ts";
import { createOpsViews } from "../sql/ops-views.ts";
import { sqlRetentionStore } from "../sql/retention-store.ts";
import { createAttempts } from "../sql/state-schema.ts";
import type { StateSql } from "../sql/state-sql.ts";
import { sqlStateStore } from "../sql/state-store.ts";
import { sqlVerificationStore } from "../sql/verification-store.ts";
import { createBronzeStores } from "./bronze-store.ts";
import { createClaims } from "./queue/claims.ts";
import { createSchemaIfMissing } from "./schemas.ts";

/** A chunk is loaded once, whoever comes. */
const keyOfChunks = (sql: EngineSql): string => `alter table ${sql.table("assay.chunks")} add primary key (table_name, batch_id, chunk);`;

const field: StateSql["field"] = (object, name) => `(${object}::jsonb ->> ${quoteText(name)})`;

const postgresState: StateSql = {
  createSchema: createSchemaIfMissing,
  find: (sql) => `select 1 as found from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${quoteText(sql.schema("assay"))} and c.relname = 'state_version'`,
  json: "varchar",
  own: (sql) => `${createBronzeStores(sql)}${createClaims(sql)}${keyOfChunks(sql)}`,
  // The first version was 2.
  migrations: {
    2: (sql) => `${createAttempts(sql, "varchar")}; ${createClaims(sql)} update ${sql.table("assay.state_version")} set version = 3;`,
    3: (sql) => `${createExtracts(sql, "varchar")}; ${keyOfChunks(sql)} update ${sql.table("assay.state_version")} set version = 4;`,
    4: (sql) =>
      `${createOpsViews(sql, { createSchema: createSchemaIfMissing, field })}update ${sql.table("assay.state_version")} set version = 5;`,
  },
  // After the wait, what the others have done has to be seen.
  takeTurn: (sql) =>
    `set transaction isolation level read committed; select pg_advisory_xact_lock(hashtextextended(${quoteText(`${sql.schema("assay")} state`)}, 0))`,
  texts: (parameter) => `select jsonb_array_elements_text(${parameter}::jsonb)`,
  field,
  place: "ctid",
};

/** What may be removed from a PostgreSQL database. */
export const postgresRetentionStore = (state: Pick<StateStore, "read">): RetentionStore => sqlRetentionStore(postgresState, state);

/** Verifications in a PostgreSQL database. */
export const postgresVerificationStore = (): VerificationStore => sqlVerificationStore(postgresState);

/** State in the schema `assay` of a PostgreSQL database, beside the tables it describes. */
export const postgresStateStore = (): StateStore => sqlStateStore(postgresState);
