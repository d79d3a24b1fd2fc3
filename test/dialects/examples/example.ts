import type { Params } from "../../../src/terms.ts";

/** A query that has to give the same rows on both engines. */
export interface Example {
  readonly sql: string;
  readonly params?: Params;
  /** Rows have to come in the same order too. */
  readonly ordered?: boolean;
}

/** Each expression over the rows of a table, beside its key. */
export const over = (table: string, expressions: readonly string[]): readonly Example[] =>
  expressions.map((expression) => ({ sql: `select id, ${expression} as x from silver.${table}` }));

/** Each aggregate over the whole table and by customer. */
export const grouped = (expressions: readonly string[]): readonly Example[] =>
  expressions.flatMap((expression) => [
    { sql: `select ${expression} as x from silver.sales` },
    { sql: `select product, ${expression} as x from silver.sales group by product` },
  ]);
