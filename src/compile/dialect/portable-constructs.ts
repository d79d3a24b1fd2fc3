import { aggregateRules, placed, ranks, windowAggregates } from "./aggregate-rules.ts";
import { castNames } from "./cast-rules.ts";
import { comparisons, operators, subqueries } from "./expressions.ts";
import { scalarName, scalarRules } from "./scalar-rules.ts";

const queries = [
  "SELECT",
  "WITH",
  "WITH RECURSIVE",
  "subquery in FROM",
  "VALUES",
  "*",
  "EXCLUDE",
  "REPLACE",
  "alias reuse",
  "JOIN",
  "LEFT JOIN",
  "RIGHT JOIN",
  "FULL JOIN",
  "CROSS JOIN",
  "USING",
  "WHERE",
  "GROUP BY",
  "GROUP BY ALL",
  "GROUPING SETS",
  "HAVING",
  "QUALIFY",
  "DISTINCT",
  "DISTINCT ON",
  "ORDER BY",
  "ORDER BY ALL",
  "LIMIT",
  "UNION",
  "UNION ALL",
  "INTERSECT",
  "INTERSECT ALL",
  "EXCEPT",
  "EXCEPT ALL",
  "function range in FROM",
  "function generate_series in FROM",
  "parameter",
];

/** Everything that is carried over, as a translation names it: the suite has to execute each on both engines. */
export const portableConstructs: ReadonlySet<string> = new Set([
  ...queries,
  ...Object.values(subqueries),
  ...Object.values(comparisons),
  ...Object.values(operators),
  ...Object.keys(scalarRules).map(scalarName),
  ...Object.keys(aggregateRules).map((name) => `aggregate ${name}`),
  "FILTER",
  ...[...ranks, ...placed, ...windowAggregates].map((name) => `window ${name}`),
  ...castNames,
]);
