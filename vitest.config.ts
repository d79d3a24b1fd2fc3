import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Small files of tests that take minutes. */
const long = [
  "test/simulation/seeds",
  "test/conformance/",
  "test/promises/kill",
  "test/promises/workers",
  "test/compile/incremental/incremental-fuzz",
];

/** Vitest begins with the largest files; the longest ones would run alone at the end, with a core that has nothing to do. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = long.findIndex((name) => moduleId.startsWith(pathOf(`./${name}`)));
      return found === -1 ? long.length : found;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  resolve: { alias: [{ find: /^assay$/, replacement: pathOf("./src/index.ts") }] },
  test: {
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 90_000,
    hookTimeout: 120_000,
    globalSetup: "./scripts/test-setup.mjs",
    coverage: { provider: "v8", include: ["src/**/*.ts"] },
  },
});
