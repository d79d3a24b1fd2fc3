import { assignmentProblem } from "../compile/contract.ts";
import type { ModelTable } from "../compile/manifest.ts";
import { ownColumns } from "../compile/snapshot-columns.ts";
import { columnTypeName } from "../define/column-type.ts";
import { quoteIdentifier } from "../define/quote.ts";
import { AssayError } from "../errors.ts";
import type { DescribedColumn, Session } from "../ports/engine.ts";
import type { Params } from "../terms.ts";
import { createTemporary, dropTemporary } from "./temporary-table.ts";

const shape = quoteIdentifier("shape of override");

/** Compares the columns of SQL that was written by hand for the engine with the contract: no compiler has seen it. Throws CONTRACT_MISMATCH. */
export async function requireContract(session: Session, table: ModelTable, params: Params): Promise<void> {
  if (table.override === undefined) return;
  await createTemporary(session, shape, { text: `select * from (\n${table.override}\n) as override limit 0`, params });
  const found = await session.describe(`select * from ${session.sql.temporary(shape)}`);
  await dropTemporary(session, shape);
  const faults = faultsOf(table, found);
  if (faults.length === 0) return;
  throw new AssayError("CONTRACT_MISMATCH", `${table.name}: its SQL for this engine ${faults.join("; ")}`, {
    hint: "correct the SQL that is written by hand: the contract holds on every engine",
    location: table.location,
  });
}

function faultsOf(table: ModelTable, found: readonly DescribedColumn[]): readonly string[] {
  const wanted = ownColumns(table);
  const wrong = wanted.flatMap((column) => {
    const actual = found.find((item) => item.name === column.name);
    if (actual === undefined) return [`does not select ${quoteIdentifier(column.name)}`];
    const problem = assignmentProblem(actual.type, column.type);
    return problem === null ? [] : [`gives ${column.name} as ${actual.type}, the contract has ${columnTypeName(column.type)}: ${problem}`];
  });
  const extra = found.filter((item) => !wanted.some((column) => column.name === item.name));
  return [...wrong, ...extra.map((item) => `selects ${item.name}, which the contract does not have`)];
}
