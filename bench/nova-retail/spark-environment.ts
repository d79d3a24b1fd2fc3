import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { workFolder } from "../places.ts";

const requirement = "pyspark>=4.1,<4.2";

/** The Python of the bench's own environment, or why there is none. */
export function sparkPython(): { readonly python: string } | { readonly reason: string } {
  const folder = join(workFolder, "venv");
  const python = join(folder, "bin/python");
  if (!succeeds("java", ["-version"])) return { reason: "no java on the PATH" };
  if (isInstalled(python)) return { python };
  if (!succeeds("python3", ["-c", "import venv, ensurepip"])) return { reason: "no python3 with venv and pip on the PATH" };
  console.log(`installing ${requirement} from PyPI into the bench's own environment (about 500 MB, once)`);
  const made = succeeds("python3", ["-m", "venv", folder]);
  const installed = made && succeeds(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]);
  return installed && isInstalled(python) ? { python } : { reason: `pip could not install ${requirement}` };
}

function isInstalled(python: string): boolean {
  return existsSync(python) && succeeds(python, ["-c", "import pyspark; assert pyspark.__version__.startswith('4.1.')"]);
}

function succeeds(file: string, args: readonly string[]): boolean {
  return spawnSync(file, args, { stdio: "ignore" }).status === 0;
}
