import type { Check } from "../define/check.ts";
import { quoteIdentifier } from "../define/quote.ts";
import type { Engine, Session } from "../ports/engine.ts";
import type { EngineSql } from "../ports/engine-sql.ts";
import type { DoorRule } from "../ports/source.ts";
import type { TableName } from "../terms.ts";
import { rowRule } from "./checks.ts";

/** What a refused row broke: `type:price`, `expression:total_adds_up`, `too_many_columns`. */
export const ruleName = (reason: string, subject: string | null): string => (subject === null ? reason : `${reason}:${subject}`);

type RelationshipCheck = Check & { readonly kind: "relationships" };

/** Checks of severity `quarantine` as conditions on a row, in the order in which they are declared. */
export function divertingRules(
  sql: EngineSql,
  checks: readonly Check[],
  partners: (check: RelationshipCheck) => string = ({ to }) => sql.table(to),
): readonly DoorRule[] {
  return checks.flatMap((check) => {
    if (check.severity !== "quarantine") return [];
    const rule = check.kind === "relationships" ? orphan(sql, check, partners(check)) : rowRule(sql, check);
    if (rule?.broken == null) return [];
    return [{ rule: checkRule(check), reason: check.kind, column: rule.column, message: rule.says, broken: `(${rule.broken})` }];
  });
}

/** The same for rows at the door, which are looked at where files are read. */
export async function rulesAtDoor(engine: Pick<Engine, "lend">, session: Session, checks: readonly Check[]): Promise<readonly DoorRule[]> {
  const lent = new Map<Check, string>();
  for (const check of checks) {
    if (check.kind !== "relationships" || check.severity !== "quarantine") continue;
    lent.set(check, await engine.lend(session, check.to as TableName, check.field));
  }
  return divertingRules(session.files.sql, checks, (check) => lent.get(check) ?? session.files.sql.table(check.to));
}

/** The name under which rows are diverted by a check. */
function checkRule(check: Check): string {
  return ruleName(check.kind, "column" in check ? check.column : "name" in check ? check.name : null);
}

function orphan(
  sql: EngineSql,
  { column, to, field }: RelationshipCheck,
  partners: string,
): { column: string; broken: string; says: string } {
  const name = quoteIdentifier(column);
  return {
    column,
    broken: `${name} is not null and ${sql.isNoneOf(name, quoteIdentifier(field), partners)}`,
    says: `${column} has no partner in ${to}.${field}`,
  };
}

/** SQL condition that holds for rows that break none of the rules. */
export function keeps(rules: readonly DoorRule[]): readonly string[] {
  return rules.map((rule) => `${rule.broken} is not true`);
}
