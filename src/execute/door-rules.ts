import type { Check } from "../define/check.ts";
import { quoteIdentifier, quoteTable } from "../define/quote.ts";
import type { DoorRule } from "../ports/source.ts";
import { rowRule } from "./checks.ts";

/** What a refused row broke: `type:price`, `expression:total_adds_up`, `too_many_columns`. */
export const ruleName = (reason: string, subject: string | null): string => (subject === null ? reason : `${reason}:${subject}`);

/** Checks of severity `quarantine` as conditions on a row, in the order in which they are declared. */
export function divertingRules(checks: readonly Check[]): readonly DoorRule[] {
  return checks.flatMap((check) => {
    if (check.severity !== "quarantine") return [];
    const rule = check.kind === "relationships" ? orphan(check) : rowRule(check);
    if (rule?.broken == null) return [];
    return [{ rule: checkRule(check), reason: check.kind, column: rule.column, message: rule.says, broken: `(${rule.broken})` }];
  });
}

/** The name under which rows are diverted by a check. */
function checkRule(check: Check): string {
  return ruleName(check.kind, "column" in check ? check.column : "name" in check ? check.name : null);
}

function orphan({ column, to, field }: Check & { readonly kind: "relationships" }): { column: string; broken: string; says: string } {
  const name = quoteIdentifier(field);
  return {
    column,
    broken: `${quoteIdentifier(column)} not in (select ${name} from ${quoteTable(to)} where ${name} is not null)`,
    says: `${column} has no partner in ${to}.${field}`,
  };
}

/** SQL condition that holds for rows that break none of the rules. */
export function keeps(rules: readonly DoorRule[]): readonly string[] {
  return rules.map((rule) => `${rule.broken} is not true`);
}
