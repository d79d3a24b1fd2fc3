import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  resolve: { alias: [{ find: /^assay$/, replacement: pathOf("./src/index.ts") }] },
  test: {
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 90_000,
    hookTimeout: 120_000,
    globalSetup: "./scripts/test-setup.mjs",
    coverage: { provider: "v8", include: ["src/**/*.ts"] },
  },
});
