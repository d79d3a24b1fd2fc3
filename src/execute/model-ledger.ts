import { same } from "../compile/joins.ts";
import type { ModelTable } from "../compile/manifest.ts";
import { picked } from "../compile/params.ts";
import { columnTypeName } from "../define/column-type.ts";
import { quoteIdentifier } from "../define/quote.ts";
import type { Session } from "../ports/engine.ts";
import type { RemovedRows, TableName, UpstreamLedger } from "../terms.ts";
import { countOf, oneRow, type Run, tableOf } from "./context.ts";
import { noFacts, type StepFacts } from "./step-result.ts";

/** Where every row went. */
export async function ledgerOf(
  run: Run,
  session: Session,
  table: ModelTable,
  relation: string,
  rows: number,
  params: Run["params"],
): Promise<StepFacts> {
  const { ledger } = table;
  const measured = ledger.measure === null ? null : await oneRow(session, ledger.measure, picked(params, ledger.params));
  const matched = await matchedRows(run, session, table, relation, rows);
  const upstreams = ledger.upstreams.map(({ table: upstream, used }, index): UpstreamLedger => {
    const read = run.publications.get(upstream)?.rows ?? 0;
    switch (used.kind) {
      case "all":
        return { table: upstream, read, used: read };
      case "rows":
        return { table: upstream, read, used: rows };
      case "matched":
        return { table: upstream, read, used: countOrNull(matched[`matched_${index}`]) };
      case "measured":
        return { table: upstream, read, used: countOf(measured?.[used.column]) };
      case "unknown":
        return { table: upstream, read, used: null };
      default:
        return used satisfies never;
    }
  });
  if (ledger.keeps === null) return { ...noFacts, rows_out: rows, upstreams };
  const rowsIn = run.publications.get(ledger.keeps)?.rows ?? 0;
  const joined = measured === null ? rowsIn : countOf(measured.joined);
  const passed = measured === null ? rowsIn : countOf(measured.passed);
  const removed: RemovedRows[] = [];
  if (ledger.where !== null) removed.push({ rule: ledger.where, rows: joined - passed });
  if (ledger.thenRemovedBy !== null) removed.push({ rule: ledger.thenRemovedBy, rows: passed - rows });
  return { ...noFacts, rows_in: rowsIn, rows_out: rows, removed_by: removed, upstreams };
}

const countOrNull = (value: unknown): number | null => (value === null ? null : countOf(value));

/** As many pairs of rows may be compared by 64-bit hashes: the count is then wrong once in a million builds. */
const hashedPairs = 2 ** 44;

/** Rows of upstreams whose key stands in the result, in one query. Keys of one type are compared by their hashes, at half the cost. */
async function matchedRows(
  run: Run,
  session: Session,
  table: ModelTable,
  relation: string,
  made: number,
): Promise<Readonly<Record<string, unknown>>> {
  const hashes = new Map<string, string>();
  const { comparesHashes } = session.sql;
  const counts = table.ledger.upstreams.flatMap(({ table: upstream, used }, index) => {
    if (used.kind !== "matched") return [];
    const { keys } = used;
    const from = session.sql.table(upstream);
    const pairs = made * (run.publications.get(upstream)?.rows ?? 0);
    const matches =
      comparesHashes && pairs < hashedPairs && isHashable(run, table, upstream, keys)
        ? inHashes(run, keys, hashes)
        : existsIn(relation, keys);
    const rows = `(select count(*) from ${from} as upstream where ${matches})`;
    const taken = keys.flatMap(({ column, absent }) => (absent === null ? [] : [`${quoteIdentifier(column)} = ${absent}`]));
    if (taken.length === 0) return [`${rows} as matched_${index}`];
    return [`(case when exists (select 1 from ${from} where ${taken.join(" or ")}) then null else ${rows} end) as matched_${index}`];
  });
  if (counts.length === 0) return {};
  const hashed = [...hashes].map(([hash, name]) => `${hash} as ${name}`);
  const keys = hashed.length === 0 ? "" : `with made as materialized (select ${hashed.join(", ")} from ${relation} as result) `;
  return oneRow(session, `${keys}select ${counts.join(", ")}`);
}

type MatchedKeys = Extract<ModelTable["ledger"]["upstreams"][number]["used"], { readonly kind: "matched" }>["keys"];

/** `hashes`: what is hashed of the result, by the name it has. */
function inHashes(run: Run, keys: MatchedKeys, hashes: Map<string, string>): string {
  const hash = run.engine.keyHash(keys.map(({ output }) => output));
  const name = hashes.get(hash) ?? `hash_${hashes.size}`;
  hashes.set(hash, name);
  return `${run.engine.keyHash(keys.map(({ column }) => column))} in (select ${name} from made)`;
}

function existsIn(relation: string, keys: MatchedKeys): string {
  const match = keys.map(({ column, output }) => `result.${quoteIdentifier(output)} = upstream.${quoteIdentifier(column)}`).join(" and ");
  return `exists (select 1 from ${relation} as result where ${match})`;
}

/** Equal values have equal hashes only where their types are the same; long decimals do not hash well (`contentHash`). */
function isHashable(run: Run, table: ModelTable, upstream: TableName, keys: MatchedKeys): boolean {
  const typeOf = (columns: ModelTable["columns"], name: string): string => {
    const type = columns.find((column) => same(column.name, name))?.type;
    return type === undefined || (type.kind === "decimal" && type.precision > 18) ? "" : columnTypeName(type);
  };
  const { columns } = tableOf(run, upstream);
  return keys.every(({ column, output }) => {
    const type = typeOf(columns, column);
    return type !== "" && type === typeOf(table.columns, output);
  });
}
