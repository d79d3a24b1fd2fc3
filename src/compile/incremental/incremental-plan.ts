import { columnTypeName } from "../../define/column-type.ts";
import { didYouMean } from "../../define/nearest-name.ts";
import { quoteIdentifier } from "../../define/quote.ts";
import { AssayError } from "../../errors.ts";
import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { TableName } from "../../terms.ts";
import { same } from "../joins.ts";
import { boundPlan } from "./bound-plan.ts";
import { declaredTouches } from "./declared-touches.ts";
import { exactTree, walk } from "./exact-tree.ts";
import type { IncrementalInput } from "./incremental-input.ts";
import { createLinker } from "./linker.ts";
import { type Query, tablesOf } from "./query.ts";
import { type Reader, readQuery, readTree } from "./read-query.ts";
import { spliceOf } from "./splice.ts";
import { unreadTables } from "./unread-tables.ts";
import { unstableCalls } from "./unstable-calls.ts";
import type { IncrementalPlan, UpstreamLink } from "./upstream-link.ts";
import { isFound } from "./values.ts";
import { viewTables } from "./view-tables.ts";
import { incrementalWarnings } from "./warnings.ts";

/**
 * Maps the changes of each upstream to the `by` values of which rows may differ (docs/design/incremental.md), or says why they cannot be
 * mapped. Returns INCREMENTAL_INVALID and COLUMN_UNKNOWN for what a user has to correct.
 */
export async function incrementalPlan(input: IncrementalInput, analyzer: SqlAnalyzer): Promise<IncrementalPlan | readonly AssayError[]> {
  const errors = [...byErrors(input), ...stabilityErrors(input)];
  const by = input.by.flatMap((name) => input.columns.find((column) => same(column.name, name)) ?? []);
  if (errors.length > 0) return errors;
  const reader = await newReader(input, analyzer);
  const tree = readTree(input.parsed.identity, reader);
  const query = await readQuery(tree.node, null, tree, reader);
  const tables = baseTables(tree.node, reader);
  const declared = await declaredTouches(input, by, tables, analyzer);
  if ("errors" in declared) return declared.errors;
  const missed = unreadTables(query, reader);
  const whole = wholeReason(reader);
  const places = by.map((column) => (query.columns ?? []).findIndex((item) => same(item.name, column.name)));
  const linker = createLinker();
  const upstreams = tables.map((table): UpstreamLink => {
    const given = declared.links.get(table);
    if (given !== undefined) return given;
    const unused = tablesOf(query).has(table) ? undefined : "it is read only in a WITH query that nothing reads: leave that out";
    const reason = whole ?? missed.get(table) ?? unused;
    if (reason !== undefined) return { table, kind: "full", reason };
    const values = linker.touched(table, query, places);
    if (!isFound(values)) return { table, kind: "full", reason: values.reason };
    const items = by.map((column, index) => `cast(c${index + 1} as ${columnTypeName(column.type)}) as ${quoteIdentifier(column.name)}`);
    const touched = `select ${items.join(", ")} from (${values.sql})`;
    return { table, kind: "linked", touched, hats: [...values.hats], through: values.through.join("; ") };
  });
  const keys = by.map((column, index) => ({ column: places[index] ?? -1, by: column.name, type: columnTypeName(column.type) }));
  const splice = whole === null ? await spliceOf(query, tree, keys, reader) : { why: whole };
  const warnings = incrementalWarnings(reader.trees, doubleColumns(input, query));
  const plan = { by: by.map((column) => column.name), upstreams, splice, warnings };
  return boundPlan(plan, input, by, analyzer);
}

async function newReader(input: IncrementalInput, analyzer: SqlAnalyzer): Promise<Reader> {
  const tables = new Map([...input.upstreams].map(([name, columns]) => [name.toLowerCase(), { name, columns }]));
  return {
    analyzer,
    params: input.params,
    tables,
    views: new Map([...input.views].map(([name, text]) => [name.toLowerCase(), text])),
    viewTables: await viewTables(input.views, tables, analyzer),
    trees: [],
    viewTrees: new Map(),
    refused: new Map(),
    ctes: new Map(),
  };
}

/** The base tables a query reads, in the order of their first places. */
function baseTables(node: unknown, reader: Reader): readonly TableName[] {
  const found = new Set<TableName>();
  walk(node, (item) => {
    if (item.type !== "BASE_TABLE") return true;
    const name = `${item.schema_name}.${item.table_name}`.toLowerCase();
    const table = reader.tables.get(name)?.name;
    for (const base of reader.viewTables.get(name) ?? (table === undefined ? [] : [table])) found.add(base);
    return true;
  });
  return [...found];
}

/** What makes every change need a full build. */
function wholeReason(reader: Reader): string | null {
  let reason: string | null = null;
  walk(reader.trees, (item) => {
    if (item.class === "COLLATE") reason = "COLLATE makes different texts equal";
    if ("sample" in item && item.sample !== null && item.sample !== undefined) reason = "a sample takes rows at random";
    return reason === null;
  });
  return reason;
}

function doubleColumns(input: IncrementalInput, query: Query): ReadonlySet<string> {
  const declared = [...input.upstreams.values()].flat().filter((column) => column.type.kind === "double");
  const names = new Set(declared.map((column) => column.name.toLowerCase()));
  const visit = (source: Query): void => {
    const inner =
      source.kind === "select" ? source.leaves.map((leaf) => leaf.source) : source.kind === "set operation" ? source.children : [];
    for (const column of source.columns ?? [])
      if (column.type === "DOUBLE" || column.type === "FLOAT") names.add(column.name.toLowerCase());
    for (const child of inner) if (child.kind !== "table") visit(child);
  };
  visit(query);
  return names;
}

function byErrors(input: IncrementalInput): readonly AssayError[] {
  const known = input.columns.map((column) => column.name);
  return input.by.flatMap((name) => {
    const column = input.columns.find((item) => same(item.name, name));
    if (column === undefined) {
      const hint = didYouMean(name, known);
      return [
        new AssayError("COLUMN_UNKNOWN", `${input.name}: incremental by names ${name}, which is no column`, {
          hint,
          location: input.location,
        }),
      ];
    }
    if (column.type.kind !== "double" && column.type.kind !== "json") return [];
    return [
      new AssayError("INCREMENTAL_INVALID", `${input.name}: incremental by ${column.name} is ${columnTypeName(column.type)}`, {
        hint: "equal values of this type can differ: take a key or partition column of another type",
        location: input.location,
      }),
    ];
  });
}

function stabilityErrors(input: IncrementalInput): readonly AssayError[] {
  return unstableCalls([exactTree(input.parsed.identity)]).map(
    (call) =>
      new AssayError("INCREMENTAL_INVALID", `${input.name} is incremental and uses ${call}, which has another value in every run`, {
        hint: "rows built earlier would keep the old value: use a parameter of the pipeline ($name), or materialize it as a table",
        location: input.location,
      }),
  );
}
