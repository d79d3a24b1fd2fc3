import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The package's JavaScript: two entries, and the pieces that they and their lazy imports share. What is installed stays where it is. */
const bundle = await rolldown({
  cwd: root,
  input: { index: "src/index.ts", "cli/main": "src/cli/main.ts" },
  platform: "node",
  external: (name) => !/^[./]/.test(name),
  logLevel: "warn",
});
await bundle.write({ dir: join(root, "dist"), format: "esm", entryFileNames: "[name].js", chunkFileNames: "parts/[name]-[hash].js" });
await bundle.close();
