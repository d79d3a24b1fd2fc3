import { quoteTable } from "../../define/quote.ts";
import { splitTable } from "../../define/split-table.ts";
import { type AssayError, throwAll } from "../../errors.ts";
import type { RelationName, SqlDialect } from "../../ports/sql-dialect.ts";
import type { TableName } from "../../terms.ts";
import type { FileCache } from "../file-cache.ts";
import { fingerprintOf } from "../fingerprint.ts";
import type { BronzeTable, Manifest, ManifestTable, ModelTable } from "../manifest.ts";
import { sampleParams } from "../params.ts";
import type { Project } from "../project.ts";
import { engineChecks } from "./engine-checks.ts";
import { engineFunctions } from "./engine-functions.ts";
import { engineModel } from "./engine-model.ts";
import { type EngineContext, engineExpression } from "./engine-text.ts";

export interface EngineTarget {
  /** Its analyzer is the one that compiled the manifest: the tables have to be known to it. */
  readonly dialect: SqlDialect;
  /** Where the tables stand in the engine; one that is missing stands under its own name. */
  readonly relations: ReadonlyMap<TableName, RelationName>;
  /** Schema of the project's functions there. */
  readonly functionSchema: string;
  /** What was carried over before; default: nothing was. */
  readonly cache?: Pick<FileCache, "get">;
}

/**
 * A compiled project with the SQL of another engine wherever the engine runs it; what runs where files are read stays as it is. References,
 * types, lineage and fingerprints are those of DuckDB's SQL. Throws SQL_NOT_PORTABLE for everything that cannot be carried over, at once.
 */
export async function engineManifest(
  manifest: Manifest,
  project: Project,
  { dialect, relations, functionSchema, cache = noCache }: EngineTarget,
): Promise<Manifest> {
  const errors: AssayError[] = [];
  const around = {
    dialect,
    relations: new Map([...manifest.tables.map(({ name }) => [name, splitTable(name)] as const), ...relations]),
    columns: new Map(manifest.tables.map((table) => [table.name, table.columns] as const)),
    samples: await sampleParams(project),
    errors,
  };
  const { engine, key } = dialect;
  const bodies = project.functions?.map((definition) => [definition.name, definition.bodies[key]]);
  const functions = await cache.get([engine, manifest.functions, bodies, functionSchema, [...around.relations]], () =>
    engineFunctions(manifest.functions, project.functions ?? [], functionSchema, around),
  );
  throwAll(errors);
  const context: EngineContext = { ...around, functions };
  const surroundings = fingerprintOf([engine, functions, [...around.relations], [...around.columns], around.samples]);
  const tables = await Promise.all(
    manifest.tables.map((table) => {
      const definition = project.models.find((model) => model.name === table.name);
      return cache.get<ManifestTable>([surroundings, table, definition?.overrides?.[key]], () =>
        table.kind === "bronze" ? engineBronze(table, context) : engineModel(table, definition, context),
      );
    }),
  );
  throwAll(errors);
  return { ...manifest, functions, tables: withOverriddenViews(tables, dialect.engine) };
}

const noCache: Pick<FileCache, "get"> = { get: (_, make) => make() };

/** Files are read, and rows judged, in DuckDB; published rows are checked and merged in the engine. */
async function engineBronze(table: BronzeTable, context: EngineContext): Promise<BronzeTable> {
  const checks = await engineChecks(table, context);
  if (table.deleted === null) return { ...table, checks };
  const source = { text: table.deleted, owner: `${table.name}: deleted`, place: () => table.location };
  const columns = table.columns.map((column) => column.name);
  return { ...table, checks, deleted: await engineExpression({ ...source, over: quoteTable(table.name), columns }, context) };
}

/** A model that reads a view whose SQL is written by hand does not know what changes below the view mean. */
function withOverriddenViews(tables: readonly ManifestTable[], engine: string): readonly ManifestTable[] {
  const views = new Map(
    tables.flatMap((table) => (table.kind === "model" && table.materialize.kind === "view" ? [[table.name, table] as const] : [])),
  );
  return tables.map((table) => {
    if (table.kind === "bronze" || table.incremental === null || table.incremental.views.length === 0) return table;
    const { incremental } = table;
    const byHand = incremental.views.find((view) => views.get(view.table)?.override !== undefined);
    const read = incremental.views.map((view) => ({ ...view, fingerprint: views.get(view.table)?.fingerprint ?? view.fingerprint }));
    return { ...table, incremental: { ...(byHand === undefined ? incremental : inFull(incremental, byHand.table, engine)), views: read } };
  });
}

type Followed = NonNullable<ModelTable["incremental"]>;

function inFull(plan: Followed, view: TableName, engine: string): Followed {
  const reason = `it is read through ${view}, whose SQL for ${engine} is written by hand`;
  const upstreams = plan.upstreams.map((link) => (link.kind === "linked" ? ({ table: link.table, kind: "full", reason } as const) : link));
  return { ...plan, upstreams, splice: { why: reason } };
}
