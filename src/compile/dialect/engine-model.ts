import type { ModelDefinition } from "../../define/model.ts";
import { quoteTable } from "../../define/quote.ts";
import { fingerprintOfParts } from "../fingerprint.ts";
import type { UpstreamLink } from "../incremental/upstream-link.ts";
import type { LedgerPlan, ModelTable } from "../manifest.ts";
import { picked } from "../params.ts";
import { engineChecks } from "./engine-checks.ts";
import { engineLink } from "./engine-link.ts";
import { type OwnSql, overriddenModel } from "./engine-override.ts";
import { touchedRelation } from "./engine-relations.ts";
import { type EngineContext, engineExpression, engineQuery, engineTextIfAny } from "./engine-text.ts";
import { placeWithin } from "./place-within.ts";

/** A model with everything that runs on the engine in the engine's SQL. */
export async function engineModel(table: ModelTable, definition: ModelDefinition | undefined, context: EngineContext): Promise<ModelTable> {
  const override = definition?.overrides?.[context.dialect.key];
  const own =
    override === undefined ? await carriedModel(table, definition, context) : await overriddenModel(table, override, definition, context);
  const [materialize, checks] = [await engineMaterialization(table, context), await engineChecks(table, context)];
  return { ...table, ...own, materialize, checks, fingerprint: withIndexes(own.fingerprint, table) };
}

/** Where tables have indexes, another one is another table. */
function withIndexes(fingerprint: string, { indexes, materialize }: ModelTable): string {
  const none = materialize.kind === "view" || Object.keys(indexes).length === 0;
  return none ? fingerprint : `${fingerprint} ${fingerprintOfParts({ indexes })}`;
}

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
  if ("why" in plan.splice) return { ...plan, upstreams };
  const text = await engineTextIfAny({ text: plan.splice.text, params, given }, context);
  const why = `its SQL with restricted reads cannot be said in the SQL of ${context.dialect.engine}`;
  return { ...plan, upstreams, splice: text === null ? { why } : { text } };
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
