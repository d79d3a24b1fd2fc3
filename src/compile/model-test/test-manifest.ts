import type { Check } from "../../define/check.ts";
import { didYouMean } from "../../define/nearest-name.ts";
import { quoteTable } from "../../define/quote.ts";
import { AssayError } from "../../errors.ts";
import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { Location, TableName } from "../../terms.ts";
import { checkedAgainst } from "../checks.ts";
import { same } from "../joins.ts";
import type { BronzeTable, Manifest, ManifestTable, ModelTable } from "../manifest.ts";
import { tableReferences } from "../references.ts";

/** The part of a project that a test builds. */
export interface TestManifest {
  readonly manifest: Manifest;
  readonly model: ManifestTable;
  /** Declared checks that do not run, as they compare with tables that are no part of the test: `gold.x: relationships (bronze.y)`. */
  readonly unchecked: readonly string[];
}

export interface TestScope {
  /** For messages: `test "name"`. */
  readonly label: string;
  readonly location: Location;
  readonly model: string;
  readonly given: readonly { readonly table: string; readonly location: Location }[];
  readonly checks: boolean;
}

/**
 * The tables between the given ones and the model under test, built as ever; the given ones take their rows like bronze tables.
 * Throws TABLE_UNKNOWN, TEST_INVALID.
 */
export async function testManifest(scope: TestScope, manifest: Manifest, analyzer: Pick<SqlAnalyzer, "parse">): Promise<TestManifest> {
  const { label, location } = scope;
  const find = (name: string, place: Location, what: string): ManifestTable => {
    const table = manifest.tables.find((item) => same(item.name, name));
    if (table !== undefined) return table;
    const known = manifest.tables.map((item) => item.name);
    throw new AssayError("TABLE_UNKNOWN", `${label} ${what} ${name}, which the project does not declare`, {
      hint: didYouMean(name, known),
      location: place,
    });
  };
  const model = find(scope.model, location, "is of");
  const given = new Map(scope.given.map((item) => [find(item.table, item.location, "gives rows of").name, item.location] as const));
  if (given.has(model.name) && model.kind === "model") {
    const hint = "give rows of what it reads; to test what reads it, name that model";
    throw new AssayError("TEST_INVALID", `${label} gives rows of ${model.name}, the model it tests`, { hint, location });
  }
  const needed = neededTables(model, given, manifest);
  const missing = needed.filter((table) => table.kind === "bronze" && !given.has(table.name) && !isSeed(table));
  if (missing.length > 0) throw notGiven(scope, model, missing, manifest);
  const compared = new Set(needed.flatMap((table) => checkedAgainst(table.name, table.checks)));
  const extra = [...given].filter(([name]) => !needed.some((table) => table.name === name));
  for (const [name, place] of extra) if (!compared.has(name)) throw notRead(label, model, name, needed, manifest, place);

  const names = new Set([...needed.map((table) => table.name), ...extra.map(([name]) => name)]);
  const unchecked: string[] = [];
  const tables: ManifestTable[] = [];
  for (const table of manifest.tables.filter((item) => names.has(item.name))) {
    if (given.has(table.name) && table !== model) {
      tables.push(givenTable(table));
      continue;
    }
    const checks: Check[] = [];
    for (const check of scope.checks ? table.checks : []) {
      const absent = (await tablesOf(check, table.name, analyzer)).find((name) => !names.has(name as TableName));
      if (absent === undefined) checks.push(check);
      else unchecked.push(`${table.name}: ${"name" in check ? check.name : check.kind} (${absent})`);
    }
    tables.push(withChecks(withKnownLinks(inOnePiece(table), names), checks));
  }
  return { manifest: { ...manifest, tables, sinks: [] }, model: tables.find((table) => table.name === model.name) ?? model, unchecked };
}

/** A CSV of the project itself: its rows are the same everywhere, so a test may go without giving them. */
export const isSeed = (table: ManifestTable): table is BronzeTable =>
  table.kind === "bronze" && table.source.kind !== "postgres" && table.source.directory === "seeds";

/** The model and what it reads, down to the given tables; what they are made from does not matter. */
function neededTables(model: ManifestTable, given: ReadonlyMap<TableName, Location>, manifest: Manifest): readonly ManifestTable[] {
  const needed = new Set<ManifestTable>([model]);
  for (const table of needed) {
    if (given.has(table.name)) continue;
    for (const name of table.upstreams) {
      const upstream = manifest.tables.find((item) => item.name === name);
      if (upstream !== undefined) needed.add(upstream);
    }
  }
  return [...needed];
}

function notGiven(scope: TestScope, model: ManifestTable, missing: readonly ManifestTable[], manifest: Manifest): AssayError {
  const names = missing.map((table) => table.name);
  const readers = manifest.tables.filter((table) => table.upstreams.includes(names[0] as TableName)).map((table) => table.name);
  const by = readers.includes(model.name) || model.kind === "bronze" ? model.name : `${model.name}, through ${readers[0]},`;
  const what = model.name === names[0] ? `gives no rows of ${model.name}` : `gives no rows of ${names.join(", ")}, which ${by} reads`;
  return new AssayError("TEST_INVALID", `${scope.label} ${what}`, {
    hint: `give rows of ${names.length === 1 ? "it" : "each"}, [] for none; or of a table between, which is then not built`,
    location: scope.location,
  });
}

function notRead(
  label: string,
  model: ManifestTable,
  name: TableName,
  needed: readonly ManifestTable[],
  manifest: Manifest,
  location: Location,
): AssayError {
  const above = needed.find((table) => neededTables(table, new Map(), manifest).some((item) => item.name === name) && table !== model);
  const hint =
    above === undefined
      ? `${model.name} reads ${model.upstreams.join(", ") || "no table"}`
      : `${above.name} is given, so nothing below it is read: leave one out`;
  return new AssayError("TEST_INVALID", `${label} gives rows of ${name}, which ${model.name} does not read`, { hint, location });
}

/** Other tables a check reads. */
async function tablesOf(check: Check, table: TableName, analyzer: Pick<SqlAnalyzer, "parse">): Promise<readonly string[]> {
  if (check.kind !== "sql") return checkedAgainst(table, [check]);
  const [outcome] = await analyzer.parse([check.query.replaceAll("{table}", quoteTable(table))]);
  if (outcome === undefined || "failure" in outcome) return [];
  return tableReferences(outcome.tree.node)
    .map((reference) => reference.name)
    .filter((name) => !same(name, table));
}

/** A model follows changes through views to the tables below; where a view is given, those are no part of the test. */
function withKnownLinks(table: ManifestTable, names: ReadonlySet<TableName>): ManifestTable {
  if (table.kind === "bronze" || table.incremental?.upstreams.every((link) => names.has(link.table)) !== false) return table;
  return { ...table, incremental: null };
}

/** A test has a few rows. */
function inOnePiece(table: ManifestTable): ManifestTable {
  if (table.kind === "bronze" || table.materialize.kind !== "incremental") return table;
  const { chunks, ...materialize } = table.materialize;
  return { ...table, materialize };
}

function withChecks(table: ManifestTable, checks: readonly Check[]): ManifestTable {
  const dependencies = [...new Set([...table.upstreams, ...checkedAgainst(table.name, checks)])];
  if (table.kind === "model") return { ...table, checks, dependencies };
  return { ...table, checks, dependencies, ...plainDoor };
}

/** Folders, copies and other columns of bronze files are no matter of a test; a row that does not fit is a fault of the test. */
const plainDoor = { schema: "freeze", partitionBy: [], replicate: null, params: [], maxRejected: 0 } as const;

/** A table that takes its rows as a bronze table does. */
function givenTable(table: BronzeTable | ModelTable): BronzeTable {
  if (table.kind === "bronze") {
    const { chunks, ...whole } = table;
    return { ...whole, ...plainDoor, checks: [], dependencies: [] };
  }
  const { name, layer, description, columns, grain, tags, tracked, fingerprint, location } = table;
  return {
    kind: "bronze",
    name,
    layer,
    description,
    columns,
    grain,
    checks: [],
    tags,
    upstreams: [],
    dependencies: [],
    fingerprint,
    tracked,
    location,
    source: { kind: "csv", path: name, directory: null, delimiter: ",", quote: '"', maxRowBytes: 0 },
    load: "replace",
    deleted: null,
    contractFingerprint: fingerprint,
    ...plainDoor,
  };
}
