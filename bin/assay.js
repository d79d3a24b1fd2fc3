#!/usr/bin/env node
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`assay needs Node.js 22.18 or newer; this is ${process.versions.node}.\n`);
  process.exit(2);
}
const { enableCompileCache } = await import("node:module");
enableCompileCache();
const { main } = await import("../dist/cli/main.js");
await main(process.argv);
