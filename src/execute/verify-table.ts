import type { Manifest, ModelTable } from "../compile/manifest.ts";
import { picked } from "../compile/params.ts";
import { columnList, quoteIdentifier } from "../define/quote.ts";
import { AssayError } from "../errors.ts";
import type { Engine, Session } from "../ports/engine.ts";
import type { Publication } from "../ports/state-store.ts";
import type { RecordedVerification, VerificationStore } from "../ports/verification-store.ts";
import type { ErrorReport, TableName } from "../terms.ts";
import { compareTables } from "./compare-tables.ts";
import { type Clock, isoTime } from "./context.ts";
import { engineMessage } from "./engine-message.ts";
import { type FullDefinition, fullDefinition } from "./full-definition.ts";
import { ignoredUpstreams, staleReasons } from "./stale-reasons.ts";
import { isEqual, type TableComparison } from "./table-comparison.ts";
import { createTemporary, dropTemporary } from "./temporary-table.ts";

export interface VerifyContext {
  readonly manifest: Pick<Manifest, "tables">;
  readonly engine: Pick<Engine, "keyHash" | "contentHash">;
  readonly store: VerificationStore;
  readonly publications: ReadonlyMap<string, Publication>;
  readonly clock: Clock;
  /** Rows shown of each kind of difference. */
  readonly samples: number;
  /** Compare also where a difference would prove nothing. */
  readonly stale: boolean;
}

/**
 * `verified`: the published rows are those of a full build · `differs` · `may_differ`: they differ, and changes of an upstream that the table
 * ignores may be why · `stale`: not compared, as a full build would read newer upstreams or another definition · `skipped`: cannot be
 * compared at all · `failed`: the full build failed.
 */
export type VerificationStatus = RecordedVerification["status"] | "stale" | "skipped" | "failed";

/** Shape of an entry of `results` in `assay verify --json`. */
export interface Verification {
  readonly table: TableName;
  readonly status: VerificationStatus;
  /** Of the published table; null when there is none. */
  readonly version: string | null;
  readonly run_id: string | null;
  readonly rows: number | null;
  readonly duration_ms: number;
  /** What an equal comparison proves: all rows, or that no key is missing. */
  readonly proves: FullDefinition["proves"];
  readonly notes: readonly string[];
  /** From the published table (old) to the full build (new). */
  readonly comparison: TableComparison | null;
  readonly error: ErrorReport | null;
}

/** Builds a model in full beside the published table and compares them; publishes nothing. What was found is recorded. */
export async function verifyTable(context: VerifyContext, session: Session, table: ModelTable): Promise<Verification> {
  const started = context.clock();
  const published = context.publications.get(table.name);
  const definition = fullDefinition(session.sql, table);
  const stale = staleReasons(table, context.manifest, context.publications);
  const finish = (status: VerificationStatus, found: Partial<Verification>): Verification => ({
    table: table.name,
    status,
    version: published?.version ?? null,
    run_id: published?.run_id ?? null,
    rows: published?.rows ?? null,
    duration_ms: Math.round(context.clock() - started),
    proves: definition.proves,
    notes: [],
    comparison: null,
    error: null,
    ...found,
  });
  if (definition.proves === "none") return finish("skipped", { notes: [definition.reason] });
  if (published === undefined || (stale.length > 0 && !context.stale)) return finish("stale", { notes: stale });
  try {
    return await session.transaction(async () => {
      const comparison = await compareWithFullBuild(context, session, table, definition, published);
      const status = statusOf(context, table, definition, comparison);
      const result = finish(status, { comparison, notes: [...stale, ...notesOn(context, table, definition, comparison)] });
      // With newer upstreams a difference is no finding, equality still is.
      if (stale.length === 0 || status === "verified") {
        const { version, run_id } = published;
        await context.store.record(session, { table: table.name, version, run_id, verified_at: isoTime(context.clock()), status });
      }
      return result;
    });
  } catch (error) {
    return finish("failed", { notes: stale, error: verifyError(context, table, error).report() });
  }
}

async function compareWithFullBuild(
  context: VerifyContext,
  session: Session,
  table: ModelTable,
  definition: Exclude<FullDefinition, { readonly proves: "none" }>,
  published: Publication,
): Promise<TableComparison> {
  const scratch = quoteIdentifier(`full build of ${table.name}`);
  await createTemporary(session, scratch, { text: definition.text, params: picked(published.params, definition.params) });
  const name = session.sql.table(table.name);
  const old = definition.proves === "rows" ? name : `(select ${columnList(table.grain)} from ${name})`;
  const comparison = await compareTables(context.engine, session, {
    old,
    new: scratch,
    key: table.grain,
    contract: table.columns,
    samples: context.samples,
  });
  await dropTemporary(session, scratch);
  return comparison;
}

function statusOf(
  context: VerifyContext,
  table: ModelTable,
  { proves }: FullDefinition,
  comparison: TableComparison,
): RecordedVerification["status"] {
  if (proves === "keys" ? comparison.added === 0 : isEqual(comparison)) return "verified";
  return changedAndIgnored(context, table).length > 0 ? "may_differ" : "differs";
}

/** Ignored upstreams that had other rows once: an upstream of one version only explains no difference. */
function changedAndIgnored(context: VerifyContext, table: ModelTable): readonly TableName[] {
  return ignoredUpstreams(table).filter((name) => context.publications.get(name)?.version !== "1");
}

function notesOn(context: VerifyContext, table: ModelTable, { proves }: FullDefinition, comparison: TableComparison): readonly string[] {
  if (proves === "keys") return notesOnKeys(table, comparison);
  const history =
    table.materialize.kind === "snapshot"
      ? ["a snapshot: its validity was made again from every version it has kept and those its SQL yields now"]
      : [];
  if (isEqual(comparison)) return history;
  const ignored = changedAndIgnored(context, table);
  return [
    ...history,
    ...(ignored.length === 0 ? [] : [`it ignores changes of ${ignored.join(", ")}: rows built earlier may differ on purpose`]),
    ...(table.incremental?.warnings ?? doublesNote(table, comparison)),
  ];
}

/** What the compiler says of a model that follows changes; of others the values tell. */
function doublesNote(table: ModelTable, comparison: TableComparison): readonly string[] {
  const doubles = comparison.columns
    .map(({ column }) => column)
    .filter((name) => table.columns.find((column) => column.name === name)?.type.kind === "double");
  return doubles.length === 0 ? [] : [`sums of doubles depend on the order of rows (${doubles.join(", ")}): a decimal column does not`];
}

function notesOnKeys(table: ModelTable, comparison: TableComparison): readonly string[] {
  const [, ...joined] = table.upstreams;
  return [
    "an append table: proven is that no key of its SQL is missing; values of rows added earlier are not compared",
    ...(comparison.removed === 0 ? [] : [goneKeys(comparison.removed)]),
    ...(comparison.added === 0 || joined.length === 0
      ? []
      : [`rows follow ${table.upstreams[0]} only: what came late in ${joined.join(", ")} adds none`]),
  ];
}

const goneKeys = (count: number): string =>
  count === 1
    ? "1 key is no longer in what the SQL yields; append keeps it"
    : `${count} keys are no longer in what the SQL yields; append keeps them`;

function verifyError(context: VerifyContext, table: ModelTable, error: unknown): AssayError {
  if (error instanceof AssayError) return error;
  return new AssayError("BUILD_FAILED", `${table.name}: ${engineMessage(error, table, context.manifest)}`, {
    hint: "the full build failed; what is published was not touched",
    location: table.location,
    cause: error,
  });
}
