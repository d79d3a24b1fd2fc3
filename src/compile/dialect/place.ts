import type { Expression, QueryNode, TableRef } from "../../ports/syntax-tree.ts";
import type { Carry } from "./carry.ts";
import type { Argument, Outcome } from "./rule.ts";
import { adviceFor } from "./scalar-rules.ts";
import type { Scope } from "./scope.ts";

/** Where an expression stands. */
export interface Place {
  readonly carry: Carry;
  /** Sees the WITH queries of its SELECT. */
  readonly scope: Scope;
  /** As the author wrote it. */
  readonly from: TableRef | null;
  readonly types: ReadonlyMap<Expression, string | null>;
  /** Names of the columns that can be seen, in lower case. */
  readonly columns: ReadonlySet<string>;
  /** Carries an expression over that stands here. */
  expression(expression: Expression): Promise<Expression>;
  /** Carries a query over that stands in an expression. */
  subquery(node: QueryNode): Promise<QueryNode>;
}

export function argumentOf(source: Expression, tree: Expression, place: Place): Argument {
  return { source, tree, type: place.types.get(source) ?? null };
}

/** The outcome of a rule as an expression. */
export function applied(
  outcome: Outcome,
  source: Expression,
  args: readonly Expression[],
  construct: string,
  { carry }: Place,
): Expression {
  if (typeof outcome !== "string" && "refused" in outcome) return carry.refuse(source, construct, outcome.refused || adviceFor(""));
  carry.used(construct);
  return typeof outcome === "string"
    ? carry.fragments.placeholder(outcome, args)
    : carry.fragments.placeholder(outcome.template, outcome.args);
}
