import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Writes files (path → content) below a folder, folders made as needed. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

/** The files of an Assay project with the default settings. */
export function writeProject(folder: string, name: string, files: Readonly<Record<string, string>>): void {
  const config = `import { defineProject } from "assay";\nexport default defineProject({ name: "${name}" });\n`;
  writeFiles(folder, { "assay.config.ts": config, ...files });
}
