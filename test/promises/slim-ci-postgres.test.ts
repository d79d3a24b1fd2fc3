import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TableDiff } from "../../src/execute/table-diff.ts";
import type { AgainstReport } from "../../src/observe/against-report.ts";
import type { RunResult } from "../../src/terms.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import type { PostgresDatabase } from "../services/postgres-database.ts";
import { chainFile, chainFiles } from "../support/chain-project.ts";
import { makeProject, type TestProject } from "../support/project.ts";

type HeldRun = RunResult & { readonly against: AgainstReport };

let server: PostgresServer;
let project: TestProject;
let database: PostgresDatabase;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
}, 120_000);
afterAll(() => server.stop());

beforeEach(async () => {
  database = await server.createDatabase("chain");
  const other = await server.createDatabase("other");
  project = await makeProject(
    {
      ...chainFiles,
      "assay.config.ts": `import { defineProject, duckdb, env, postgres } from "assay";
export default defineProject({ name: "chain", environments: {
  pro: { engine: postgres(env("URL")) },
  ci: { engine: postgres(env("URL"), { schemaPrefix: "ci" }) },
  full: { engine: postgres(env("URL"), { schemaPrefix: "full" }) },
  elsewhere: { engine: postgres(env("OTHER_URL"), { schemaPrefix: "ci" }) },
  file: { engine: duckdb("./file.duckdb") },
} });
`,
      ...chainFile("functions/taxed.ts", "\n});", "\n  postgres: sql`cast(price * 1.2 as numeric(10, 2))`,\n});"),
    },
    { env: { URL: database.url, OTHER_URL: other.url } },
  );
  expect((await project.assay(["run", "--env", "pro"])).code).toBe(0);
});
afterEach(() => project.remove());

const slim = ["--env", "ci", "--against", "pro"] as const;
const run = (): Promise<HeldRun> => project.json<HeldRun>(["run", ...slim]);
const steps = (result: RunResult, kind: string): readonly string[] =>
  result.steps.flatMap((step) => (step.kind === kind && step.status === "succeeded" ? [step.table] : [])).sort();
const doubled = chainFile("models/silver/net.sql", "price * 1", "price * 2");
const rest = ["bronze.orders", "bronze.shops", "gold.shops", "silver.lines", "silver.priced"];

async function differing(a: string, b: string): Promise<readonly string[]> {
  const { tables } = await project.json<{ tables: readonly TableDiff[] }>(["diff", "--table", "*", "--env", a, "--env", b]);
  return tables.flatMap((diff) => (diff.status === "equal" ? [] : [diff.table]));
}

/** Whether anything in pro's schemas was written, made or dropped: the server counts it. */
const writtenInPro = (): Promise<readonly Record<string, unknown>[]> =>
  database.sql(
    `select c.oid::text, n.nspname, c.relname, pg_relation_filenode(c.oid)::text, pg_stat_get_tuples_inserted(c.oid)::text as inserted,
       pg_stat_get_tuples_deleted(c.oid)::text as deleted, pg_stat_get_tuples_updated(c.oid)::text as updated
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('bronze', 'silver', 'gold', 'assay', 'assay_bronze', 'assay_changes', 'assay_versions', 'assay_functions')
     order by 2, 3`,
  );

describe("two prefixes in one database", () => {
  test("only what changed is built, over views of pro, which is not written to", async () => {
    const before = await writtenInPro();
    await project.write(doubled);
    const result = await run();
    expect(result.steps.flatMap(({ table, error }) => (error === null ? [] : [[table, error.message]]))).toEqual([]);
    expect(steps(result, "build")).toEqual(["gold.daily", "gold.history", "gold.log", "gold.top", "silver.net"]);
    expect(steps(result, "defer")).toEqual([...rest, "gold.history", "gold.log"].sort());
    expect(await writtenInPro()).toEqual(before);
    expect(result.against.tables[0]).toMatchObject({ table: "silver.net", diff: { comparison: { changed: 3 } } });
    expect(steps(await run(), "build")).toEqual([]);
    expect((await project.assay(["run", "--env", "full"])).code).toBe(0);
    // What was added to a log once stays as it was.
    expect(await differing("full", "ci")).toEqual(["gold.log"]);
    const columns = `select column_name, data_type, numeric_precision, numeric_scale from information_schema.columns
      where table_schema = $$ and table_name = 'lines' order by ordinal_position`;
    const [there, here] = await Promise.all(["silver", "ci_silver"].map((schema) => database.sql(columns.replace("$$", `'${schema}'`))));
    expect(here).toEqual(there);
  });

  test("does not stand in the way of pro, whose next run replaces what ci reads", async () => {
    await project.write(chainFile("models/gold/shops.sql", "city", "upper(city) as city"));
    await run();
    await project.write({
      "data/orders.csv": `${chainFiles["data/orders.csv"]}4,2026-01-03,40.00\n`,
      "models/gold/shops.sql": chainFiles["models/gold/shops.sql"] ?? "",
      ...chainFile("models/silver/lines.sql", "select id, day, price", "select id, day, price + 1 as price"),
    });
    const next = await project.json<RunResult>(["run", "--env", "pro"]);
    expect(next.steps.flatMap(({ table, error }) => (error === null ? [] : [[table, error.message]]))).toEqual([]);
    await project.write(chainFile("models/gold/shops.sql", "city", "lower(city) as city"));
    const again = await run();
    expect(again.steps.flatMap(({ table, error }) => (error === null ? [] : [[table, error.message]]))).toEqual([]);
    expect(steps(again, "build")).toEqual(["gold.shops"]);
    expect(await differing("pro", "ci")).toEqual(["gold.shops"]);
  });

  test("what is read through is planned by the server as if it stood there", async () => {
    expect((await project.assay(["run", ...slim])).code).toBe(0);
    const plan = await database.sql("explain select id from ci_silver.lines where id = 2");
    const text = plan.map((row) => row["QUERY PLAN"]).join("\n");
    expect(text).toMatch(/on lines/);
    expect(text).not.toMatch(/Function Scan/);
    expect(text).toMatch(/(?:Filter|Index Cond): \(id = 2\)/);
  });
});

test("another database, or another engine, is refused and told what to do", async () => {
  for (const env of ["elsewhere", "file"]) {
    const { code, stdout } = await project.assay(["run", "--env", env, "--against", "pro", "--json"]);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } };
    expect({ code, error: error.code }).toEqual({ code: 2, error: "USAGE" });
    expect(error.message).toContain("cannot read the tables of pro");
    expect(error.message).not.toContain(server.password);
    expect(error.hint).toContain("schema prefixes");
  }
});
