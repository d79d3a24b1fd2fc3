import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Packages of hundreds of small files, which take longer to find than to run: what is used of them becomes part of the bundle. */
const bundled = ["@duckdb/node-api", "commander", "yaml", "zod"];

const isBundled = (name) => bundled.some((item) => name === item || name.startsWith(`${item}/`));

/** The package's JavaScript: two entries, and the pieces that they and their lazy imports share. What else is installed stays where it is. */
const bundle = await rolldown({
  cwd: root,
  input: { index: "src/index.ts", "cli/main": "src/cli/main.ts" },
  platform: "node",
  external: (name) => !/^[./]/.test(name) && !isBundled(name),
  logLevel: "warn",
});
const { output } = await bundle.write({
  dir: join(root, "dist"),
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "parts/[name]-[hash].js",
  // Less to read at each start; names stay, so that what goes wrong can be told.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
});
await bundle.close();

const modules = output.flatMap((piece) => (piece.type === "chunk" ? piece.moduleIds : []));
const packages = new Set(
  modules.map((file) => /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1]).filter((name) => name !== undefined),
);
const licenses = [...packages]
  .sort()
  .map((name) => `${name}\n\n${readFileSync(join(root, "node_modules", name, "LICENSE"), "utf8").trim()}\n`);
writeFileSync(join(root, "dist", "THIRD-PARTY-LICENSES.txt"), licenses.join(`\n${"-".repeat(80)}\n\n`));
