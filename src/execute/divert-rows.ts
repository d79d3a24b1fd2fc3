import type { ModelTable } from "../compile/manifest.ts";
import { quoteIdentifier, quoteText } from "../define/quote.ts";
import { AssayError } from "../errors.ts";
import type { Session } from "../ports/engine.ts";
import type { EngineSql } from "../ports/engine-sql.ts";
import type { DivertedRows, QuarantinedRow } from "../ports/quarantine.ts";
import type { DoorRule } from "../ports/source.ts";
import type { CheckResult } from "../terms.ts";
import { countOf, oneRow } from "./context.ts";
import { divertedResults } from "./diverted-results.ts";
import { divertingRules, keeps } from "./door-rules.ts";
import { overLimit } from "./rejected-limit.ts";
import { type StepFacts, StepFailure } from "./step-result.ts";
import { createTemporary, dropTemporary } from "./temporary-table.ts";

/** Temporary table of a session with a candidate's rows that broke a rule, their rule (`_rule`, by place) and what quarantine keeps of them. */
const divertedTable = quoteIdentifier("diverted");

/** So many rows of a failed step are kept for people to look at. */
const keptOfFailure = 1000;

/** What rules of severity `quarantine` took out of a candidate. */
export interface Diverted {
  readonly rows: number;
  /** Rows the SQL made; null where no rule looked. */
  readonly made: number | null;
  /** Relation with all of them. */
  readonly all: string;
  readonly results: readonly CheckResult[];
  /** For the step's record; nothing for a model without such rules. */
  readonly record: { readonly diverted?: DivertedRows };
}

/** Takes the rows that break a rule of severity `quarantine` out of a candidate, so that they are not published. */
export async function divertRows(
  session: Session,
  table: ModelTable,
  relation: string,
  { touched, closedAs }: Omit<DivertedRows, "from">,
): Promise<Diverted> {
  const rules = divertingRules(session.sql, table.checks);
  if (rules.length === 0) return { rows: 0, made: null, all: relation, results: [], record: {} };
  const rule = `case ${rules.map((item, place) => `when ${item.broken} then ${place}`).join(" ")} end`;
  const judged = `(select made.*, ${rule} as _rule from ${relation} as made) as judged`;
  const { made, broken } = await oneRow(session, `select count(*) as made, count(_rule) as broken from ${judged}`);
  const rows = countOf(broken);
  await createTemporary(session, divertedTable, { text: `${keptRows(session.sql, table, rules, judged)} where _rule is not null` });
  if (rows > 0) {
    await session.execute({ text: `delete from ${relation} where not (${keeps(rules).join(" and ")})` });
    await requireAll(session, table, relation, countOf(made), rows);
  }
  const counts = await session.query({ text: `select _rule, count(*) as rows from ${divertedTable} group by _rule` });
  const byRule = new Map(counts.map((count) => [rules[Number(count._rule)]?.rule ?? "", countOf(count.rows)] as const));
  const columns = table.columns.map((column) => quoteIdentifier(column.name)).join(", ");
  return {
    rows,
    made: countOf(made),
    all: rows === 0 ? relation : `(select ${columns} from ${relation} union all select ${columns} from ${divertedTable})`,
    results: divertedResults(session.sql, table.checks, byRule),
    record: { diverted: { from: `(${keptColumns})`, touched, closedAs } },
  };
}

export async function dropDiverted(session: Session): Promise<void> {
  await dropTemporary(session, divertedTable);
}

/** The rows with what quarantine keeps of them, under names that no column has; the id is the same as long as the key is. */
function keptRows(sql: EngineSql, table: ModelTable, rules: readonly DoorRule[], judged: string): string {
  const told = (text: (rule: DoorRule) => string | null): string => {
    const cases = rules.map((rule, place) => `when ${place} then ${text(rule) === null ? "null" : quoteText(text(rule) ?? "")}`);
    return `cast(case _rule ${cases.join(" ")} end as varchar)`;
  };
  const key = table.grain.flatMap((name) => table.columns.find((column) => column.name.toLowerCase() === name.toLowerCase()) ?? []);
  const place = "cast(row_number() over (partition by _key order by _raw) as varchar)";
  const identity = `concat_ws(chr(10), ${quoteText(table.name)}, _key, ${place})`;
  return `select told.*, left(md5(${identity}), 16) as _id from (
    select judged.*, ${told((rule) => rule.rule)} as _name, ${told((rule) => rule.reason)} as _reason, ${told((rule) => rule.column)} as _column,
      ${told((rule) => rule.message)} as _message, ${sql.jsonObject(key)} as _key, ${sql.jsonObject(table.columns)} as _raw
    from ${judged}) as told`;
}

/** As the store and people know them. */
const keptColumns = `select _id as id, _name as rule, _reason as reason, _column as column_name, _message as message, _key as "key", _raw as raw from ${divertedTable}`;

/** A rule that gives another result when it is asked again would lose rows. Throws LEDGER_UNBALANCED. */
async function requireAll(session: Session, table: ModelTable, relation: string, made: number, diverted: number): Promise<void> {
  const left = countOf((await oneRow(session, `select count(*) as rows from ${relation}`)).rows);
  if (left + diverted === made) return;
  const message = `${table.name}: its SQL made ${made} rows, ${left} are left and ${diverted} in quarantine`;
  const hint = "a rule of severity quarantine gives another result when it is asked again; it has to depend on the row alone";
  throw new AssayError("LEDGER_UNBALANCED", message, { hint, location: table.location });
}

/** More rows of the whole table in quarantine than `maxRejected` allows, or nothing but such rows. Throws TOO_MANY_REJECTED. */
export async function throwOnDiverted(
  session: Session,
  table: ModelTable,
  { quarantined, published }: { readonly quarantined: number; readonly published: number },
  facts: StepFacts,
): Promise<void> {
  if (quarantined === 0) return;
  const made = quarantined + published;
  const limit = overLimit(table.maxRejected, quarantined, made);
  if (published > 0 && limit === null) return;
  const kept = await failedRows(session, table);
  const example = kept[0] === undefined ? "" : `; first: ${kept[0].message}${keyText(table, kept[0])}`;
  const what = published === 0 ? "every row breaks a rule" : `${quarantined} rows break a rule, ${limit}`;
  throw new StepFailure(
    new AssayError("TOO_MANY_REJECTED", `${table.name}: ${what}${example}`, {
      hint: "correct the data or the rule, or raise maxRejected; what was published before stands",
      location: table.location,
    }),
    facts,
    kept,
  );
}

function keyText(table: ModelTable, { key }: QuarantinedRow): string {
  return key === null || table.columns.some((column) => column.sensitive) ? "" : ` at ${key}`;
}

/** Read before the transaction, and with it the rows, is rolled back. */
async function failedRows(session: Session, table: ModelTable): Promise<readonly QuarantinedRow[]> {
  const found = await session.query({ text: `${keptColumns} order by _key limit ${keptOfFailure}` });
  return found.map((row) => ({
    id: String(row.id),
    state: "failed",
    table: table.name,
    rule: String(row.rule),
    reason: String(row.reason),
    column: row.column_name === null ? null : String(row.column_name),
    message: String(row.message),
    source_file: null,
    file_name: null,
    file_sha256: null,
    row_number: null,
    key: String(row.key),
    raw: String(row.raw),
    record: null,
    run_id: "",
    batch_id: "",
    quarantined_at: "",
    closed_run_id: null,
  }));
}
