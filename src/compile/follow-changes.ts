import type { AssayError } from "../errors.ts";
import type { SqlAnalyzer } from "../ports/sql-analyzer.ts";
import type { Params, TableName } from "../terms.ts";
import { contractSelect } from "./contract.ts";
import { incrementalPlan } from "./incremental/incremental-plan.ts";
import type { FollowedChanges } from "./incremental/upstream-link.ts";
import type { ManifestTable, ModelTable } from "./manifest.ts";
import type { CompiledModel } from "./model-table.ts";
import { picked } from "./params.ts";
import { ownColumns, ownKey } from "./snapshot-columns.ts";

/** Tables with the way each model follows changes, and the upstreams whose row changes have to be recorded for that. */
export async function followChanges(
  tables: readonly ManifestTable[],
  compiled: readonly CompiledModel[],
  samples: Params,
  analyzer: SqlAnalyzer,
): Promise<{ readonly tables: readonly ManifestTable[]; readonly errors: readonly AssayError[] }> {
  const errors: AssayError[] = [];
  const plans = new Map<TableName, FollowedChanges>();
  const byName = new Map(tables.map((table) => [table.name, table] as const));
  const results = await Promise.all(
    compiled.map(async (model) => {
      const by = valuesOf(model.table);
      return by === null ? null : incrementalPlan(inputOf(model, by, byName, samples), analyzer);
    }),
  );
  for (const [index, model] of compiled.entries()) {
    const result = results[index] ?? null;
    if (result === null) continue;
    if (!("by" in result)) {
      // The other kinds never compute a row again, so that a function of the moment is as good as any.
      if (model.table.materialize.kind === "incremental") errors.push(...result);
      continue;
    }
    const { splice } = result;
    const own = ownColumns(model.table);
    plans.set(model.table.name, {
      ...result,
      splice: "why" in splice ? splice : { text: contractSelect(splice.text, own, model.described) },
      views: viewsAmong(readThrough(model.table, byName)).map(({ name, fingerprint }) => ({ table: name, fingerprint })),
    });
  }
  const tracked = new Set(
    [...plans.values()].flatMap((plan) =>
      plan.upstreams.flatMap((link) => (link.kind === "linked" || link.kind === "declared" ? [link.table] : [])),
    ),
  );
  const followed = tables.map((table): ManifestTable => {
    const isTracked = tracked.has(table.name);
    return table.kind === "bronze"
      ? { ...table, tracked: isTracked }
      : { ...table, tracked: isTracked, incremental: plans.get(table.name) ?? null };
  });
  return { tables: followed, errors };
}

/** The columns whose touched values are rebuilt: of an append table and a snapshot the key. */
function valuesOf(table: ModelTable): readonly string[] | null {
  const { materialize } = table;
  switch (materialize.kind) {
    case "table":
    case "view":
      return null;
    case "incremental":
      return materialize.by;
    case "append":
    case "snapshot":
      return ownKey(table);
    default:
      return materialize satisfies never;
  }
}

function inputOf(
  { table, parsed }: CompiledModel,
  by: readonly string[],
  tables: ReadonlyMap<TableName, ManifestTable>,
  samples: Params,
): Parameters<typeof incrementalPlan>[0] {
  const { materialize } = table;
  const read = readThrough(table, tables);
  const declared = materialize.kind === "incremental" ? materialize : null;
  return {
    name: table.name,
    location: table.location,
    text: table.sql,
    parsed: { tree: parsed.tree, identity: parsed.identity },
    columns: ownColumns(table),
    by,
    upstreams: new Map(read.map((item) => [item.name, item.columns] as const)),
    views: new Map(viewsAmong(read).map((view) => [view.name, view.select] as const)),
    touches: Object.fromEntries(Object.entries(declared?.touches ?? {}).map(([name, query]) => [name, query.text])),
    ignoreChanges: (declared?.ignoreChanges ?? []) as readonly TableName[],
    params: picked(samples, table.params),
  };
}

/** The tables a model reads, and those that views among them read. */
function readThrough(table: ModelTable, tables: ReadonlyMap<TableName, ManifestTable>): readonly ManifestTable[] {
  const found = new Map<TableName, ManifestTable>();
  const open = [...table.upstreams];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const item = tables.get(name);
    if (item === undefined || found.has(name)) continue;
    found.set(name, item);
    if (item.kind === "model" && item.materialize.kind === "view") open.push(...item.upstreams);
  }
  return [...found.values()];
}

const viewsAmong = (tables: readonly ManifestTable[]): readonly ModelTable[] =>
  tables.filter((table): table is ModelTable => table.kind === "model" && table.materialize.kind === "view");
