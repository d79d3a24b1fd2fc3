import type { OrphanRule } from "../compile/manifest.ts";
import type { Check } from "../define/check.ts";
import { columnList, quoteIdentifier, quoteText, quoteValue } from "../define/quote.ts";
import type { ContractColumn } from "../define/types.ts";
import type { Engine, Session } from "../ports/engine.ts";
import type { EngineSql } from "../ports/engine-sql.ts";
import { withFunctionNames } from "../ports/project-function.ts";
import type { Metric } from "../ports/state-store.ts";
import type { CheckResult, ConservedMeasure, TableName } from "../terms.ts";
import { countOf, oneRow } from "./context.ts";
import { describeRow } from "./describe-row.ts";
import { type CheckHistory, historyFinding, historyMeasures, metricsOf } from "./history-checks.ts";
import { orphanCondition, orphanResult } from "./orphan-keys.ts";

/** A relation to check, before anyone can see it. */
export interface CheckSubject {
  readonly table: TableName;
  /** Quoted name, or a parenthesized query. */
  readonly relation: string;
  readonly columns: readonly ContractColumn[];
  /** Null: no grain declared. */
  readonly grain: readonly string[] | null;
  readonly checks: readonly Check[];
  /** Joins whose misses are counted. */
  readonly orphans?: readonly OrphanRule[];
  /** Columns already proved to hold no null, e.g. by the statistics of the files just written. */
  readonly present: ReadonlySet<string>;
  /** What changed, where the rest passed the same rules before; null: everything is new. */
  readonly part: ChangedPart | null;
  readonly history: CheckHistory;
}

/** The part of a keyed table that a step changed: all rows of the keys it names were taken out, then rows put in. */
export interface ChangedPart {
  /** Relation of the rows put in. */
  readonly added: string;
  /** Keys among them that the table did not have. */
  readonly inserted: number;
  /** Rows the table has now. */
  readonly rows: number;
}

export interface CheckReport {
  readonly rows: number;
  readonly results: readonly CheckResult[];
  readonly conserved: readonly ConservedMeasure[];
  readonly metrics: readonly Metric[];
}

/** A rule that holds row by row. `broken` is a condition true for rows that break it; null: proved already. */
interface RowRule {
  readonly check: string;
  readonly column: string | null;
  readonly severity: Check["severity"];
  readonly broken: string | null;
  readonly says: string;
}

/** A rule that a key appears once. Rows without the whole key do not count. */
interface KeyRule {
  readonly check: string;
  readonly columns: readonly string[];
  readonly severity: Check["severity"];
  /** Null: the grain. */
  readonly declared: Check | null;
}

/**
 * Runs the contract's own rules (not null, grain) and the declared checks; one scan serves all that hold row by row, and keys. Checks of
 * severity `quarantine` are not run: the rows that break them are left out before (see `divertedResults`).
 */
export async function runChecks(engine: Pick<Engine, "keyHash">, session: Session, all: CheckSubject): Promise<CheckReport> {
  const subject = { ...all, checks: all.checks.filter((check) => check.severity !== "quarantine") };
  const rules = rowRules(session.sql, subject);
  const keys = keyRules(subject);
  const { orphans = [] } = subject;
  const scan = await scanOnce(engine, session, subject, rules, keys);
  const rows = countOf(scan.rows);
  const results: CheckResult[] = [];
  const conserved: ConservedMeasure[] = [];
  for (const [index, rule] of rules.entries()) {
    const failures = countOf(scan[`broken_${index}`]);
    const message = failures === 0 ? null : `${rule.says}${await examples(session, subject, rule)}`;
    results.push(resultOf(rule.check, rule.column, rule.severity, failures, message));
  }
  if (subject.grain?.length === 0) results.push(oneRowResult(rows));
  for (const declared of [null, ...subject.checks]) {
    const index = keys.findIndex((key) => key.declared === declared);
    const key = keys[index];
    if (key !== undefined) {
      // As many hashes as keys prove that every key appears once; fewer may be a rare collision, so the keys themselves are looked at.
      const unique = scan[`keys_${index}`] === scan[`hashes_${index}`];
      results.push(unique ? resultOf(key.check, key.columns.join(", "), key.severity, 0, null) : await uniqueResult(session, subject, key));
    }
    const result = declared === null ? null : await tableRule(session, subject, declared, scan, conserved);
    if (result !== null) results.push(result);
  }
  for (const [index, rule] of orphans.entries())
    results.push(await orphanResult(session, subject, rule, countOf(scan[`orphans_${index}`])));
  return { rows, results, conserved, metrics: metricsOf(subject, scan) };
}

/** Counts what breaks each rule. Where only some rows are new, rules that stop a run look at those, and keys at the rows that share theirs. */
async function scanOnce(
  engine: Pick<Engine, "keyHash">,
  session: Session,
  subject: CheckSubject,
  rules: readonly RowRule[],
  keys: readonly KeyRule[],
): Promise<Readonly<Record<string, unknown>>> {
  const isScoped = (severity: Check["severity"]): boolean => subject.part !== null && severity === "error";
  const broken = rules.map((rule, index) => {
    if (rule.broken === null) return null;
    // Whether a column holds nulls the engine may know without a look at it.
    const count =
      rule.check === "not_null" && rule.column !== null
        ? `count(*) - count(${quoteIdentifier(rule.column)})`
        : `count(*) filter (where ${rule.broken})`;
    return `${count} as broken_${index}`;
  });
  const pick = <T extends { readonly severity: Check["severity"] }>(
    items: readonly T[],
    texts: readonly (string | null)[],
    scoped: boolean,
  ) => items.flatMap((item, index) => (isScoped(item.severity) === scoped ? (texts[index] ?? []) : []));
  const unique = keys.map((key, index) => keyCounts(engine, subject, key, index));
  const orphans = (subject.orphans ?? []).map((rule, index) => `count(*) filter (where ${orphanCondition(rule)}) as orphans_${index}`);
  const all = ["count(*) as rows", ...pick(rules, broken, false), ...pick(keys, unique, false), ...orphans, ...historyMeasures(subject)];
  const { part, relation } = subject;
  const found =
    part !== null && all.length === 1
      ? { rows: part.rows }
      : { ...(await oneRow(session, `select ${all.join(", ")} from ${relation} as checked`)) };
  if (part === null) return found;
  const added = pick(rules, broken, true);
  if (added.length > 0) Object.assign(found, await oneRow(session, `select ${added.join(", ")} from ${part.added} as added`));
  for (const [index, key] of keys.entries()) {
    if (!isScoped(key.severity)) continue;
    const match = key.columns.map((column) => `r.${quoteIdentifier(column)} = a.${quoteIdentifier(column)}`).join(" and ");
    // The rows of keys that are not new went before these came: no other row of the table has them.
    const isAlone = key.declared === null && part.inserted === 0;
    const sharing = isAlone ? `${part.added} as a` : session.sql.havingPartner(`${relation} as r`, `${part.added} as a`, match);
    Object.assign(
      found,
      await oneRow(session, `select ${unique[index]} from (select ${columnList(key.columns)} from ${sharing}) as sharing`),
    );
  }
  return found;
}

const nullIn = (column: string): string => `${quoteIdentifier(column)} is null`;

function resultOf(
  check: string,
  column: string | null,
  severity: Check["severity"],
  failures: number,
  message: string | null,
): CheckResult {
  const status = failures === 0 ? "passed" : severity === "warn" ? "warned" : "failed";
  return { check, column, severity, status, failures, message };
}

function rowRules(sql: EngineSql, subject: CheckSubject): readonly RowRule[] {
  const contract = subject.columns
    .filter((column) => !column.nullable || (subject.grain ?? []).includes(column.name))
    .map(
      (column): RowRule => ({
        check: "not_null",
        column: column.name,
        severity: "error",
        broken: subject.present.has(column.name) ? null : nullIn(column.name),
        says: `${column.name} is absent`,
      }),
    );
  const required = new Set(contract.map((rule) => rule.column));
  const declared = subject.checks
    .flatMap((check) => rowRule(sql, check) ?? [])
    .filter((rule) => rule.check !== "not_null" || !required.has(rule.column));
  return [...contract, ...declared];
}

/** A declared check as a condition on a row; null for a rule that is none. */
export function rowRule(sql: Pick<EngineSql, "matches">, check: Check): RowRule | null {
  const column = "column" in check ? quoteIdentifier(check.column) : "";
  switch (check.kind) {
    case "not_null":
      return {
        check: check.kind,
        column: check.column,
        severity: check.severity,
        broken: nullIn(check.column),
        says: `${check.column} is absent`,
      };
    case "accepted_values": {
      const values = check.values.map((value) => quoteValue(value)).join(", ");
      return {
        check: check.kind,
        column: check.column,
        severity: check.severity,
        broken: `${column} not in (${values})`,
        says: `${check.column} is none of ${check.values.join(", ")}`,
      };
    }
    case "between": {
      const bounds = [
        ...(check.min === null ? [] : [`${column} < ${quoteValue(check.min)}`]),
        ...(check.max === null ? [] : [`${column} > ${quoteValue(check.max)}`]),
      ];
      const says = `${check.column} is outside ${check.min ?? "…"} to ${check.max ?? "…"}`;
      return { check: check.kind, column: check.column, severity: check.severity, broken: bounds.join(" or ") || "false", says };
    }
    case "matches":
      return {
        check: check.kind,
        column: check.column,
        severity: check.severity,
        broken: `not ${sql.matches(column, quoteText(check.pattern))}`,
        says: `${check.column} does not match ${check.written ?? check.pattern}`,
      };
    case "expression":
      return {
        check: check.kind,
        column: null,
        severity: check.severity,
        broken: `(${check.expression}\n) is not true`,
        says: `${check.name}: ${withFunctionNames(check.written ?? check.expression)} does not hold`,
      };
    default:
      return null;
  }
}

/** Up to three offending values. */
async function examples(session: Session, subject: CheckSubject, rule: RowRule): Promise<string> {
  const keys = subject.grain ?? [];
  const shown = rule.column === null || rule.check === "not_null" ? keys : [rule.column];
  if (shown.length === 0) return "";
  const found = await session.query({
    text: `select ${columnList(shown)} from ${subject.relation} as checked where ${rule.broken} limit 3`,
  });
  return `, e.g. ${found.map((row) => describeRow(row, subject.columns)).join("; ")}`;
}

function keyRules(subject: CheckSubject): readonly KeyRule[] {
  const rule = (check: string, columns: readonly string[], declared: Check): KeyRule => ({
    check,
    columns,
    severity: declared.severity,
    declared,
  });
  const declared = subject.checks.flatMap((check): readonly KeyRule[] => {
    if (check.kind === "unique") return [rule(check.kind, [check.column], check)];
    return check.kind === "unique_combination" ? [rule(check.kind, check.columns, check)] : [];
  });
  const grain = subject.grain ?? [];
  return grain.length === 0 ? declared : [{ check: "grain", columns: grain, severity: "error", declared: null }, ...declared];
}

function keyCounts(engine: Pick<Engine, "keyHash">, subject: CheckSubject, key: KeyRule, index: number): string {
  const nullable = key.columns.filter(
    (name) => subject.columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.nullable !== false,
  );
  const filter = nullable.length === 0 ? "" : ` filter (where ${presence(nullable)})`;
  return `count(*)${filter} as keys_${index}, count(distinct ${engine.keyHash(key.columns)})${filter} as hashes_${index}`;
}

function presence(columns: readonly string[]): string {
  return columns.map((column) => `${quoteIdentifier(column)} is not null`).join(" and ");
}

function oneRowResult(rows: number): CheckResult {
  return resultOf(
    "grain",
    null,
    "error",
    rows === 1 ? 0 : Math.max(rows, 1),
    rows === 1 ? null : `the grain is exactly one row, there are ${rows}`,
  );
}

async function uniqueResult(session: Session, subject: CheckSubject, { check, columns, severity }: KeyRule): Promise<CheckResult> {
  const keys = columnList(columns);
  const repeated = `select ${keys}, count(*) as _times from ${subject.relation} as checked where ${presence(columns)} group by ${keys} having count(*) > 1`;
  const failures = countOf((await oneRow(session, `select count(*) as keys from (${repeated}) as repeated`)).keys);
  if (failures === 0) return resultOf(check, columns.join(", "), severity, 0, null);
  const example = await oneRow(session, `select * from (${repeated}) as repeated order by _times desc, ${keys} limit 1`);
  const { _times, ...key } = example;
  const message = `${failures} ${failures === 1 ? "key appears" : "keys appear"} more than once, e.g. ${describeRow(key, subject.columns)} ${_times} times`;
  return resultOf(check, columns.join(", "), severity, failures, message);
}

/** Checks that need a query of their own; null for those the scan answered. */
async function tableRule(
  session: Session,
  subject: CheckSubject,
  check: Check,
  scan: Readonly<Record<string, unknown>>,
  conserved: ConservedMeasure[],
): Promise<CheckResult | null> {
  switch (check.kind) {
    case "row_count_drift":
    case "null_share_drift":
    case "freshness": {
      const { failures, message } = historyFinding(subject, check, scan);
      return resultOf(check.kind, "column" in check ? check.column : null, check.severity, failures, message);
    }
    case "row_count": {
      const rows = countOf(scan.rows);
      const holds = rows >= (check.min ?? 0) && rows <= (check.max ?? Number.POSITIVE_INFINITY);
      const message = holds ? null : `there are ${rows} rows, not ${check.min ?? 0} to ${check.max ?? "any number"}`;
      return resultOf(check.kind, null, check.severity, holds ? 0 : 1, message);
    }
    case "relationships": {
      const column = quoteIdentifier(check.column);
      const field = quoteIdentifier(check.field);
      const isOrphan = session.sql.isNoneOf(`child.${column}`, field, comparedWith(session.sql, subject, check.to));
      const orphans = `from ${subject.relation} as child where ${column} is not null and ${isOrphan}`;
      const failures = countOf((await oneRow(session, `select count(*) as orphans ${orphans}`)).orphans);
      if (failures === 0) return resultOf(check.kind, check.column, check.severity, 0, null);
      const found = await session.query({ text: `select distinct ${column} ${orphans} limit 3` });
      const shown = found.map((row) => describeRow(row, subject.columns)).join("; ");
      return resultOf(
        check.kind,
        check.column,
        check.severity,
        failures,
        `${failures} rows have no partner in ${check.to}.${check.field}, e.g. ${shown}`,
      );
    }
    case "conserves":
      return conservesResult(session, subject, check, conserved);
    case "sql": {
      const query = check.query.replaceAll("{table}", subject.relation).replace(/;\s*$/, "");
      const failures = countOf((await oneRow(session, `select count(*) as rows from (${query}\n) as broken`)).rows);
      if (failures === 0) return resultOf(check.kind, null, check.severity, 0, null);
      const found = await session.query({ text: `select * from (${query}\n) as broken limit 1` });
      return resultOf(
        check.kind,
        null,
        check.severity,
        failures,
        `${check.name}: ${failures} rows, e.g. ${found.map((row) => describeRow(row, subject.columns)).join("")}`,
      );
    }
    case "not_null":
    case "accepted_values":
    case "between":
    case "matches":
    case "expression":
    case "unique":
    case "unique_combination":
      return null;
    default:
      return check satisfies never;
  }
}

/** The table a check compares with: for the table itself, the candidate. */
function comparedWith(sql: EngineSql, subject: CheckSubject, table: string): string {
  return table === subject.table ? subject.relation : sql.table(table);
}

async function conservesResult(
  session: Session,
  subject: CheckSubject,
  check: Check & { readonly kind: "conserves" },
  conserved: ConservedMeasure[],
): Promise<CheckResult> {
  const filter = check.where === null ? "" : ` where (${check.where}\n)`;
  const totals = await oneRow(
    session,
    `select cast(own as varchar) as own, cast(source as varchar) as source, coalesce(own, 0) = coalesce(source, 0) as agrees,
       cast(coalesce(own, 0) - coalesce(source, 0) as varchar) as difference
     from (select (select sum(${quoteIdentifier(check.column)}) from ${subject.relation} as checked) as own,
       (select sum(${check.measure}\n) from ${session.sql.table(check.upstream)}${filter}) as source) as totals`,
  );
  const agrees = totals.agrees === true;
  const measure = {
    column: check.column,
    upstream: check.upstream as TableName,
    measure: withFunctionNames(check.written ?? check.measure),
  };
  conserved.push({ ...measure, total: textOf(totals.own), upstream_total: textOf(totals.source), agrees });
  const message = agrees
    ? null
    : `the total of ${check.column} is ${totals.own}, in ${check.upstream} the total of ${measure.measure} is ${totals.source}: a difference of ${totals.difference}`;
  return resultOf(check.kind, check.column, check.severity, agrees ? 0 : 1, message);
}

const textOf = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));
