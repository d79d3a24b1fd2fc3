import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { workFolder } from "../places.ts";

/** A command of a tool from PyPI, installed into an environment of the bench unless it is there, or why there is none. */
export function pythonTool(
  environment: string,
  requirements: readonly string[],
  command: string,
): { readonly command: string } | { readonly reason: string } {
  const folder = join(workFolder, environment);
  const file = join(folder, "bin", command);
  const installed = join(folder, "requirements.txt");
  const wanted = `${requirements.join("\n")}\n`;
  if (existsSync(file) && existsSync(installed) && readFileSync(installed, "utf8") === wanted) return { command: file };
  const run = (program: string, args: readonly string[]): boolean => spawnSync(program, args, { stdio: "ignore" }).status === 0;
  if (!run("python3", ["-c", "import venv, ensurepip"])) return { reason: "no python3 with venv and pip on the PATH" };
  console.log(`installing ${requirements.join(", ")} from PyPI into the bench's own environment (once)`);
  const done =
    run("python3", ["-m", "venv", folder]) &&
    run(join(folder, "bin/python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...requirements]);
  if (!done || !existsSync(file)) return { reason: `pip could not install ${requirements.join(", ")}` };
  writeFileSync(installed, wanted);
  return { command: file };
}
