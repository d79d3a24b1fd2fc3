import type { ContractColumn } from "../define/types.ts";
import type { Expression, SelectNode, SyntaxTree, TableRef } from "../ports/syntax-tree.ts";
import type { TableName } from "../terms.ts";
import { clausesOf } from "./clauses.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { fullyUsedTables } from "./full-use.ts";
import { qualified, same } from "./joins.ts";
import { isGrouped } from "./lineage.ts";
import type { JoinedTable, LedgerPlan, UpstreamUse } from "./manifest.ts";
import { leavesOf, outerSelect, someExpression } from "./tree.ts";

/** What of an upstream the ledger has to know. */
export interface UpstreamShape {
  readonly columns: readonly ContractColumn[];
  readonly grain: readonly string[];
}

export interface LedgerInput {
  readonly text: string;
  readonly tree: SyntaxTree;
  readonly upstreams: readonly TableName[];
  readonly shapes: ReadonlyMap<TableName, UpstreamShape>;
  readonly joins: readonly JoinedTable[];
  /** The model's own grain; empty: one row. */
  readonly grain: readonly string[];
  readonly isAggregate: (functionName: string) => boolean;
}

/** A plan and, where it measures by cutting the text, the query whose tree has to equal the original's. */
export interface LedgerDraft {
  readonly plan: LedgerPlan;
  readonly proof: string | null;
}

/** Decides how a model's rows are accounted for. */
export function draftLedger(input: LedgerInput): LedgerDraft {
  const select = outerSelect(input.tree.node);
  const clauses = select === null ? null : clausesOf(input.text);
  if (select === null || clauses === null || select.from_table === null) return { plan: unmeasured(input.upstreams, input.tree), proof: null };
  const whole = fullyUsedTables(input.tree.node);
  const uses = input.upstreams.map((table, index): MeasuredUse =>
    hasTable(whole, table) ? { use: { table, used: { kind: "all" } }, measure: null } : upstreamUse(table, index, select, input),
  );
  const keeps = keptUpstream(select, input);
  const needsMeasure = uses.some((use) => use.use.used.kind === "measured") || (keeps !== null && clauses.where !== null);
  // Only a table that keeps its rows needs the rows before WHERE; otherwise WHERE can do its work early.
  const early = keeps === null;
  const condition = clauses.where === null ? null : `(${clauses.where}\n)`;
  const measured = uses.flatMap(({ measure }) => (measure === null ? [] : [`, ${measureText(measure, early ? null : condition)} as ${measure.column}`]));
  const passed = early || condition === null ? "count(*)" : `count(*) filter (where ${condition})`;
  const where = early && condition !== null ? ` where ${condition}` : "";
  const measure = `${clauses.prefix}select count(*) as joined, ${passed} as passed${measured.join("")} from ${clauses.from}${where}`;
  return {
    plan: {
      keeps,
      where: clauses.where === null ? null : `where ${clauses.where.replace(/--[^\n]*/g, " ").replace(/\s+/g, " ").trim()}`.slice(0, 120),
      thenRemovedBy: select.qualify !== null ? "qualify" : select.modifiers.some((item) => item.type === "DISTINCT_MODIFIER") ? "distinct" : null,
      upstreams: uses.map((use) => use.use),
      measure: needsMeasure ? measure : null,
    },
    proof: needsMeasure ? `${clauses.prefix}select 1 from ${clauses.from}${clauses.where === null ? "" : ` where ${clauses.where}`}` : null,
  };
}

/** Do two queries read and filter the same rows? */
export function sameRows(a: SyntaxTree, b: SyntaxTree): boolean {
  const part = (tree: SyntaxTree): string | null => {
    const select = outerSelect(tree.node);
    return select === null ? null : fingerprintOf([select.from_table, select.where_clause, select.cte_map]);
  };
  return part(a) !== null && part(a) === part(b);
}

/** The plan of a model whose text cannot be cut. */
export function unmeasured(upstreams: readonly TableName[], tree: SyntaxTree): LedgerPlan {
  const whole = fullyUsedTables(tree.node);
  const uses = upstreams.map((table): UpstreamUse => ({ table, used: { kind: hasTable(whole, table) ? "all" : "unknown" } }));
  return { keeps: null, where: null, thenRemovedBy: null, measure: null, upstreams: uses };
}

function hasTable(tables: ReadonlySet<TableName>, table: TableName): boolean {
  return [...tables].some((name) => same(name, table));
}

/** Distinct keys of one upstream among the rows. */
interface Measure {
  readonly column: string;
  readonly keys: readonly string[];
}

function measureText(measure: Measure, condition: string | null): string {
  const [first = "", ...others] = measure.keys;
  // A key of nulls comes from the null-extended side of a join: no row of the table. A single null is not counted anyway.
  const conditions = [...(condition === null ? [] : [condition]), ...(others.length === 0 ? [] : [`${first} is not null`])];
  const filter = conditions.length === 0 ? "" : ` filter (where ${conditions.join(" and ")})`;
  return `count(distinct ${others.length === 0 ? first : `(${measure.keys.join(", ")})`})${filter}`;
}

interface MeasuredUse {
  readonly use: UpstreamUse;
  readonly measure: Measure | null;
}

function upstreamUse(table: TableName, index: number, select: SelectNode, input: LedgerInput): MeasuredUse {
  const unknown: MeasuredUse = { use: { table, used: { kind: "unknown" } }, measure: null };
  const leaves = leavesOf(select.from_table);
  const own = input.joins.filter((join) => join.table === table);
  const [join] = own;
  const elsewhere = input.upstreams.length > 0 && readsOf(input.tree, table) > own.length;
  if (join === undefined || own.length > 1 || elsewhere) return unknown;
  const limited = select.sample !== null || select.modifiers.some((item) => item.type.includes("LIMIT"));
  if (limited) return unknown;
  if (leaves.length === 1) return { use: { table, used: { kind: "measured", column: "passed" } }, measure: null };
  const shape = input.shapes.get(table);
  const keys = (shape?.grain ?? []).map((name) => shape?.columns.find((item) => same(item.name, name)));
  if (keys.length === 0 || keys.some((key) => key === undefined || key.nullable)) return unknown;
  const column = `used_${index}`;
  const names = keys.flatMap((key) => (key === undefined ? [] : [qualified(join.alias, key.name)]));
  return { use: { table, used: { kind: "measured", column } }, measure: { column, keys: names } };
}

/** Mentions of a table anywhere in the tree. */
function readsOf(tree: SyntaxTree, table: TableName): number {
  let count = 0;
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) part.forEach(visit);
    else if (part !== null && typeof part === "object") {
      const ref = part as Partial<TableRef> & { readonly schema_name?: string; readonly table_name?: string };
      if (ref.type === "BASE_TABLE" && same(`${ref.schema_name}.${ref.table_name}`, table)) count += 1;
      Object.values(part).forEach(visit);
    }
  };
  visit(tree.node);
  return count;
}

/** The upstream whose rows become the model's rows one for one: looked-up tables are joined LEFT on their whole key, nothing is grouped. */
function keptUpstream(select: SelectNode, input: LedgerInput): TableName | null {
  const expressions = [...select.select_list, ...(select.qualify === null ? [] : [select.qualify])];
  const aggregated = expressions.some((item) => someExpression(item, (part) => part.class === "FUNCTION" && changesRows(part, input)));
  const limited = select.sample !== null || select.modifiers.some((item) => item.type.includes("LIMIT"));
  if (isGrouped(select) || select.having !== null || aggregated || limited || input.grain.length === 0) return null;
  const [spine, ...lookups] = leavesOf(select.from_table);
  const main = input.joins.find((join) => join.alias === spine?.alias);
  if (spine === undefined || main === undefined || spine.ref.type !== "BASE_TABLE") return null;
  const safe = lookups.every((leaf) => leaf.nullable && isLookup(leaf.alias, input)) && isLeftChain(select.from_table);
  return safe ? main.table : null;
}

function changesRows(part: Expression, input: LedgerInput): boolean {
  const name = (part.function_name ?? "").toLowerCase();
  return name === "unnest" || input.isAggregate(name);
}

function isLeftChain(ref: TableRef | null): boolean {
  if (ref === null || ref.type !== "JOIN") return true;
  return ref.join_type === "LEFT" && ref.right.type !== "JOIN" && isLeftChain(ref.left);
}

function isLookup(alias: string, input: LedgerInput): boolean {
  const join = input.joins.find((item) => same(item.alias, alias));
  const grain = join === undefined ? [] : (input.shapes.get(join.table)?.grain ?? []);
  return grain.length > 0 && grain.every((key) => join?.on.some((edge) => same(edge.column, key)) ?? false);
}
