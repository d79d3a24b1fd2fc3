import { join } from "node:path";
import type { Manifest } from "../../src/compile/manifest.ts";
import type { TableName } from "../../src/terms.ts";
import { type BronzeContent, rowsNow } from "./bronze-reference.ts";
import { diceOf } from "./dice.ts";
import { openPlatform, runProcess } from "./platform.ts";
import type { RunSpec, Scenario } from "./scenario.ts";
import { contentsOf, type Shadow } from "./shadow.ts";
import { applyChange } from "./source-files.ts";
import { Violation } from "./violation.ts";

/**
 * The project built once, in a new database, from all the files that count: the same tables. History and append tables, and what reads
 * them, hold what was seen on the way and are left out. Returns how many tables were compared.
 */
export async function checkFreshBuild(
  scenario: Scenario,
  manifest: Manifest,
  bronze: ReadonlyMap<TableName, BronzeContent>,
  shadow: Shadow,
  run: RunSpec,
  folder: string,
): Promise<number> {
  const { project } = scenario;
  if (!project.bronze.every((spec) => bronze.has(spec.name))) return 0;
  const platform = await openPlatform(folder);
  try {
    for (const spec of project.bronze) {
      for (const [index, file] of (bronze.get(spec.name)?.files ?? []).entries()) {
        const name = `${String(index).padStart(4, "0")}-${file.name}`;
        await applyChange(join(folder, "sources"), spec, { table: spec.name, file: name, rows: rowsNow(file) }, 0, shadow.session);
      }
    }
    const quiet = { sabotage: (text: string) => text, committed: async () => undefined, trace: () => undefined };
    const { result } = await runProcess(platform, manifest, { run, replay: null, tick: 0, dice: diceOf(scenario.seed, "order"), ...quiet });
    const late = new Set<TableName>();
    for (const model of project.models) {
      const { kind } = model.materialize;
      if (kind === "snapshot" || kind === "append" || model.reads.some((read) => late.has(read))) late.add(model.name);
    }
    const failed = result?.steps.find((step) => step.status === "failed" && !late.has(step.table));
    if (failed !== undefined) throw new Violation("fresh build", `${failed.step}: ${failed.error?.message}`);
    const tables = manifest.tables.filter((table) => !late.has(table.name));
    const [found, expected] = [await contentsOf(platform.look, tables), await shadow.contents(tables)];
    const other = tables.find((table) => found.get(table.name) !== expected.get(table.name));
    if (other === undefined) return tables.length;
    throw new Violation("fresh build", `${other.name} holds ${found.get(other.name)}, step by step ${expected.get(other.name)}`);
  } finally {
    await platform.close();
  }
}
