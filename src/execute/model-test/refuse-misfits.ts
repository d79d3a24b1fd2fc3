import type { CompiledTest } from "../../compile/model-test/compile-model-test.ts";
import type { FixtureSelect } from "../../compile/model-test/fixture-select.ts";
import { columnTypeName } from "../../define/column-type.ts";
import { AssayError, messageOf } from "../../errors.ts";
import type { Session } from "../../ports/engine.ts";
import { countOf } from "../context.ts";

/** The values of a test's rows that only the engine can judge, the first of each list. */
export async function refuseMisfits(test: CompiledTest, session: Session): Promise<readonly AssayError[]> {
  if (await allFit(test, session)) return [];
  const errors: AssayError[] = [];
  for (const [index, batch] of test.batches.entries()) {
    const label = `test ${JSON.stringify(test.name)}${test.batches.length === 1 ? "" : `, batch ${index + 1}`}`;
    for (const fixture of batch.given) errors.push(...(await misfitsOf(fixture, `${label}, ${fixture.table}`, session)));
    if (batch.expect !== null) errors.push(...(await misfitsOf(batch.expect.fixture, `${label}, expect`, session)));
  }
  return errors;
}

/** One query for all lists of a test; only where it finds something, or fails, is each looked at. */
async function allFit(test: CompiledTest, session: Session): Promise<boolean> {
  const fixtures = test.batches.flatMap((batch) => [...batch.given, ...(batch.expect === null ? [] : [batch.expect.fixture])]);
  const queries = fixtures.flatMap((fixture) => (fixture.misfits === null ? [] : [`select 1 as found from (${fixture.misfits})`]));
  if (queries.length === 0) return true;
  const found = await session.query({ text: queries.join(" union all ") }).catch(() => null);
  return found?.length === 0;
}

async function misfitsOf(fixture: FixtureSelect, label: string, session: Session): Promise<readonly AssayError[]> {
  if (fixture.misfits === null) return [];
  const hint = "write values that the contract's columns can hold";
  const fail = (problem: string, row: number | null): readonly AssayError[] => [
    new AssayError("TEST_INVALID", `${label}${problem}`, {
      hint,
      location: (row === null ? undefined : fixture.locations[row - 1]) ?? fixture.location,
    }),
  ];
  try {
    const [found] = await session.query({ text: fixture.misfits });
    if (found === undefined) return [];
    const column = fixture.columns[countOf(found._column)];
    const row = countOf(found._row);
    if (column === undefined) return [];
    const value =
      found._value === null
        ? "null stands where the contract has not null"
        : `${JSON.stringify(found._value)} is no ${columnTypeName(column.type)}`;
    return fail(` row ${row}: ${column.name}: ${value}`, row);
  } catch (error) {
    // SQL that binds and fails on its own rows.
    return fail(`: ${messageOf(error).split("\nLINE")[0]}`, null);
  }
}
