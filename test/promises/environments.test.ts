import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import type { PostgresDatabase } from "../services/postgres-database.ts";
import type { TestProject } from "../support/project.ts";
import { makeProject } from "../support/project.ts";
import { shopFiles } from "../support/shop-project.ts";

let server: PostgresServer;
let shop: TestProject;
let database: PostgresDatabase;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
}, 120_000);
afterAll(() => server.stop());

beforeEach(async () => {
  database = await server.createDatabase("shop");
  shop = await makeProject(
    {
      ...shopFiles,
      "assay.config.ts": `import { defineProject, duckdb, env, postgres } from "assay";
export default defineProject({ name: "shop", environments: {
  dev: { engine: duckdb("./warehouse.duckdb") },
  pro: { engine: postgres(env("PRO_URL")) },
  own: { engine: postgres(env("PRO_URL"), { schemaPrefix: env("PREFIX") }) },
} });
`,
    },
    { env: { PRO_URL: database.url, PREFIX: "ada" } },
  );
  return () => shop.remove();
});

interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

describe("an environment on PostgreSQL", () => {
  it("is run, planned, read and compared by the commands that work on DuckDB", async () => {
    const run = await shop.json<RunResult>(["run", "--env", "pro"]);
    expect(run.steps.map(({ table, status, error }) => ({ table, status, error }))).toEqual(
      run.steps.map(({ table }) => ({ table, status: "succeeded", error: null })),
    );
    const text = "select day, revenue from gold.by_day order by day";
    const onPostgres = await shop.json(["query", text, "--env", "pro"]);
    await shop.json(["run"]);
    expect(onPostgres).toEqual(await shop.json(["query", text]));
    const { steps } = await shop.json<{ steps: readonly { action: string }[] }>(["plan", "--env", "pro"]);
    expect(steps.every(({ action }) => action === "skip")).toBe(true);
    const { runs } = await shop.json<{ runs: readonly { status: string; env: string }[] }>(["runs", "list", "--env", "pro"]);
    expect(runs).toMatchObject([{ status: "succeeded", env: "pro" }]);
    const verified = await shop.json<{ results: readonly { status: string }[] }>(["verify", "--env", "pro"]);
    expect(verified.results.map(({ status }) => status)).toEqual(verified.results.map(() => "verified"));
    const diff = await shop.json<{ tables: readonly { table: string; status: string }[] }>([
      ...["diff", "--table", "silver.*", "--table", "gold.*", "--env", "dev", "--env", "pro"],
    ]);
    expect(diff.tables.map(({ status }) => status)).toEqual(diff.tables.map(() => "equal"));
    expect(diff.tables.length).toBeGreaterThan(2);
    expect(await shop.json(["clean", "--env", "pro"])).toMatchObject({ items: [] });
  });

  it("quarantines and replays", async () => {
    await shop.write({ "data/items.csv": "order_id,product,price\n1,apple,1.50\n1,pear,much\n" });
    await shop.json(["run", "--env", "pro"]);
    const { rows } = await shop.json<{ rows: readonly { id: string }[] }>(["quarantine", "show", "bronze.items", "--env", "pro"]);
    expect(rows).toMatchObject([{ rule: "type:price", raw: "1,pear,much" }]);
    await shop.assay(["quarantine", "export", "bronze.items", "--out", "edit.csv", "--env", "pro"]);
    const { readFile, writeFile } = await import("node:fs/promises");
    const edited = (await readFile(`${shop.folder}/edit.csv`, "utf8")).replace(",1,pear,much,", ",1,pear,2.00,");
    await writeFile(`${shop.folder}/edit.csv`, edited);
    const replayed = await shop.assay(["replay", "bronze.items", "--from", "edit.csv", "--env", "pro"]);
    expect(replayed).toMatchObject({ code: 0 });
    expect(await shop.json(["query", "select sum(revenue)::text as all from gold.by_day", "--env", "pro"])).toMatchObject({
      rows: [["3.50"]],
    });
  });

  it("is read by one SELECT only", async () => {
    await shop.json(["run", "--env", "pro"]);
    const refused = async (sql: string): Promise<Failure["error"]> => (await shop.json<Failure>(["query", sql, "--env", "pro"])).error;
    for (const sql of [
      "drop table gold.by_day",
      "delete from gold.by_day",
      "select 1; drop table gold.by_day",
      "select 1; commit; drop table gold.by_day",
      "with gone as (delete from gold.by_day returning *) select * from gone",
      "select * into gold.other from gold.by_day",
      "explain analyze delete from gold.by_day",
      "copy gold.by_day to '/tmp/assay-copied'",
      "",
    ]) {
      expect(await refused(sql), sql).toMatchObject({ code: "QUERY_FAILED" });
    }
    expect(await refused("select * from gold.nothing")).toMatchObject({ hint: expect.stringMatching(/assay plan/) });
    expect((await shop.json<{ rows: readonly unknown[] }>(["query", "select * from gold.by_day", "--env", "pro"])).rows).toHaveLength(2);
    expect((await shop.assay(["query", "explain select * from gold.by_day", "--env", "pro"])).code).toBe(0);
  });

  it("is changed by one run at a time; the other is told by whom, and a killed one stands in nobody's way", async () => {
    await shop.json(["run", "--env", "pro"]);
    const client = await database.connect();
    await client.query("begin; lock table assay.runs in access exclusive mode");
    const first = shop.start(["run", "--env", "pro", "--full-refresh"]);
    await waitUntil(async () => (await database.sql(lockedSql)).length > 0);
    const { error } = await shop.json<Failure>(["run", "--env", "pro"]);
    expect(error).toMatchObject({
      code: "PROJECT_LOCKED",
      message: expect.stringMatching(/assay run, process \d+ \(user assay, from .*, since 20.*\)/),
    });
    first.kill();
    await first.exited;
    await client.query("rollback");
    await client.end();
    expect(await shop.json<RunResult>(["run", "--env", "pro"])).toMatchObject({ status: "succeeded" });
  });

  it("never shows its password", async () => {
    const { password } = new URL(server.url);
    const wrong = server.url.replace(password, "s3cret-of-mine");
    for (const args of [["run"], ["plan"], ["query", "select 1"], ["runs", "list"]]) {
      const outcome = await shop.assay([...args, "--env", "pro"], { env: { PRO_URL: wrong } });
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain("ENGINE_DENIED");
      expect(outcome.stdout + outcome.stderr).not.toContain("s3cret-of-mine");
    }
    const outcome = await shop.assay(["run", "--env", "pro"], { env: { PRO_URL: "postgres//user:s3cret-of-mine@host/db" } });
    expect(outcome).toMatchObject({ code: 2 });
    expect(outcome.stderr).toMatch(/SETTING_INVALID(.|\n)*environment pro \(PRO_URL\)/);
    expect(outcome.stderr).not.toContain("s3cret-of-mine");
  });

  it("refuses a schemaPrefix that begins no plain name", async () => {
    for (const prefix of ["Ada", 'a"da', "1a", "a-b", "pg_x", "assay", "x_assay", "a".repeat(48), "a;b", "ä"]) {
      const { error } = await shop.json<Failure>(["plan", "--env", "own"], { env: { PREFIX: prefix } });
      expect(error, prefix).toMatchObject({ code: "SETTING_INVALID", hint: expect.stringMatching(/small letters/) });
    }
    const { error } = await shop.json<Failure>(["plan", "--env", "own"], { env: { PREFIX: undefined } });
    expect(error).toMatchObject({ code: "SETTING_MISSING" });
  });
});

const lockedSql = "select 1 from pg_locks where locktype = 'advisory' and granted";

async function waitUntil(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    if (tries > 100) throw new Error("it did not come to that");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
