import { sql, sqlFunction, t } from "assay";

/** The calendar of gold.date_dim. */
export const dateKey = sqlFunction("date_key", {
  description: "20230711 for the 11th of July 2023; -1, the unknown day, for none and for days before 2020 or after 2050.",
  params: { day: t.date() },
  result: t.integer(),
  duckdb: sql`
    case when day between date '2020-01-01' and date '2050-12-31' then year(day) * 10000 + month(day) * 100 + day(day) else -1 end`,
});
