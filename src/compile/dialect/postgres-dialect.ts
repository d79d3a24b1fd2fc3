import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { NotPortable, SqlDialect, Transpiler } from "../../ports/sql-dialect.ts";
import type { QueryNode } from "../../ports/syntax-tree.ts";
import { exactTree, printable, printExactly } from "../incremental/exact-tree.ts";
import { createCarry } from "./carry.ts";
import { nameMark } from "./fragments.ts";
import { withPlaces } from "./located-tree.ts";
import { unmarkedNames, withMarkedNames } from "./marked-names.ts";
import { plainQuery } from "./plain-query.ts";
import { outermostScope } from "./scope.ts";
import { carriedQuery } from "./select.ts";

/**
 * PostgreSQL 15 and later. Structure and types are DuckDB's own (its tree and its binder); what differs is replaced in the tree, the rest is
 * the library's. A construct that is in no rule is refused.
 */
export function postgresDialect(analyzer: SqlAnalyzer, transpiler: Transpiler): SqlDialect {
  return {
    engine: "PostgreSQL",
    translate: async ({ text, params, relations }) => {
      const [parsed] = await analyzer.parse([text]);
      if (parsed === undefined || "failure" in parsed) return refusal("this text", null, parsed?.failure.message ?? "it does not parse");
      if (text.includes(nameMark)) return refusal("the character U+E0A5", null, "leave it out");
      if (/__assay_\d/i.test(text)) return refusal("the word __assay_ with a number", null, "leave it out: it marks what is replaced");
      const tree = exactTree(parsed.identity);
      const carry = createCarry(relations);
      const plain = await plainQuery(withPlaces(tree.node, parsed.tree.node), analyzer);
      if (plain.values > longestValues) return refusal(`VALUES of ${plain.values} rows`, null, "load them as a bronze table");
      if (plain.values > 0) carry.used("VALUES");
      const node = await carriedQuery(plain.node, carry, outermostScope(analyzer, tree, params));
      if (carry.refused.length > 0) return { refused: distinct(carry.refused) };
      const [printed] = await printExactly(analyzer, [withMarkedNames(printable(node)) as QueryNode], tree);
      if (printed === null || printed === undefined)
        return refusal("this query", null, "write it in simpler steps: DuckDB cannot print it exactly");
      const translated = await transpiler.toPostgres(printed);
      return { text: unmarkedNames(carry.fragments.filled(translated)), constructs: [...carry.constructs].sort() };
    },
  };
}

/** Rows of VALUES that are carried over: each is bound on its own. */
const longestValues = 100;

function refusal(construct: string, offset: number | null, fix: string): { readonly refused: readonly NotPortable[] } {
  return { refused: [{ construct, offset, fix }] };
}

function distinct(refused: readonly NotPortable[]): readonly NotPortable[] {
  return [...new Map(refused.map((item) => [JSON.stringify(item), item])).values()];
}
