import { join } from "node:path";
import { root } from "./build.mjs";
import { runChild } from "./child.mjs";
import { ensureSetup, runScript } from "./setup.mjs";

await runScript(() => {
  const { node } = ensureSetup();
  return runChild(node, [join(root, "bench", "run.ts"), ...process.argv.slice(2)], { cwd: root });
});
