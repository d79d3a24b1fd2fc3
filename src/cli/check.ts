import { basename } from "node:path";
import type { Manifest } from "../compile/manifest.ts";
import { AssayError } from "../errors.ts";
import { groupDigits } from "../observe/group-digits.ts";
import { printable } from "../observe/printable.ts";
import type { EvolvedColumn } from "../ports/state-store.ts";
import type { TableName } from "../terms.ts";
import { print } from "./output.ts";
import { type CommonOptions, openAndCompile, readDatabase, type Workspace } from "./workspace.ts";

/** `assay check`: compiles the project without touching data. */
export async function checkCommand(options: CommonOptions): Promise<number> {
  const started = performance.now();
  const { workspace, compiled } = await openAndCompile(options);
  const manifest = await compiled;
  const count = (layer: string): number => manifest.tables.filter((table) => table.layer === layer).length;
  const evolved = await evolvedColumns(workspace, manifest);
  const summary = {
    project: manifest.project,
    environment: workspace.environment,
    tables: manifest.tables.map((table) => {
      const { name, kind, grain, columns, upstreams } = table;
      return { name, kind, grain, columns: columns.length, upstreams, fan_out: table.kind === "model" ? table.fanOut : {} };
    }),
    evolved,
    sinks: manifest.sinks.map(({ name, schema, tables }) => ({ name, schema, tables })),
    duration_ms: Math.round(performance.now() - started),
  };
  print(options.json, summary, () => {
    const checks = manifest.tables.reduce((sum, table) => sum + table.checks.length, 0);
    const layers = ["bronze", "silver", "gold"].map((layer) => `${groupDigits(String(count(layer)))} ${layer}`).join(" · ");
    const found = evolved.map(
      ({ table, columns }) => `▲ ${table}: evolved columns not in the contract: ${columns.map(columnText).join(", ")}`,
    );
    const accepted = manifest.tables.flatMap((table) =>
      table.kind === "model"
        ? Object.entries(table.fanOut).map(([other, reason]) => `  ${table.name}: ${other} may repeat its measures – ${printable(reason)}`)
        : [],
    );
    const holds = `✓ ${manifest.project}: ${layers}, ${checks} declared checks – references, types and contracts hold (${summary.duration_ms} ms)`;
    return [holds, ...accepted, ...found].join("\n");
  });
  return 0;
}

interface EvolvedTable {
  readonly table: TableName;
  readonly columns: readonly EvolvedColumn[];
}

const columnText = ({ name, type, first_file: file }: EvolvedColumn): string => `${name} ${type} (since ${basename(file)})`;

/** Columns that sources brought and no contract has yet; none where the database cannot be asked now. */
async function evolvedColumns(workspace: Workspace, manifest: Manifest): Promise<readonly EvolvedTable[]> {
  const evolving = manifest.tables.filter((table) => table.kind === "bronze" && table.schema === "evolve");
  if (evolving.length === 0) return [];
  try {
    const recorded = await readDatabase(workspace, (session) => workspace.warehouse.store.readEvolvedColumns(session));
    return evolving.flatMap((table) => {
      const own = new Set(table.columns.map((column) => column.name.toLowerCase()));
      const columns = (recorded?.get(table.name) ?? []).filter((column) => !own.has(column.name.toLowerCase()));
      return columns.length === 0 ? [] : [{ table: table.name, columns }];
    });
  } catch (error) {
    // A hint must not keep a project from being checked, for instance while a run is under way.
    if (error instanceof AssayError) return [];
    throw error;
  }
}
