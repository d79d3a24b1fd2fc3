import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Writes the definitions of `example` (examples/nova-retail) into a folder, its sources reading `data/<table>/*.csv` month by month: a row
 * that comes again replaces the one with its key.
 */
export function writeMonthsProject(example: string, folder: string): void {
  for (const part of ["assay.config.ts", "models", "pipelines"]) cpSync(join(example, part), join(folder, part), { recursive: true });
  mkdirSync(join(folder, "sources"), { recursive: true });
  for (const file of readdirSync(join(example, "sources"))) {
    const name = file.replace(/\.ts$/, "").replaceAll("-", "_");
    const text = readFileSync(join(example, "sources", file), "utf8")
      .replace(/import \{ (.*) \} from "assay";\nimport .*olist\.ts";/, 'import { csv, $1 } from "assay";')
      .replace(/from: olistFile\(".*?"\)/, `from: csv("data/${name}/*.csv")`)
      .replace(/replicate: scaled\(.*?\),/, 'load: "merge",');
    if (!text.includes('load: "merge"') || !text.includes("from: csv(")) throw new Error(`${file} is not written as expected`);
    writeFileSync(join(folder, "sources", file), text);
  }
}
