import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { localLake } from "../adapters/files/lake.ts";
import type { Manifest } from "../compile/manifest.ts";
import { parseDuration } from "../define/duration.ts";
import type { Keep as KeepTexts } from "../define/project.ts";
import { AssayError } from "../errors.ts";
import { executeClean } from "../execute/clean.ts";
import { withSession } from "../execute/with-session.ts";
import { logsByRun } from "../observe/log-retention.ts";
import type { CleanPlan, Keep, LogOnDisk, ScratchOnDisk } from "../plan/clean-plan.ts";
import { planClean } from "../plan/plan-clean.ts";
import type { Retained } from "../ports/retention-store.ts";
import { print, renderOptions } from "./output.ts";
import { renderClean } from "./render/render-clean.ts";
import { openWarehouse } from "./warehouse/open-warehouse.ts";
import { type CommonOptions, compileWorkspace, openWorkspace, readDatabase, type Workspace } from "./workspace.ts";

export interface CleanOptions extends CommonOptions {
  readonly dryRun?: boolean;
  readonly tables?: boolean;
}

/** `assay clean`: removes what is older than the project's `keep` and no longer needed, or lists it. */
export async function cleanCommand(options: CleanOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const manifest = await compileWorkspace(workspace);
  const dryRun = options.dryRun ?? false;
  const plan = dryRun
    ? await planFor(workspace, manifest, options, await readDatabase(workspace, workspace.warehouse.retention.read))
    : await carryOut(workspace, manifest, options);
  const bytes = plan.items.reduce((sum, item) => sum + (item.action === "remove" ? (item.bytes ?? 0) : 0), 0);
  print(options.json, { dry_run: dryRun, items: plan.items, bytes }, () => renderClean(plan.items, { ...renderOptions(), dryRun }));
  return 0;
}

/** Owns the database meanwhile, so that no run is under way; one that is not there is not made for it. */
async function carryOut(workspace: Workspace, manifest: Manifest, options: CleanOptions): Promise<CleanPlan> {
  const lake = localLake(workspace.lakePath);
  const { warehouse } = workspace;
  if ((await readDatabase(workspace, async () => true)) === null) {
    const plan = await planFor(workspace, manifest, options, null);
    await executeClean(plan, { warehouse: null, lake });
    return plan;
  }
  const { engine, close } = await warehouse.own("assay clean", join(workspace.platformFolder, "scratch"));
  try {
    const retained = await withSession(engine, async (session) => {
      await warehouse.store.migrate(session);
      return warehouse.retention.read(session);
    });
    const plan = await planFor(workspace, manifest, options, retained);
    await executeClean(plan, { warehouse: { engine, store: warehouse.retention }, lake });
    return plan;
  } finally {
    await close();
  }
}

async function planFor(workspace: Workspace, manifest: Manifest, options: CleanOptions, retained: Retained | null): Promise<CleanPlan> {
  const keepTexts = workspace.project.config.keep;
  const others = await otherEnvironments(workspace);
  return planClean({
    manifest,
    now: Date.now(),
    keep: keepOf(keepTexts),
    keepTexts,
    tables: options.tables ?? false,
    retained,
    others: others.retained,
    sharedInUse: others.inUse,
    batches: await localLake(workspace.lakePath).batches(),
    logs: logsIn(join(workspace.platformFolder, "logs")),
    scratch: scratchIn(join(workspace.platformFolder, "scratch")),
  });
}

function keepOf(texts: KeepTexts): Keep {
  const length = (text: string): number | null => (text === "forever" ? null : parseDuration(text));
  return { batches: length(texts.batches), changes: length(texts.changes), logs: length(texts.logs), runs: length(texts.runs) };
}

/** The databases of the project's other environments; or why one of them cannot be asked, so that what they share must stay. */
async function otherEnvironments(workspace: Workspace): Promise<{ readonly retained: readonly Retained[]; readonly inUse: string | null }> {
  const { config } = workspace.project;
  const retained: Retained[] = [];
  const { variables, folders } = workspace;
  for (const [name, environment] of Object.entries(config.environments)) {
    if (name === workspace.environment) continue;
    try {
      const warehouse = await openWarehouse(name, environment, { variables, folders, location: config.location });
      if (warehouse.identity === workspace.warehouse.identity) continue;
      const found = await readDatabase({ ...workspace, environment: name, warehouse }, warehouse.retention.read);
      if (found !== null) retained.push(found);
    } catch (error) {
      if (!(error instanceof AssayError)) throw error;
      return { retained, inUse: `environment ${name}, which shares them, cannot be asked what it needs: ${error.message}` };
    }
  }
  return { retained, inUse: null };
}

function logsIn(folder: string): readonly LogOnDisk[] {
  return [...logsByRun(folder)].map(([run, { names, bytes, written }]) => ({
    run: `${run}.log`,
    files: names.map((name) => join(folder, name)),
    bytes,
    written,
  }));
}

function scratchIn(folder: string): readonly ScratchOnDisk[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => ({ name, path: join(folder, name), bytes: bytesOf(join(folder, name)) }));
}

function bytesOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) return stat?.size ?? 0;
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}
