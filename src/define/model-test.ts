import type { Location, Params } from "../terms.ts";
import { callSite } from "./location.ts";
import type { Sql, TableReference } from "./sql.ts";
import type { Columns, RowOf } from "./types.ts";

/** A table as a test names it: a definition, or `{ name: "gold.x" }` for a model in a `.sql` file. */
export interface TestedTable extends TableReference {
  readonly columns?: Columns | null;
}

/** A row of a table with a contract in TypeScript, each column optional; of any other table, any columns. */
type PartialRow<T extends TestedTable> = T extends { readonly columns: infer C extends Columns }
  ? Partial<RowOf<{ readonly columns: C }>>
  : Readonly<Record<string, unknown>>;

/** Columns that `snapshot()` adds. */
interface VersionColumns {
  readonly valid_from?: string;
  readonly valid_to?: string;
  readonly is_current?: boolean;
}

type ExpectedRow<T extends TestedTable> = T extends { readonly columns: Columns } ? PartialRow<T> & VersionColumns : PartialRow<T>;

/** Rows as objects, as CSV text with a header, or as a SELECT. */
type RowsOrText<Row> = readonly Row[] | string | Sql;

/** Rows given to a test for one table. Made with {@link rows}. */
export interface GivenTable {
  readonly table: string;
  /** Objects, CSV text or SQL, as written. */
  readonly data: unknown;
  readonly location: Location;
  /** Line of each object; null where it is not known. */
  readonly lines: readonly number[] | null;
}

/**
 * Rows of a table that a test starts from. Columns may be left out, but for the key: nullable ones are null, others get a neutral value.
 *
 * @example
 * import { bronze, csv, rows, t } from "assay";
 * const items = bronze("items", { from: csv("items.csv"), columns: { id: t.integer(), price: t.decimal(10, 2) }, key: ["id"] });
 * const given = [rows(items, [{ id: 1, price: "9.90" }]), rows({ name: "bronze.codes" }, "code,label\na,Alpha\n")];
 */
export function rows<const T extends TestedTable>(table: T, data: RowsOrText<PartialRow<T>>): GivenTable {
  return { table: table.name, data, location: callSite(rows), lines: null };
}

/** What the table holds afterwards: exactly these rows, in any order, compared on the columns they name. */
type Expected<T extends TestedTable> =
  | RowsOrText<ExpectedRow<T>>
  | {
      readonly rows: RowsOrText<ExpectedRow<T>>;
      /** In this order too, for a model whose SQL ends in ORDER BY. */
      readonly ordered?: boolean;
      /** At least these rows. */
      readonly partial?: boolean;
    };

/** What arrives, and what the table holds then. At least one of `expect` and `expectFailure`. */
interface BatchOptions<T extends TestedTable> {
  /** Tables that get rows. A source with `load: "replace"` holds exactly these from now on, others take them in addition. */
  readonly given?: readonly GivenTable[];
  readonly expect?: Expected<T>;
  /** `check NAME`, `check NAME COLUMN` or an error's code, for another table than the model after its name: `silver.x check grain`. */
  readonly expectFailure?: string;
  /** The time that `now()`, `current_date` and the like give, in UTC: `2026-01-31` or `2026-01-31T06:00:00Z`. */
  readonly now?: string;
}

interface TestOptions<T extends TestedTable> {
  /** The table under test. */
  readonly model: T;
  readonly description?: string;
  /** Parameters of the pipeline; others have their default. */
  readonly params?: Params;
  /** `false`: the declared checks of the tables built do not run (contract and grain always do). */
  readonly checks?: boolean;
}

export type ModelTestOptions<T extends TestedTable> = TestOptions<T> &
  (
    | (BatchOptions<T> & { readonly batches?: never })
    | (Pick<BatchOptions<T>, "given" | "now"> & {
        readonly expect?: never;
        readonly expectFailure?: never;
        /** Several runs, one after the other, on the same tables; what is given beside it belongs to the first. */
        readonly batches: readonly BatchOptions<T>[];
      })
  );

/** One run of a test, as written. */
export interface TestBatchDefinition {
  readonly given: readonly GivenTable[];
  readonly expect: unknown;
  readonly expectFailure: unknown;
  readonly now: unknown;
  readonly location: Location;
  /** Line of each expected object; null where it is not known. */
  readonly expectLines: readonly number[] | null;
}

/** A test as written; `compile` holds it against the project. */
export interface ModelTestDefinition {
  readonly kind: "model_test";
  readonly name: string;
  readonly description: string | null;
  readonly model: string;
  readonly params: unknown;
  readonly checks: unknown;
  readonly batches: readonly TestBatchDefinition[];
  /** Fields that stand beside `batches` and belong into one of them. */
  readonly misplaced: readonly string[];
  readonly location: Location;
}

/**
 * A test of a model or a chain of models: rows in, expected rows out. Found in the files of `tests/`, run by `assay test`. What stands between
 * the given tables and the model is built as a run builds it.
 *
 * @example
 * import { bronze, csv, model, modelTest, rows, sql, t } from "assay";
 * const items = bronze("items", { from: csv("items.csv"), columns: { id: t.integer(), price: t.decimal(10, 2) }, key: ["id"] });
 * const revenue = model("gold.revenue", {
 *   grain: [],
 *   columns: { revenue: t.decimal(12, 2) },
 *   sql: sql`select coalesce(sum(price), 0)::decimal(12, 2) as revenue from ${items}`,
 * });
 * export const nothingSold = modelTest("nothing sold is zero, not null", {
 *   model: revenue,
 *   given: [rows(items, [])],
 *   expect: [{ revenue: "0.00" }],
 * });
 */
export function modelTest<const T extends TestedTable>(name: string, options: ModelTestOptions<T>): ModelTestDefinition {
  const location = callSite(modelTest);
  const batches: readonly BatchOptions<T>[] = options.batches ?? [options];
  return {
    kind: "model_test",
    name,
    description: options.description ?? null,
    model: options.model?.name,
    params: options.params ?? {},
    checks: options.checks ?? true,
    batches: batches.map((batch, index) => ({
      given: [...(index === 0 && options.batches !== undefined ? (options.given ?? []) : []), ...(batch.given ?? [])],
      expect: batch.expect,
      expectFailure: batch.expectFailure,
      now: batch.now ?? options.now,
      location,
      expectLines: null,
    })),
    misplaced: options.batches === undefined ? [] : (["expect", "expectFailure"] as const).filter((field) => options[field] !== undefined),
    location,
  };
}
