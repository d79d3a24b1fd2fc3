import type { ModelDefinition } from "../../define/model.ts";
import { quoteTable } from "../../define/quote.ts";
import type { Location } from "../../terms.ts";
import { withoutSemicolon } from "../clauses.ts";
import type { UpstreamLink } from "../incremental/upstream-link.ts";
import type { LedgerPlan, ModelTable } from "../manifest.ts";
import { picked } from "../params.ts";
import { lineOf } from "../parse-models.ts";
import { engineChecks } from "./engine-checks.ts";
import { overriddenModel } from "./engine-override.ts";
import { deltaRelation, hatRelation, touchedRelation } from "./engine-relations.ts";
import { type EngineContext, engineExpression, engineQuery, engineTextIfAny } from "./engine-text.ts";

/** A model with everything that runs on the engine in the engine's SQL. */
export async function engineModel(table: ModelTable, definition: ModelDefinition | undefined, context: EngineContext): Promise<ModelTable> {
  const override = definition?.overrides?.[context.dialect.key];
  const own =
    override === undefined ? await carriedModel(table, definition, context) : await overriddenModel(table, override, definition, context);
  return { ...table, ...own, materialize: await engineMaterialization(table, context), checks: await engineChecks(table, context) };
}

/** What of a model is its own SQL, or made of it. */
export type OwnSql = Pick<ModelTable, "select" | "incremental" | "ledger" | "fingerprint"> & Partial<Pick<ModelTable, "override">>;

async function carriedModel(table: ModelTable, definition: ModelDefinition | undefined, context: EngineContext): Promise<OwnSql> {
  const params = picked(context.samples, table.params);
  const place = placeWithin(table.select, table.sql, definition?.sql.location ?? table.location);
  const before = context.errors.length;
  const select = await engineQuery({ text: table.select, params, owner: table.name, place }, context);
  // What the platform makes of a text that cannot be carried over says nothing new.
  if (context.errors.length > before) return table;
  return {
    select,
    incremental: table.incremental === null ? null : await followedChanges(table, table.incremental, definition, context),
    ledger: await engineLedger(table, context),
    fingerprint: table.fingerprint,
  };
}

/** Lines of the author's text, which stands within another. */
function placeWithin(whole: string, part: string, location: Location): (offset: number | null) => Location {
  const text = withoutSemicolon(part);
  const start = Buffer.byteLength(whole.slice(0, Math.max(0, whole.lastIndexOf(text))));
  return (offset) => ({
    ...location,
    line: offset === null || offset < start ? location.line : lineOf({ kind: "sql", text, location }, offset - start),
  });
}

async function followedChanges(
  table: ModelTable,
  plan: NonNullable<ModelTable["incremental"]>,
  definition: ModelDefinition | undefined,
  context: EngineContext,
): Promise<NonNullable<ModelTable["incremental"]>> {
  const upstreams: UpstreamLink[] = [];
  for (const link of plan.upstreams) upstreams.push(await engineLink(link, table, definition, context));
  const given = [touchedRelation(table.columns, plan.by)];
  const params = picked(context.samples, table.params);
  const spliced = plan.spliced === null ? null : await engineTextIfAny({ text: plan.spliced, params, given }, context);
  return { ...plan, upstreams, spliced };
}

/** A link whose SQL is the engine's. */
export async function engineLink(
  link: UpstreamLink,
  table: ModelTable,
  definition: ModelDefinition | undefined,
  context: EngineContext,
): Promise<UpstreamLink> {
  if (link.kind === "ignored" || link.kind === "full") return link;
  const columnsOf = (name: typeof link.table) => context.columns.get(name) ?? [];
  const given = [deltaRelation(link.table, columnsOf(link.table)), ...link.hats.map((name) => hatRelation(name, columnsOf(name)))];
  if (link.kind === "linked") {
    const touched = await engineTextIfAny({ text: link.touched, given }, context);
    if (touched !== null) return { ...link, touched };
    return {
      table: link.table,
      kind: "full",
      reason: `the SQL that would follow its changes cannot be carried over to ${context.dialect.engine}`,
    };
  }
  const touches = definition?.materialize.kind === "incremental" ? definition.materialize.touches : {};
  const written = Object.entries(touches).find(([name]) => name.toLowerCase() === link.table.toLowerCase())?.[1];
  const place = placeWithin(link.touched, written?.text ?? "", written?.location ?? table.location);
  const owner = `${table.name}: touches of ${link.table}`;
  return { ...link, touched: await engineQuery({ text: link.touched, given, owner, place }, context) };
}

async function engineLedger({ ledger }: ModelTable, context: EngineContext): Promise<LedgerPlan> {
  if (ledger.measure === null) return ledger;
  const measure = await engineTextIfAny({ text: ledger.measure, params: picked(context.samples, ledger.params) }, context);
  return measure === null ? withoutMeasure(ledger) : { ...ledger, measure };
}

/** What is known without the measuring query. */
function withoutMeasure(ledger: LedgerPlan): LedgerPlan {
  const upstreams = ledger.upstreams.map((use) => (use.used.kind === "measured" ? { ...use, used: { kind: "unknown" as const } } : use));
  return { ...ledger, keeps: ledger.where === null ? ledger.keeps : null, measure: null, params: [], upstreams };
}

async function engineMaterialization(table: ModelTable, context: EngineContext): Promise<ModelTable["materialize"]> {
  const { materialize } = table;
  if (materialize.kind !== "snapshot" || materialize.deleted === null) return materialize;
  const source = { text: materialize.deleted, owner: `${table.name}: snapshot deleted`, place: () => table.location };
  const over = { over: quoteTable(table.name), columns: table.columns.map((column) => column.name) };
  return { ...materialize, deleted: await engineExpression({ ...source, ...over }, context) };
}
