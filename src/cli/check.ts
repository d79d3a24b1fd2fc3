import { groupDigits } from "../observe/group-digits.ts";
import { printable } from "../observe/printable.ts";
import { print } from "./output.ts";
import { type CommonOptions, compileWorkspace, openWorkspace } from "./workspace.ts";

/** `assay check`: compiles the project without touching data. */
export async function checkCommand(options: CommonOptions): Promise<number> {
  const started = performance.now();
  const workspace = await openWorkspace(options);
  const manifest = await compileWorkspace(workspace);
  const count = (layer: string): number => manifest.tables.filter((table) => table.layer === layer).length;
  const summary = {
    project: manifest.project,
    environment: workspace.environment,
    tables: manifest.tables.map((table) => {
      const { name, kind, grain, columns, upstreams } = table;
      return { name, kind, grain, columns: columns.length, upstreams, fan_out: table.kind === "model" ? table.fanOut : {} };
    }),
    sinks: manifest.sinks.map(({ name, schema, tables }) => ({ name, schema, tables })),
    duration_ms: Math.round(performance.now() - started),
  };
  print(options.json, summary, () => {
    const checks = manifest.tables.reduce((sum, table) => sum + table.checks.length, 0);
    const layers = ["bronze", "silver", "gold"].map((layer) => `${groupDigits(String(count(layer)))} ${layer}`).join(" · ");
    const accepted = manifest.tables.flatMap((table) =>
      table.kind === "model"
        ? Object.entries(table.fanOut).map(([other, reason]) => `  ${table.name}: ${other} may repeat its measures – ${printable(reason)}`)
        : [],
    );
    const holds = `✓ ${manifest.project}: ${layers}, ${checks} declared checks – references, types and contracts hold (${summary.duration_ms} ms)`;
    return [holds, ...accepted].join("\n");
  });
  return 0;
}
