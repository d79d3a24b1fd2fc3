import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshExample } from "../places.ts";

/** Nova Retail with every model a plain table: nothing follows the rows of another. */
export function tableProject(name: string): string {
  const project = freshExample(name);
  for (const file of readdirSync(join(project, "models"), { recursive: true, encoding: "utf8" })) {
    if (!/\.(ts|sql)$/.test(file)) continue;
    const path = join(project, "models", file);
    const text = readFileSync(path, "utf8")
      .replace(/^ *materialize: .*\n/m, "")
      .replace(/, incremental\b/, "");
    if (/incremental|materialize/.test(text)) throw new Error(`${file} is not written as expected`);
    writeFileSync(path, text);
  }
  return project;
}
