import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import type { PostgresDatabase } from "../services/postgres-database.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { shopFiles } from "../support/shop-project.ts";

interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** A failed check in gold, a refused row at the door. */
const files = {
  ...shopFiles,
  "assay.config.ts": `import { defineProject, duckdb, env, postgres } from "assay";
export default defineProject({ name: "shop", environments: {
  dev: { engine: duckdb("./warehouse.duckdb") },
  pro: { engine: postgres(env("PRO_URL"), { schemaPrefix: "ada" }) },
} });
`,
  "data/shops.csv": "shop_id,city\n1,Rome\nx,Oslo\n",
  "models/gold/one_day.sql":
    "/*\ngrain: [day]\nchecks:\n  - expression: { name: early, expression: day < date '2026-01-02' }\n*/\nselect distinct day from silver.sales\n",
};

describe.each([
  ["DuckDB", "dev", "assay_ops"],
  ["PostgreSQL", "pro", "ada_assay_ops"],
] as const)("the views for those who watch, on %s", (_engine, environment, schema) => {
  let server: PostgresServer | undefined;
  let database: PostgresDatabase | undefined;
  let shop: TestProject;
  let run: RunResult;

  const ask = async (select: string): Promise<readonly (readonly unknown[])[]> => {
    const answer = await shop.json<Answer>(["query", select.replaceAll("ops.", `${schema}.`), "--env", environment]);
    return answer.rows;
  };

  beforeAll(async () => {
    if (environment === "pro") {
      server = await startPostgres({ settings: { fsync: "off" } });
      database = await server.createDatabase("ops");
    }
    shop = await makeProject(files, { env: { PRO_URL: database?.url } });
    run = await shop.json<RunResult>(["run", "--env", environment]);
  }, 120_000);
  afterAll(async () => {
    await shop?.remove();
    await server?.stop();
  });

  it("tell of runs and their steps, in types", async () => {
    expect(run.status).toBe("failed");
    const [found] = await ask(
      `select run_id, status, environment, extract(year from started_at) >= 2024, finished_at >= started_at, seconds > 0 from ops.runs`,
    );
    expect(found).toEqual([run.run_id, "failed", environment, true, true, true]);
    const failed = await ask("select step, kind, table_name, error_code, error_message is not null from ops.steps where status = 'failed'");
    expect(failed).toEqual([["build gold.one_day", "build", "gold.one_day", "CHECK_FAILED", true]]);
    expect(await ask("select count(*) from ops.steps where status = 'succeeded' and error_code is null and rows_out is not null")).toEqual([
      [String(run.steps.filter((step) => step.status === "succeeded").length)],
    ]);
  });

  it("tell of checks, tables, files and what is in quarantine", async () => {
    expect(await ask("select table_name, severity, failures from ops.checks where status = 'failed'")).toEqual([
      ["gold.one_day", "error", "1"],
    ]);
    expect(await ask("select table_name, version, rows from ops.tables where table_name like 'gold%' order by 1")).toEqual([
      ["gold.by_day", "1", "2"],
      ["gold.by_product", "1", "3"],
      ["gold.shops", "1", "1"],
    ]);
    expect(await ask("select table_name, file_name, rows, quarantined from ops.files where quarantined > 0")).toEqual([
      ["bronze.shops", "shops.csv", "1", "1"],
    ]);
    expect(await ask("select table_name, column_name, state, rows, last_at >= first_at from ops.quarantine")).toEqual([
      ["bronze.shops", "shop_id", "open", "1", true],
    ]);
  });

  it("are what readers may see, and go with the environment", async () => {
    if (database === undefined) return;
    await database.sql("create role bi login password 'bi'");
    const { statements } = await shop.json<{ readonly statements: readonly string[] }>(["grants", "--env", "pro", "--reader", "bi"]);
    await database.sql(statements.join("; "));
    const reader = database.urlOf("bi", "bi");
    expect(await database.sql("select status from ada_assay_ops.runs", reader)).toEqual([{ status: "failed" }]);
    await expect(database.sql("select raw from ada_assay.quarantine", reader)).rejects.toThrow(/permission denied/);
    expect((await shop.assay(["env", "clean", "--env", "pro", "--yes"])).code).toBe(0);
    expect(await database.sql("select nspname from pg_namespace where nspname like 'ada%'")).toEqual([]);
  });
});
