import { quoteText } from "../../define/quote.ts";
import type { StateStore } from "../../ports/state-store.ts";
import type { StateSql } from "../sql/state-sql.ts";
import { sqlStateStore } from "../sql/state-store.ts";
import { createBronzeStores } from "./bronze-store.ts";

const postgresState: StateSql = {
  find: "select 1 as found from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'assay' and c.relname = 'state_version'",
  json: "varchar",
  own: createBronzeStores,
  // The first version is the present one.
  migrations: {},
  // After the wait, what the others have done has to be seen.
  takeTurn: "set transaction isolation level read committed; select pg_advisory_xact_lock(hashtextextended('assay state', 0))",
  texts: (parameter) => `select jsonb_array_elements_text(${parameter}::jsonb)`,
  field: (object, name) => `(${object}::jsonb ->> ${quoteText(name)})`,
  place: "ctid",
};

/** State in the schema `assay` of a PostgreSQL database, beside the tables it describes. */
export const postgresStateStore = (): StateStore => sqlStateStore(postgresState);
