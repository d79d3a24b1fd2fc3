import { check, incremental, model, sql, t } from "assay";

export const dateDim = model("gold.date_dim", {
  description: "Every day from 2020-01-01 to 2050-12-31, and the unknown day.",
  grain: ["date_key"],
  columns: {
    date_key: t.integer({ description: "20230711; -1: the unknown day" }),
    date: t.date({ nullable: true }),
    year: t.integer({ nullable: true }),
    quarter: t.integer({ nullable: true }),
    month: t.integer({ nullable: true }),
    day: t.integer({ nullable: true }),
    year_month: t.varchar({ description: "2023-07; 'unknown'" }),
    weekday: t.integer({ nullable: true, description: "1 Monday to 7 Sunday" }),
  },
  checks: [check.unique("date"), check.rowCount({ min: 11_324, max: 11_324 })],
  materialize: incremental({ by: ["date_key"] }),
  sql: sql`
    select
      date_key(moment::date) as date_key,
      moment::date as date,
      year(moment)::integer as year,
      quarter(moment)::integer as quarter,
      month(moment)::integer as month,
      day(moment)::integer as day,
      strftime(moment, '%Y-%m') as year_month,
      isodow(moment)::integer as weekday
    from range(timestamp '2020-01-01', timestamp '2051-01-01', interval 1 day) as days(moment)
    union all
    select -1, null, null, null, null, null, 'unknown', null`,
});
