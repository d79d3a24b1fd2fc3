import { columnTypeName } from "../../define/column-type.ts";
import { didYouMean } from "../../define/nearest-name.ts";
import { columnList } from "../../define/quote.ts";
import type { ContractColumn } from "../../define/types.ts";
import { AssayError } from "../../errors.ts";
import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { TableName } from "../../terms.ts";
import { withoutSemicolon } from "../clauses.ts";
import { same } from "../joins.ts";
import { tableReferences } from "../references.ts";
import { describeTouched } from "./bound-plan.ts";
import { exactTree } from "./exact-tree.ts";
import type { IncrementalInput } from "./incremental-input.ts";
import { unstableCalls } from "./unstable-calls.ts";
import type { UpstreamLink } from "./upstream-link.ts";

type Declared = { readonly links: ReadonlyMap<TableName, UpstreamLink> } | { readonly errors: readonly AssayError[] };

/** What the model says itself about changes of its upstreams; INCREMENTAL_INVALID for what is wrong with it. */
export async function declaredTouches(
  input: IncrementalInput,
  by: readonly ContractColumn[],
  tables: readonly TableName[],
  analyzer: SqlAnalyzer,
): Promise<Declared> {
  const errors: AssayError[] = [];
  const links = new Map<TableName, UpstreamLink>();
  const find = (name: string, what: string): TableName | null => {
    const table = tables.find((item) => same(item, name));
    if (table === undefined) errors.push(invalid(input, `${what} names ${name}, which it does not read`, notRead(name, tables, input)));
    return table ?? null;
  };
  for (const name of input.ignoreChanges) {
    const table = find(name, "ignoreChanges");
    if (table !== null) links.set(table, { table, kind: "ignored" });
  }
  for (const [name, text] of Object.entries(input.touches)) {
    const table = find(name, "touches");
    if (table === null || text === undefined) continue;
    if (links.has(table)) errors.push(invalid(input, `both touches and ignoreChanges name ${table}`, "keep one of them"));
    const link = await declaredLink(input, table, text, by, analyzer);
    if (link instanceof AssayError) errors.push(link);
    else links.set(table, link);
  }
  return errors.length > 0 ? { errors } : { links };
}

function invalid(input: IncrementalInput, message: string, hint: string): AssayError {
  return new AssayError("INCREMENTAL_INVALID", `${input.name}: ${message}`, { hint, location: input.location });
}

function notRead(name: string, tables: readonly TableName[], input: IncrementalInput): string {
  const isView = [...input.views.keys()].some((view) => same(view, name));
  return isView ? `it is a view, whose tables change: name one of ${tables.join(", ")}` : didYouMean(name, tables);
}

async function declaredLink(
  input: IncrementalInput,
  table: TableName,
  text: string,
  by: readonly ContractColumn[],
  analyzer: SqlAnalyzer,
): Promise<UpstreamLink | AssayError> {
  const query = withoutSemicolon(text);
  const what = `touches of ${table}`;
  const expected = by.map((column) => `${column.name} ${columnTypeName(column.type)}`).join(", ");
  const hint = `write a SELECT of ${expected}; it reads the changed rows as "delta ${table}"`;
  const [parsed] = await analyzer.parse([query]);
  if (parsed === undefined || "failure" in parsed) return invalid(input, `${what}: ${parsed?.failure.message ?? "no SQL"}`, hint);
  if ((parsed.tree.named_param_map ?? []).length > 0) return invalid(input, `${what} uses a parameter`, hint);
  const [call] = unstableCalls([exactTree(parsed.identity)]);
  if (call !== undefined) return invalid(input, `${what} uses ${call}, which has another value in every run`, hint);
  const outcome = await describeTouched(query, input, by, analyzer);
  if ("failure" in outcome) return invalid(input, `${what}: ${outcome.failure.message}`, hint);
  const found = outcome.columns.map((column) => `${column.name} ${column.type}`).join(", ");
  const fits = by.every((column) =>
    outcome.columns.some((item) => same(item.name, column.name) && item.type === columnTypeName(column.type)),
  );
  if (!fits || outcome.columns.length !== by.length) return invalid(input, `${what} yields ${found}, not ${expected}`, hint);
  const read = new Set(tableReferences(parsed.tree.node).map((reference) => reference.name.toLowerCase()));
  const hats = [...input.upstreams.keys()].filter((name) => read.has(`hat ${name}`.toLowerCase()));
  const touched = `select ${columnList(by.map((column) => column.name))} from (\n${query}\n) as declared`;
  return { table, kind: "declared", touched, hats };
}
