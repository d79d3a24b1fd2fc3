import type { OrphanRule } from "../compile/manifest.ts";
import { columnList, quoteIdentifier } from "../define/quote.ts";
import type { ContractColumn } from "../define/types.ts";
import type { Session } from "../ports/engine.ts";
import type { EngineSql } from "../ports/engine-sql.ts";
import type { CheckResult } from "../terms.ts";
import { countOf, oneRow } from "./context.ts";
import { describeRow } from "./describe-row.ts";

interface Checked {
  /** Quoted name, or a parenthesized query. */
  readonly relation: string;
  readonly columns: readonly ContractColumn[];
}

/** True for rows that have a key and nothing of what it stands for; where a constant stands for that, it may also be the value itself. */
export function orphanCondition({ keys, witness }: OrphanRule): string {
  const output = quoteIdentifier(witness.output);
  const present = keys.map((key) => `${quoteIdentifier(key.output)} is not null`).join(" and ");
  return `${present} and ${witness.absent === null ? `${output} is null` : `${output} = ${witness.absent}`}`;
}

/** The result of `orphan_keys`, a warning: `found` rows satisfy the condition. */
export async function orphanResult(session: Session, subject: Checked, rule: OrphanRule, found: number): Promise<CheckResult> {
  const outputs = rule.keys.map((key) => key.output);
  const base = { check: "orphan_keys", column: outputs.join(", "), severity: "warn" } as const;
  const passed: CheckResult = { ...base, status: "passed", failures: 0, message: null };
  if (found === 0) return passed;
  const rows = `from ${subject.relation} as child where ${orphanCondition(rule)}${(await isAmbiguous(session, rule)) ? withoutKey(session.sql, rule) : ""}`;
  const failures = rule.witness.absent === null ? found : countOf((await oneRow(session, `select count(*) as orphans ${rows}`)).orphans);
  if (failures === 0) return passed;
  const examples = await session.query({ text: `select distinct ${columnList(outputs)} ${rows} order by ${columnList(outputs)} limit 3` });
  const shown = examples.map((row) => describeRow(row, subject.columns)).join("; ");
  const what = `${failures} ${failures === 1 ? "row finds" : "rows find"} no partner in ${rule.dimension}${rule.atTime ? " at its time" : ""}`;
  return { ...base, status: "warned", failures, message: `${what}, e.g. ${shown}` };
}

/** Does the dimension hold the constant that stands for a missing row as a value of its own? */
async function isAmbiguous(session: Session, { witness, dimension }: OrphanRule): Promise<boolean> {
  if (witness.absent === null) return false;
  const taken = `exists (select 1 from ${session.sql.table(dimension)} where ${quoteIdentifier(witness.column)} = ${witness.absent})`;
  return (await oneRow(session, `select ${taken} as taken`)).taken === true;
}

/** Then only rows whose key the dimension does not have at all are surely orphans. */
function withoutKey(sql: EngineSql, { keys, dimension }: OrphanRule): string {
  const match = keys.map((key) => `parent.${quoteIdentifier(key.column)} = child.${quoteIdentifier(key.output)}`).join(" and ");
  return ` and not exists (select 1 from ${sql.table(dimension)} as parent where ${match})`;
}
