import type { ModelTable } from "../compile/manifest.ts";
import { columnList, quoteIdentifier } from "../define/quote.ts";
import type { Session } from "../ports/engine.ts";
import type { CheckResult } from "../terms.ts";
import { countOf, oneRow } from "./context.ts";
import { describeRow } from "./describe-row.ts";

/**
 * Columns of the contract that are required and absent in rows that are about to be put into a table, as failed checks. Looked at before: a
 * database that holds the contract as constraints would refuse the rows in its own words.
 */
export async function absentValues(session: Session, table: ModelTable, added: string): Promise<readonly CheckResult[]> {
  const required = table.columns.filter(({ name, nullable }) => !nullable || table.grain.includes(name));
  if (required.length === 0) return [];
  const counts = required.map(({ name }, index) => `count(*) - count(${quoteIdentifier(name)}) as absent_${index}`);
  const found = await oneRow(session, `select ${counts.join(", ")} from ${added} as added`);
  const results: CheckResult[] = [];
  for (const [index, { name }] of required.entries()) {
    const failures = countOf(found[`absent_${index}`]);
    if (failures === 0) continue;
    const broken = `from ${added} as added where ${quoteIdentifier(name)} is null limit 3`;
    const rows = table.grain.length === 0 ? [] : await session.query({ text: `select ${columnList(table.grain)} ${broken}` });
    const examples = rows.length === 0 ? "" : `, e.g. ${rows.map((row) => describeRow(row, table.columns)).join("; ")}`;
    results.push({
      check: "not_null",
      column: name,
      severity: "error",
      status: "failed",
      failures,
      message: `${name} is absent${examples}`,
    });
  }
  return results;
}
