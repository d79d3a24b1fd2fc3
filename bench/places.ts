import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "./measure.ts";

export const repository = resolve(import.meta.dirname, "..");
/** Everything a bench writes; ignored by git. */
export const workFolder = join(import.meta.dirname, ".work");

/** `assay …` of this checkout, without a warehouse unless one is given. */
export function assay(args: readonly string[], environment: Command["environment"] = {}): Command {
  return {
    file: process.execPath,
    arguments: [join(repository, "bin/assay.js"), ...args],
    environment: { WAREHOUSE_URL: undefined, NO_COLOR: "1", ...environment },
  };
}

/** An empty folder below bench/.work. */
export function freshFolder(name: string): string {
  const folder = join(workFolder, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The example's definition files alone, in a folder that has never seen a run. */
export function freshExample(name: string): string {
  const folder = freshFolder(name);
  const example = join(repository, "examples/nova-retail");
  for (const part of ["assay.config.ts", "olist.ts", "sources", "models", "pipelines", "sinks"]) {
    cpSync(join(example, part), join(folder, part), { recursive: true });
  }
  return folder;
}
