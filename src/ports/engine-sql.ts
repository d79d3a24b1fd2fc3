import type { ColumnType, ContractColumn } from "../define/types.ts";

/**
 * The SQL that engines write differently. Everything else the platform runs is standard SQL that all of them run fast; see
 * docs/design/engines.md. Names are quoted already.
 */
export interface EngineSql {
  /** The name that one of the platform's schemas (`gold`, `assay`, `assay_changes` …) has in this environment; not quoted. */
  schema(name: string): string;
  /** The quoted name that a table of the project or of the platform has in this environment: of `silver.orders`, `assay.runs` … */
  table(name: string): string;
  /** Statement from which on one session at a time goes on, for a name, until it is closed; null: one process has the database to itself. */
  turn(name: string): string | null;
  /** A temporary relation of the session, so that no other of the name is meant. */
  temporary(name: string): string;
  /** How a temporary table takes the place of one of its name: what comes first, if anything, and the head of `create … as`. */
  replaceTemporary(name: string): { readonly first: string | null; readonly create: string };
  /** A column type of a contract, as in `create table`. */
  type(type: ColumnType): string;
  /** Condition that two values of one type are equal, or both null. In a join or EXISTS it can be answered by hashing. */
  sameValue(left: string, right: string): string;
  /** FROM clause of those rows of a relation (with its alias) that have a partner in another. Nothing may follow it but GROUP BY and the like. */
  havingPartner(rows: string, partners: string, condition: string): string;
  /** Condition that a value, which is not null, is no value of a relation's column. */
  isNoneOf(value: string, column: string, relation: string): string;
  /** Condition that a part of a text matches a regular expression. */
  matches(text: string, pattern: string): string;
  /** Whether keys are found faster by hashes made of them once (`Engine.keyHash`) than by their columns. */
  readonly comparesHashes: boolean;
  /** Aggregate: how many distinct values the columns have together, about. */
  distinctValues(columns: readonly string[]): string;
  /** A row's columns as the text of a JSON object, without spaces; decimals as strings, so that no digit is lost. */
  jsonObject(columns: readonly ContractColumn[]): string;
}
