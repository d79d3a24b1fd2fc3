import type { ContractColumn } from "../define/types.ts";
import { withFunctionNames } from "../ports/project-function.ts";
import type { Expression, SelectNode, SyntaxTree, TableRef } from "../ports/syntax-tree.ts";
import type { TableName } from "../terms.ts";
import { aggregateFunctions } from "./aggregate-functions.ts";
import { clausesOf } from "./clauses.ts";
import { fullyUsedTables } from "./full-use.ts";
import { qualified, same } from "./joins.ts";
import { isGrouped } from "./lineage.ts";
import type { JoinedTable, KeyInResult, LedgerPlan, UpstreamUse } from "./manifest.ts";
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
  /** Names, in lower case, of the model's columns that are never null. */
  readonly required: ReadonlySet<string>;
}

/** A plan and, where it measures by cutting the text, the query whose tree has to equal the original's. */
export interface LedgerDraft {
  readonly plan: LedgerPlan;
  readonly proof: string | null;
  /** The measuring query might not bind: WHERE may name what only SELECT defines, or two tables share a name. */
  readonly doubtful: boolean;
}

/** Decides how a model's rows are accounted for. */
export function draftLedger(input: LedgerInput): LedgerDraft {
  const select = outerSelect(input.tree.node);
  const clauses = select === null ? null : clausesOf(input.text);
  if (select === null || clauses === null || select.from_table === null || !isRepeatable(select))
    return { plan: unmeasured(input.upstreams, input.tree), proof: null, doubtful: false };
  const uses = cheapUses(select, input) ?? measuredUses(select, input);
  const keeps = keptUpstream(select, input);
  const needsMeasure = uses.some((use) => use.use.used.kind === "measured") || (keeps !== null && clauses.where !== null);
  // Only a table that keeps its rows needs the rows before WHERE; otherwise WHERE can do its work early.
  const early = keeps === null;
  const condition = clauses.where === null ? null : `(${clauses.where}\n)`;
  const measured = uses.flatMap(({ measure }) =>
    measure === null ? [] : [`, ${measureText(measure, early ? null : condition)} as ${measure.column}`],
  );
  const passed = early || condition === null ? "count(*)" : `count(*) filter (where ${condition})`;
  const where = early && condition !== null ? ` where ${condition}` : "";
  const measure = `${clauses.prefix}select count(*) as joined, ${passed} as passed${measured.join("")} from ${clauses.from}${where}`;
  return {
    plan: {
      keeps,
      where:
        clauses.where === null
          ? null
          : `where ${withFunctionNames(clauses.where)
              .replace(/--[^\n]*/g, " ")
              .replace(/\s+/g, " ")
              .trim()}`.slice(0, 120),
      thenRemovedBy:
        select.qualify !== null ? "qualify" : select.modifiers.some((item) => item.type === "DISTINCT_MODIFIER") ? "distinct" : null,
      upstreams: uses.map((use) => use.use),
      params: [],
      measure: needsMeasure ? measure : null,
    },
    doubtful: needsMeasure && isDoubtful(select),
    proof: needsMeasure ? `${clauses.prefix}select 1 from ${clauses.from}${clauses.where === null ? "" : ` where ${clauses.where}`}` : null,
  };
}

function isDoubtful(select: SelectNode): boolean {
  const aliases = new Set(select.select_list.map((item) => item.alias.toLowerCase()));
  const mentions = (part: unknown): boolean => {
    if (Array.isArray(part)) return part.some(mentions);
    if (part === null || typeof part !== "object") return false;
    const [name] = (part as Partial<Expression>).column_names ?? [];
    return name === undefined ? Object.values(part).some(mentions) : aliases.has(name.toLowerCase());
  };
  const names = leavesOf(select.from_table).map((leaf) => leaf.alias.toLowerCase());
  return mentions(select.where_clause) || new Set(names).size < names.length;
}

const volatileFunctions = new Set(["random", "setseed", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "nextval", "currval"]);

/** Do FROM and WHERE give the same rows when they are read again? A table sample and random numbers do not. */
function isRepeatable(select: SelectNode): boolean {
  const repeats = (part: unknown): boolean => {
    if (Array.isArray(part)) return part.every(repeats);
    if (part === null || typeof part !== "object") return true;
    const { sample, function_name } = part as { readonly sample?: unknown; readonly function_name?: string };
    return (sample ?? null) === null && !volatileFunctions.has((function_name ?? "").toLowerCase()) && Object.values(part).every(repeats);
  };
  return repeats([select.from_table, select.where_clause, select.cte_map]);
}

/** Do two queries read and filter the same rows? */
export function sameRows(a: SyntaxTree, b: SyntaxTree): boolean {
  const one = outerSelect(a.node);
  const other = outerSelect(b.node);
  if (one === null || other === null) return false;
  return sameTree([one.from_table, one.where_clause, one.cte_map], [other.from_table, other.where_clause, other.cte_map]);
}

/** Equal but for positions in the text. */
function sameTree(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const entries = Object.entries(a);
  return (
    entries.length === Object.keys(b).length &&
    entries.every(([key, value]) => key === "query_location" || sameTree(value, (b as Readonly<Record<string, unknown>>)[key]))
  );
}

/** The plan of a model whose text cannot be cut. */
export function unmeasured(upstreams: readonly TableName[], tree: SyntaxTree): LedgerPlan {
  const whole = fullyUsedTables(tree.node);
  const uses = upstreams.map((table): UpstreamUse => ({ table, used: { kind: hasTable(whole, table) ? "all" : "unknown" } }));
  return { keeps: null, where: null, thenRemovedBy: null, params: [], measure: null, upstreams: uses };
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

/** Uses that the result itself tells, without reading FROM again; null when one of them cannot be told so. */
function cheapUses(select: SelectNode, input: LedgerInput): readonly MeasuredUse[] | null {
  const whole = fullyUsedTables(input.tree.node);
  const uses = input.upstreams.map((table): UpstreamUse["used"] | null =>
    hasTable(whole, table) ? { kind: "all" } : useByKey(table, select, input),
  );
  if (uses.some((used) => used === null)) return null;
  return input.upstreams.flatMap((table, index) => {
    const used = uses[index];
    return used === null || used === undefined ? [] : [{ use: { table, used }, measure: null }];
  });
}

function measuredUses(select: SelectNode, input: LedgerInput): readonly MeasuredUse[] {
  const whole = fullyUsedTables(input.tree.node);
  return input.upstreams.map((table, index) =>
    hasTable(whole, table) ? { use: { table, used: { kind: "all" } }, measure: null } : upstreamUse(table, index, select, input),
  );
}

/** The upstream's key as columns of the result: its own, passed on, or those it is joined on and nothing else. */
function useByKey(table: TableName, select: SelectNode, input: LedgerInput): UpstreamUse["used"] | null {
  const own = input.joins.filter((join) => join.table === table);
  const [join] = own;
  if (join === undefined || own.length > 1 || readsOf(input.tree, table) > 1 || select.sample !== null) return null;
  const grain = input.shapes.get(table)?.grain ?? [];
  const outputOf = (alias: string, column: string): Omit<KeyInResult, "column"> | undefined => {
    const holder = input.joins.find((item) => same(item.alias, alias));
    const passed = Object.entries(holder?.outputs ?? {}).find(([, name]) => same(name, column));
    if (passed !== undefined) return { output: passed[0], absent: null };
    const filled = Object.entries(holder?.filled ?? {}).find(([, item]) => same(item.column, column));
    if (holder === undefined || filled === undefined) return undefined;
    const kind = input.shapes.get(holder.table)?.columns.find((item) => same(item.name, column))?.type.kind ?? "";
    const isSame = !filled[1].asInteger || ["smallint", "integer", "bigint"].includes(kind);
    return isSame ? { output: filled[0], absent: filled[1].constant } : undefined;
  };
  const keys = grain.flatMap((column) => {
    const passed = outputOf(join.alias, column);
    if (passed !== undefined) return [{ column, ...passed, own: true }];
    const edge = join.exact ? join.joinedBy.find((item) => same(item.column, column)) : undefined;
    const other = edge === undefined ? undefined : outputOf(edge.otherAlias, edge.otherColumn);
    return other === undefined ? [] : [{ column, ...other, own: false }];
  });
  const onlyKeys = join.joinedBy.every((edge) => grain.some((column) => same(column, edge.column)));
  const allOwn = keys.every((key) => key.own);
  if (grain.length === 0 || keys.length < grain.length || !(allOwn || onlyKeys)) return null;
  const isGrain = keys.length === input.grain.length && keys.every((key) => input.grain.some((column) => same(column, key.output)));
  const required = keys.every((key) => input.required.has(key.output.toLowerCase()));
  if (isGrain && allOwn && required && keys.every((key) => key.absent === null)) return { kind: "rows" };
  return { kind: "matched", keys: keys.map(({ column, output, absent }) => ({ column, output, absent })) };
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
  if (limited || select.having !== null || select.qualify !== null) return unknown;
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
  const aggregated = expressions.some((item) => someExpression(item, (part) => part.class === "FUNCTION" && changesRows(part)));
  const limited = select.sample !== null || select.modifiers.some((item) => item.type.includes("LIMIT"));
  if (isGrouped(select) || select.having !== null || aggregated || limited || input.grain.length === 0) return null;
  const [spine, ...lookups] = leavesOf(select.from_table);
  const main = input.joins.find((join) => join.alias === spine?.alias);
  if (spine === undefined || main === undefined || spine.ref.type !== "BASE_TABLE") return null;
  const safe = lookups.every((leaf) => leaf.nullable && isLookup(leaf.alias, input)) && isLeftChain(select.from_table);
  return safe ? main.table : null;
}

function changesRows(part: Expression): boolean {
  const name = (part.function_name ?? "").toLowerCase();
  return name === "unnest" || aggregateFunctions.has(name);
}

function isLeftChain(ref: TableRef | null): boolean {
  if (ref === null || ref.type !== "JOIN") return true;
  return ref.join_type === "LEFT" && ref.right.type !== "JOIN" && isLeftChain(ref.left);
}

function isLookup(alias: string, input: LedgerInput): boolean {
  const join = input.joins.find((item) => same(item.alias, alias));
  const grain = join === undefined ? [] : (input.shapes.get(join.table)?.grain ?? []);
  return grain.length > 0 && grain.every((key) => join?.joinedBy.some((edge) => same(edge.column, key)) ?? false);
}
