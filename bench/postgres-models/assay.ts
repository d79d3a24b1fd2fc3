import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../src/terms.ts";
import { type Measured, measureSuccess } from "../measure.ts";
import { assay, freshExample } from "../places.ts";

/** Nova Retail with an environment on PostgreSQL. */
export interface PostgresProject {
  readonly folder: string;
  /** Ingests bronze into an empty database. */
  readonly bronze: (url: string) => Promise<void>;
  /** Builds silver and gold where bronze is. */
  readonly models: (url: string) => Promise<Measured>;
}

export function postgresProject(data: string): PostgresProject {
  const folder = freshExample("postgres-models");
  writeFileSync(join(folder, "assay.config.ts"), config);
  const run = (url: string, selected: readonly string[]): Promise<Measured> => {
    const select = selected.flatMap((pattern) => ["--select", pattern]);
    return measureSuccess(assay(["run", "--project", folder, "--env", "pro", "--json", ...select], { OLIST_DIR: data, PRO_URL: url }));
  };
  return {
    folder,
    bronze: async (url) => {
      await run(url, ["bronze.*"]);
    },
    models: async (url) => {
      const measured = await run(url, ["silver.*", "gold.*"]);
      const { steps } = JSON.parse(measured.stdout) as RunResult;
      const other = steps.find(({ kind, status }) => kind === "build" && status !== "succeeded");
      if (other !== undefined) throw new Error(`${other.step} ${other.status}: ${other.error?.message ?? other.reason}`);
      return measured;
    },
  };
}

const config = `import { defineProject, env, postgres } from "assay";
export default defineProject({ name: "nova-retail", lake: "./lake", environments: { pro: { engine: postgres(env("PRO_URL")) } } });
`;
