import type { ModelTestDefinition, TestBatchDefinition } from "../../define/model-test.ts";
import type { ContractColumn } from "../../define/types.ts";
import { AssayError } from "../../errors.ts";
import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { Location, Params, TableName } from "../../terms.ts";
import { same } from "../joins.ts";
import type { Manifest, ManifestTable } from "../manifest.ts";
import type { Project } from "../project.ts";
import { type ExpectedFailure, expectedFailure } from "./expected-failure.ts";
import { type FilledColumn, filledFixture } from "./fill-columns.ts";
import { type Fixture, type FixtureFault, readFixture } from "./fixture.ts";
import { cellOf, type FixtureSelect, knownColumns, misfit, rowsSelect, writtenColumns } from "./fixture-select.ts";
import { testManifest } from "./test-manifest.ts";
import { testParams } from "./test-params.ts";

/** A test held against its project: all it takes to carry it out. */
export interface CompiledTest {
  readonly name: string;
  readonly description: string | null;
  readonly model: TableName;
  readonly location: Location;
  /** The part of the project that the test builds. */
  readonly manifest: Manifest;
  readonly params: Params;
  readonly batches: readonly CompiledBatch[];
  readonly unchecked: readonly string[];
  readonly filled: readonly FilledColumn[];
}

export interface CompiledBatch {
  readonly given: readonly FixtureSelect[];
  readonly expect: CompiledExpectation | null;
  readonly expectFailure: ExpectedFailure | null;
  /** Virtual time, ms since 1970; null: the real one. */
  readonly now: number | null;
}

export interface CompiledExpectation {
  readonly fixture: FixtureSelect;
  /** Columns that tell rows apart, as far as they are compared. */
  readonly key: readonly string[];
  readonly ordered: boolean;
  readonly partial: boolean;
}

/** Holds a test against the project. Throws TEST_INVALID, TABLE_UNKNOWN, COLUMN_UNKNOWN, PARAM_INVALID. */
export async function compileModelTest(
  definition: ModelTestDefinition,
  project: Project,
  manifest: Manifest,
  analyzer: Pick<SqlAnalyzer, "describe" | "parse">,
): Promise<CompiledTest> {
  const { name, description, location } = definition;
  const label = `test ${JSON.stringify(name)}`;
  const written = shapeOf(definition, label);
  const scope = await testManifest(
    { label, location, model: definition.model, given: definition.batches.flatMap((batch) => batch.given), checks: written.checks },
    manifest,
    analyzer,
  );
  const { model } = scope;
  const filled: FilledColumn[] = [];
  const batches: CompiledBatch[] = [];
  for (const [index, batch] of definition.batches.entries()) {
    const of = definition.batches.length === 1 ? label : `${label}, batch ${index + 1}`;
    const given: FixtureSelect[] = [];
    for (const item of batch.given) {
      const table = scope.manifest.tables.find((known) => same(known.name, item.table));
      if (table === undefined) continue;
      if (given.some((other) => other.table === table.name))
        throw invalid(of, `gives rows of ${table.name} twice`, "join the two lists", item.location);
      const fixture = fixtureOf(readFixture(item), `${of}, ${table.name}`);
      const select = await givenSelect(table, fixture, of, item.location, analyzer, filled);
      given.push(select);
    }
    const expectFailure =
      written.batches[index]?.expectFailure === undefined
        ? null
        : expectedFailure(written.batches[index].expectFailure, {
            label: of,
            location: batch.location,
            model: model.name,
            manifest: scope.manifest,
          });
    const expect = batch.expect === undefined ? null : await expectationOf(model, batch, of, analyzer);
    batches.push({ given, expect, expectFailure, now: written.batches[index]?.now ?? null });
  }
  const uses = scope.manifest.tables;
  const params = await testParams({ label, location, written: written.params, uses }, project);
  return { name, description, model: model.name, location, manifest: scope.manifest, params, batches, unchecked: scope.unchecked, filled };
}

const invalid = (label: string, problem: string, hint: string, location: Location): AssayError =>
  new AssayError("TEST_INVALID", `${label} ${problem}`, { hint, location });

function fixtureOf(fixture: Fixture | FixtureFault, label: string): Fixture {
  if (!("fault" in fixture)) return fixture;
  throw new AssayError("TEST_INVALID", `${label}: ${fixture.fault}`, {
    hint: "see docs/guides/testing.md for the ways to write rows",
    location: fixture.location,
  });
}

interface Shape {
  readonly checks: boolean;
  readonly params: Readonly<Record<string, unknown>>;
  readonly batches: readonly { readonly expectFailure: string | undefined; readonly now: number | null }[];
}

/** The parts of a definition that no type checker may have seen. */
function shapeOf(definition: ModelTestDefinition, label: string): Shape {
  const { checks, params, batches, misplaced, location } = definition;
  const fail = (problem: string, hint: string, place = location): AssayError => invalid(label, problem, hint, place);
  if (typeof definition.model !== "string" || definition.model === "") throw fail("names no model", "write model: the table it tests");
  if (typeof checks !== "boolean") throw fail("has checks that are neither true nor false", "checks: false leaves the declared checks out");
  if (typeof params !== "object" || params === null || Array.isArray(params))
    throw fail("has params that are no { name: value }", "write params: { name: value }");
  const [field] = misplaced;
  if (field !== undefined) throw fail(`has ${field} beside batches`, `put ${field} into the batch it belongs to`);
  if (batches.length === 0) throw fail("has no batches", "list at least one, or leave batches out");
  return {
    checks,
    params: params as Readonly<Record<string, unknown>>,
    batches: batches.map((batch, index) => {
      const where = batches.length === 1 ? "" : `in batch ${index + 1} `;
      const stray = batch.given.findIndex((item) => typeof item?.table !== "string");
      if (stray >= 0) throw fail(`${where}gives something that is no rows(table, […])`, "write given: [rows(orders, […])]", batch.location);
      if (batch.expect === undefined && batch.expectFailure === undefined)
        throw fail(
          `${where}expects nothing`,
          "say what the table holds then (expect), or what has to fail (expectFailure)",
          batch.location,
        );
      if (batch.expectFailure !== undefined && typeof batch.expectFailure !== "string")
        throw fail(`${where}expects a failure that is no text`, "write check NAME or an error's code", batch.location);
      return { expectFailure: batch.expectFailure, now: batch.now === undefined ? null : timeOf(batch.now, label, batch.location) };
    }),
  };
}

function timeOf(written: unknown, label: string, location: Location): number {
  const text = typeof written === "string" ? written.trim() : "";
  const isTime = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/.test(text);
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(text.slice(10)) || text.length === 10 ? text : `${text}Z`;
  const time = isTime ? Date.parse(zoned.replace(" ", "T")) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw invalid(
    label,
    `has the time ${JSON.stringify(written)}, which is none`,
    "write now: 2026-01-31, or 2026-01-31T06:00:00Z",
    location,
  );
}

async function givenSelect(
  table: ManifestTable,
  fixture: Fixture,
  label: string,
  location: Location,
  analyzer: Pick<SqlAnalyzer, "describe" | "parse">,
  filled: FilledColumn[],
): Promise<FixtureSelect> {
  const names = await writtenColumns(fixture, `${label}, ${table.name}`, location, analyzer);
  const known = knownColumns(table.name, table.columns, names, label, location);
  requireFit(table.name, known, fixture, label);
  const complete = filledFixture(table, known, fixture, label, location);
  for (const item of complete.filled)
    if (!filled.some((other) => other.table === item.table && other.column === item.column)) filled.push(item);
  return rowsSelect(table.name, table.columns, complete.fixture, location);
}

/** Values that lose something on their way into the column, and nulls where there may be none. */
function requireFit(table: TableName, columns: readonly ContractColumn[], fixture: Fixture, label: string): void {
  if (fixture.kind === "sql") return;
  for (const [index, row] of fixture.rows.entries()) {
    for (const column of columns) {
      if (![...row.cells.keys()].some((name) => same(name, column.name))) continue;
      const cell = cellOf(row, column.name);
      const fault = cell === null ? (column.nullable ? null : "null stands where the contract has not null") : misfit(cell, column.type);
      if (fault === null) continue;
      const hint = cell === null ? "give it a value" : `write a value that ${column.name} can hold as it is`;
      throw new AssayError("TEST_INVALID", `${label}, ${table} row ${index + 1}: ${column.name}: ${fault}`, {
        hint,
        location: row.location,
      });
    }
  }
}

async function expectationOf(
  model: ManifestTable,
  batch: TestBatchDefinition,
  label: string,
  analyzer: Pick<SqlAnalyzer, "describe" | "parse">,
): Promise<CompiledExpectation> {
  const { data, ordered, partial } = expectedData(batch.expect, label, batch.location);
  const fixture = fixtureOf(readFixture({ data, location: batch.location, lines: batch.expectLines }), `${label}, expect`);
  const names = await writtenColumns(fixture, `${label}, expect`, batch.location, analyzer);
  const columns = knownColumns(model.name, model.columns, names, `${label}, expect`, batch.location);
  if (columns.length === 0 && fixture.kind === "rows" && fixture.rows.length > 0)
    throw invalid(label, "expects rows without columns", "name the columns to compare", batch.location);
  requireSameColumns(columns, fixture, label);
  requireFit(model.name, columns, fixture, `${label}, expect`);
  // No rows are expected whatever the columns.
  const compared = columns.length === 0 ? model.columns : columns;
  const key = model.grain.filter((name) => compared.some((column) => same(column.name, name)));
  return { fixture: rowsSelect(model.name, compared, fixture, batch.location), key, ordered, partial };
}

function expectedData(expect: unknown, label: string, location: Location): { data: unknown; ordered: boolean; partial: boolean } {
  if (typeof expect !== "object" || expect === null || Array.isArray(expect) || !("rows" in expect))
    return { data: expect, ordered: false, partial: false };
  const { rows, ordered = false, partial = false, ...more } = expect as { rows: unknown; ordered?: unknown; partial?: unknown };
  const [stray] = Object.keys(more);
  if (stray !== undefined) throw invalid(label, `expects rows with an unknown field ${stray}`, "known: rows, ordered, partial", location);
  if (typeof ordered !== "boolean" || typeof partial !== "boolean" || (ordered && partial))
    throw invalid(label, "has an unclear expectation: ordered and partial are true or false, and not both true", "leave one out", location);
  return { data: rows, ordered, partial };
}

/** A column that only some rows name would be compared with nothing in the others. */
function requireSameColumns(columns: readonly ContractColumn[], fixture: Fixture, label: string): void {
  if (fixture.kind === "sql") return;
  for (const [index, row] of fixture.rows.entries()) {
    const absent = columns.find((column) => ![...row.cells.keys()].some((name) => same(name, column.name)));
    if (absent === undefined) continue;
    throw new AssayError("TEST_INVALID", `${label}: expected row ${index + 1} does not say what ${absent.name} is, other rows do`, {
      hint: `write ${absent.name}: null if it is absent, or take the column out of all rows`,
      location: row.location,
    });
  }
}
