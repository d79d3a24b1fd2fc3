import { build, canBuild } from "./build.mjs";
import { linkPackage, runScript } from "./setup.mjs";

// npm runs this at the end of `npm ci` and `npm install` in a checkout, never where Assay is installed as a dependency.
await runScript(() => {
  linkPackage();
  if (!canBuild()) {
    process.stderr.write("assay: development packages are not installed; dist is not built.\n");
    return 0;
  }
  const errors = build();
  if (errors !== null) process.stderr.write(`${errors}\n`);
  return 0;
});
