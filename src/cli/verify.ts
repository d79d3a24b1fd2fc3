import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest, ModelTable } from "../compile/manifest.ts";
import { AssayError } from "../errors.ts";
import { whyNotVerified } from "../execute/full-definition.ts";
import { type Verification, type VerifyContext, verifyTable } from "../execute/verify-table.ts";
import { withSession } from "../execute/with-session.ts";
import { selectTables } from "../plan/selection.ts";
import type { Session } from "../ports/engine.ts";
import type { RecordedVerification } from "../ports/verification-store.ts";
import { print, renderOptions } from "./output.ts";
import { renderVerification, renderVerificationSummary } from "./render/render-verification.ts";
import { type CommonOptions, compileWorkspace, openWorkspace, readTables } from "./workspace.ts";

export interface VerifyOptions extends CommonOptions {
  readonly samples: number;
  readonly stale?: boolean;
}

/** An entry of `results` in `assay verify --json`: `last` is what the verification before this one found. */
export type ShownVerification = Verification & { readonly last: RecordedVerification | null };

/** `assay verify [MODEL…]`: builds models in full in scratch and compares. Exit code 1 unless every one that can be verified is. */
export async function verifyCommand(selectors: readonly string[], options: VerifyOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const manifest = await compileWorkspace(workspace);
  const models = modelsToVerify(manifest, selectors);
  // Without state there is nothing to verify, and no database is to be made.
  await readTables(workspace, async () => null);
  // Only one process at a time owns the environment: what is in the folder was left behind.
  const scratch = join(workspace.platformFolder, "scratch", `verify-${workspace.environment}`);
  const { warehouse } = workspace;
  const { engine, close } = await warehouse.own("assay verify", scratch);
  try {
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch, { recursive: true });
    const results = await withSession(engine, async (session) => {
      await warehouse.store.migrate(session);
      await engine.defineFunctions(session, manifest.functions);
      const { publications } = await warehouse.store.read(session);
      const context: VerifyContext = {
        manifest,
        engine: warehouse.hashes,
        store: warehouse.verifications,
        publications,
        clock: Date.now,
        samples: options.samples,
        stale: options.stale ?? false,
      };
      return verifyAll(context, session, models, (result) => {
        if (options.json !== true)
          process.stdout.write(`${renderVerification(result, { ...renderOptions(), names: models.map((model) => model.name) })}\n`);
      });
    });
    print(options.json, { env: workspace.environment, results }, () => renderVerificationSummary(results, renderOptions()));
    return results.every(({ status }) => status === "verified" || status === "may_differ" || status === "skipped") ? 0 : 1;
  } finally {
    await close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Every stored model, or the selected ones. Throws NOT_COMPARABLE when none of them can be verified. */
function modelsToVerify(manifest: Manifest, selectors: readonly string[]): readonly ModelTable[] {
  const selected = selectTables(manifest, selectors.length === 0 ? ["*"] : selectors);
  const tables = manifest.tables.filter((table) => selected.has(table.name));
  const models = tables.filter((table): table is ModelTable => table.kind === "model");
  const reasons = models.flatMap((model) => whyNotVerified(model) ?? []);
  if (models.length > reasons.length) return selectors.length > 0 ? models : models.filter((model) => whyNotVerified(model) === null);
  const [reason = `${tables[0]?.name} is no model: it holds what its source gave`] = reasons;
  throw new AssayError("NOT_COMPARABLE", reason, {
    hint: "verify takes stored models, for example assay verify gold.*",
    location: tables[0]?.location,
  });
}

async function verifyAll(
  context: VerifyContext,
  session: Session,
  models: readonly ModelTable[],
  shown: (result: ShownVerification) => void,
): Promise<readonly ShownVerification[]> {
  const before = await context.store.latest(session);
  const results: ShownVerification[] = [];
  for (const model of models) {
    const found = await verifyTable(context, session, model);
    const upstream = results.find(({ table, status }) => status === "differs" && model.upstreams.includes(table));
    const inherited =
      found.status === "differs" && upstream !== undefined
        ? [`${upstream.table}, which it reads, differs too: this may follow from it`]
        : [];
    const result = { ...found, notes: [...found.notes, ...inherited], last: before.get(model.name) ?? null };
    results.push(result);
    shown(result);
  }
  return results;
}
