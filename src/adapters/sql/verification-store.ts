import type { RecordedVerification, VerificationStore } from "../../ports/verification-store.ts";
import type { StateSql } from "./state-sql.ts";

/** Verifications in a table of the schema `assay`. */
export function sqlVerificationStore({ place }: Pick<StateSql, "place">): VerificationStore {
  return {
    record: (session, verification) =>
      session.execute({
        text: `insert into ${session.sql.table("assay.verifications")} values ($table, $version, $run_id, $verified_at, $status)`,
        params: { ...verification },
      }),
    latest: async (session) => {
      const rows = await session.query({
        text: `select * from (
          select *, row_number() over (partition by table_name
              order by verified_at desc, ${place} desc) as _place from ${session.sql.table("assay.verifications")}
        ) as placed where _place = 1`,
      });
      return new Map(
        rows.map((row) => {
          const table = String(row.table_name) as RecordedVerification["table"];
          const status = String(row.status) as RecordedVerification["status"];
          return [
            table,
            { table, version: String(row.version), run_id: String(row.run_id), verified_at: String(row.verified_at), status },
          ] as const;
        }),
      );
    },
  };
}
