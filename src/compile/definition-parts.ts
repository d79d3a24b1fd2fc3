import { isAbsolute } from "node:path";
import type { BronzeDefinition } from "../define/bronze.ts";
import type { Check } from "../define/check.ts";
import type { Materialization } from "../define/materialization.ts";
import type { BronzeSource } from "../define/source.ts";
import type { ContractColumn } from "../define/types.ts";
import type { SqlAnalyzer } from "../ports/sql-analyzer.ts";
import { withoutLayout } from "./clauses.ts";
import { canonical } from "./fingerprint.ts";

/** What a SQL text means, whatever its layout, comments and the case of its keywords. */
export type Meaning = (text: string) => string;

const asExpression = (text: string): string => `select (${text}\n)`;
const asCheckQuery = (text: string): string => text.replaceAll("{table}", '"table under check"');

/** The meaning of every SQL text that stands in the definitions beside the models' own SQL; one that does not parse means its words. */
export async function meaningsOf(texts: Iterable<string>, analyzer: SqlAnalyzer): Promise<Meaning> {
  const distinct = [...new Set(texts)];
  const parsed = await analyzer.parse(distinct);
  const known = new Map(
    distinct.map((text, index) => {
      const outcome = parsed[index];
      return [text, outcome === undefined || "failure" in outcome ? withoutLayout(text) : outcome.identity] as const;
    }),
  );
  return (text) => known.get(text) ?? withoutLayout(text);
}

/** The SQL texts of checks, as {@link checksPart} asks for them. */
export function checkTexts(checks: readonly Check[]): readonly string[] {
  return checks.flatMap((check) => {
    if (check.kind === "expression") return [asExpression(check.expression)];
    if (check.kind === "sql") return [asCheckQuery(check.query)];
    if (check.kind === "conserves") return [check.measure, ...(check.where === null ? [] : [check.where])].map(asExpression);
    return [];
  });
}

/** Checks as a fingerprint sees them: their order does not count. */
export function checksPart(checks: readonly Check[], meaning: Meaning): readonly unknown[] {
  const plain = checks.map((check): unknown => {
    if (check.kind === "expression") return { ...check, expression: meaning(asExpression(check.expression)) };
    if (check.kind === "sql") return { ...check, query: meaning(asCheckQuery(check.query)) };
    if (check.kind !== "conserves") return check;
    const where = check.where === null ? null : meaning(asExpression(check.where));
    return { ...check, measure: meaning(asExpression(check.measure)), where };
  });
  return plain.toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1));
}

/** The SQL texts of a materialization, as {@link materializationPart} asks for them. */
export function materializationTexts(materialize: Materialization): readonly string[] {
  if (materialize.kind === "incremental") return Object.values(materialize.touches).map((query) => query.text);
  return materialize.kind === "snapshot" && materialize.deleted !== null ? [asExpression(materialize.deleted)] : [];
}

/** A materialization as a fingerprint sees it: what its queries mean, not where they stand. */
export function materializationPart(materialize: Materialization, meaning: Meaning): unknown {
  if (materialize.kind === "snapshot" && materialize.deleted !== null)
    return { ...materialize, deleted: meaning(asExpression(materialize.deleted)) };
  if (materialize.kind !== "incremental") return materialize;
  const { chunks, ...meant } = materialize;
  const touches = Object.fromEntries(Object.entries(materialize.touches).map(([table, query]) => [table, meaning(query.text)]));
  return { ...meant, touches, ignoreChanges: materialize.ignoreChanges.toSorted() };
}

/** The SQL texts of a bronze table beside its checks. */
export function doorTexts({ partitionBy, replicate, deleted }: BronzeDefinition): readonly string[] {
  const texts = [...Object.values(partitionBy), ...(replicate === null ? [] : [replicate.times]), ...(deleted === null ? [] : [deleted])];
  return texts.map(asExpression);
}

/** Partition folders, replication and deletion mark of a bronze table as a fingerprint sees them. */
export function doorParts({ partitionBy, replicate, deleted }: BronzeDefinition, meaning: Meaning) {
  return {
    partitions: Object.entries(partitionBy).map(([folder, expression]) => [folder, meaning(asExpression(expression))]),
    replication: replicate === null ? null : { ...replicate, times: meaning(asExpression(replicate.times)) },
    deleted: deleted === null ? null : meaning(asExpression(deleted)),
  };
}

/** A contract as a fingerprint sees it: what is said about a column does not count. */
export function contractPart(columns: readonly ContractColumn[]): readonly unknown[] {
  return columns.map(({ name, type, nullable }) => ({ name, type, nullable }));
}

/**
 * Where a source's files are, as the project writes it; a full path says where a checkout lies, not what was meant. Of a database's address
 * only the setting's name counts: the content tells whether it is another table.
 */
export function sourcePlace(source: BronzeSource): object {
  if (source.kind === "postgres") return { url: typeof source.url === "string" ? null : source.url.name };
  const { path, directory } = source;
  const written = (text: string): string | null => (isAbsolute(text) ? null : text);
  return { path: written(path), directory: typeof directory === "string" ? written(directory) : (directory?.name ?? null) };
}
