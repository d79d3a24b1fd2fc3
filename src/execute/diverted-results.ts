import type { Check } from "../define/check.ts";
import type { Session } from "../ports/engine.ts";
import type { EngineSql } from "../ports/engine-sql.ts";
import type { CheckResult } from "../terms.ts";
import { countOf, oneRow } from "./context.ts";
import { divertingRules } from "./door-rules.ts";

/** What the checks of severity `quarantine` left out. `rows`: rows left out, by rule. */
export function divertedResults(sql: EngineSql, checks: readonly Check[], rows: ReadonlyMap<string, number>): readonly CheckResult[] {
  return divertingRules(sql, checks).map(({ rule, reason, column, message }) => {
    const failures = rows.get(rule) ?? 0;
    const status = failures === 0 ? "passed" : "quarantined";
    return { check: reason, column, severity: "quarantine", status, failures, message: failures === 0 ? null : `${message}: left out` };
  });
}

/**
 * The same for a bronze table, whose rows are judged when they come in: a partner that was there then may be gone by now. Such rows stay and
 * are told as a warning.
 */
export async function divertedFromBronze(
  session: Session,
  relation: string,
  checks: readonly Check[],
  rows: ReadonlyMap<string, number>,
): Promise<readonly CheckResult[]> {
  const results = divertedResults(session.sql, checks, rows);
  const rules = divertingRules(
    session.sql,
    checks.filter((check) => check.kind === "relationships"),
  );
  if (rules.length === 0) return results;
  const counts = rules.map((rule, index) => `count(*) filter (where ${rule.broken}) as broken_${index}`);
  const now = await oneRow(session, `select ${counts.join(", ")} from ${relation} as published`);
  const warned = rules.flatMap((rule, index): readonly CheckResult[] => {
    const failures = countOf(now[`broken_${index}`]);
    if (failures === 0) return [];
    const message = `${rule.message} any more, in rows that came in earlier; assay run --full-refresh judges them again`;
    return [{ check: rule.reason, column: rule.column, severity: "quarantine", status: "warned", failures, message }];
  });
  return [...results, ...warned];
}

/** Rows by the rule that refused them. */
export function countRules(rows: readonly { readonly rule: string }[], times: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { rule } of rows) counts.set(rule, (counts.get(rule) ?? 0) + times);
  return counts;
}
