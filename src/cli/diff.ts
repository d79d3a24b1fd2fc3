import { duckdbHashes } from "../adapters/duckdb/engine.ts";
import type { Manifest } from "../compile/manifest.ts";
import { AssayError } from "../errors.ts";
import { diffEnvironments } from "../execute/diff-environments.ts";
import { diffRuns } from "../execute/diff-runs.ts";
import { selectTables } from "../plan/selection.ts";
import type { State } from "../ports/state-store.ts";
import type { TableName } from "../terms.ts";
import { openBoth } from "./open-both.ts";
import { print, renderOptions } from "./output.ts";
import { renderDiff } from "./render/render-diff.ts";
import { resolveRun } from "./resolve-run.ts";
import { compileWorkspace, openWorkspace, readTables, type Workspace } from "./workspace.ts";

export interface DiffOptions {
  readonly project: string;
  readonly json?: boolean;
  readonly env?: readonly string[];
  readonly table?: readonly string[];
  readonly samples: number;
}

/** `assay diff RUN_A [RUN_B]` or `assay diff --table T --env A --env B`: rows added, removed and changed. */
export async function diffCommand(runs: readonly string[], options: DiffOptions): Promise<number> {
  const environments = options.env ?? [];
  if (runs.length > 0 && environments.length <= 1) return betweenRuns(runs, environments[0], options);
  if (runs.length === 0 && environments.length === 2) return betweenEnvironments(environments, options);
  throw new AssayError("USAGE", "diff compares two runs, or tables in two environments", {
    hint: "assay diff last~1 last, or assay diff --table gold.sales --env dev --env pro",
  });
}

async function betweenRuns(
  [a = "", b = "last"]: readonly string[],
  environment: string | undefined,
  options: DiffOptions,
): Promise<number> {
  const workspace = await workspaceOf(options, environment);
  const manifest = await compileWorkspace(workspace);
  const found = await readTables(workspace, async (session) => {
    const { store } = workspace.warehouse;
    const newestFirst = (await store.listRuns(session, 100_000)).map((run) => run.run_id);
    const [old, now] = [resolveRun(newestFirst, a), resolveRun(newestFirst, b)];
    if (old === now) {
      throw new AssayError("USAGE", `${a} and ${b} are the same run, ${old}`, {
        hint: "what the last run changed: assay diff last~1 last",
      });
    }
    const state = await store.read(session);
    const tables = await diffRuns(session, {
      manifest,
      engine: workspace.warehouse.hashes,
      store,
      state,
      runs: newestFirst.toReversed(),
      old,
      new: now,
      tables: options.table === undefined ? null : tablesOf(manifest, state, options.table),
      samples: options.samples,
    });
    return { old, now, tables };
  });
  const { old, now, tables } = found;
  const document = { old: { env: workspace.environment, run_id: old }, new: { env: workspace.environment, run_id: now }, tables };
  print(options.json, document, () => renderDiff(tables, { ...renderOptions(), old: `run ${old}`, new: `run ${now}` }));
  return 0;
}

/** Tables by selector; by name also those that the project does not declare any more. */
function tablesOf(manifest: Manifest, state: State, selectors: readonly string[]): ReadonlySet<TableName> {
  const gone = [...state.commits.keys()].filter(
    (name) => !manifest.tables.some((table) => table.name === name) && selectors.includes(name),
  );
  const declared = selectors.filter((selector) => !gone.some((name) => name === selector));
  return new Set([...gone, ...(declared.length === 0 ? [] : selectTables(manifest, declared))]);
}

async function betweenEnvironments(names: readonly string[], options: DiffOptions): Promise<number> {
  if (options.table === undefined) {
    throw new AssayError("USAGE", "diff of two environments needs --table", {
      hint: `assay diff --table gold.* ${names.map((name) => `--env ${name}`).join(" ")}`,
    });
  }
  const [old, now] = await Promise.all(names.map((name) => workspaceOf(options, name)));
  if (old === undefined || now === undefined) throw new Error("two environments were counted");
  if (old.warehouse.identity === now.warehouse.identity) {
    throw new AssayError("USAGE", `environments ${old.environment} and ${now.environment} have the same database`, {
      hint: "name two environments with databases of their own",
      location: old.project.config.location,
    });
  }
  const manifest = await compileWorkspace(old);
  const selected = selectTables(manifest, options.table);
  const tables = manifest.tables.filter((table) => selected.has(table.name));
  const both = await openBoth(old, now, tables);
  const { session } = both;
  try {
    const diffs = await diffEnvironments(session, {
      manifest,
      engine: duckdbHashes,
      old: both.old,
      new: both.new,
      tables: selected,
      samples: options.samples,
    });
    const [missing] = diffs;
    if (missing?.reason != null && diffs.every((table) => table.status === "missing")) {
      const [without = now] = [old, now].filter((_, index) => [both.old, both.new][index]?.publications.has(missing.table) === false);
      throw new AssayError("NOT_COMPARABLE", missing.reason, {
        hint: `build it there: assay run --env ${without.environment} --select +${missing.table}`,
        location: manifest.tables.find((table) => table.name === missing.table)?.location,
      });
    }
    const document = { old: { env: old.environment, run_id: null }, new: { env: now.environment, run_id: null }, tables: diffs };
    const between = { old: `environment ${old.environment}`, new: `environment ${now.environment}` };
    print(options.json, document, () => renderDiff(diffs, { ...renderOptions(), ...between }));
    return 0;
  } finally {
    await both.close();
  }
}

const workspaceOf = (options: DiffOptions, env: string | undefined): Promise<Workspace> =>
  openWorkspace({ project: options.project, ...(env === undefined ? {} : { env }) });
