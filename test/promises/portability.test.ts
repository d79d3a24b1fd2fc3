import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import { makeProject, type TestProject } from "../support/project.ts";

let server: PostgresServer;
let project: TestProject;

const config = `import { defineProject, duckdb, env, postgres } from "assay";
export default defineProject({ name: "portable", environments: {
  dev: { engine: duckdb("./warehouse.duckdb") },
  pro: { engine: postgres(env("PRO_URL")) },
  own: { engine: postgres(env("PRO_URL"), { schemaPrefix: "ada" }) },
} });
`;
const models = `import { bronze, check, csv, incremental, model, sql, sqlFunction, t, view } from "assay";
export const items = bronze("items", {
  from: csv("data/items.csv"),
  columns: { order_id: t.integer(), line: t.integer(), price: t.decimal(10, 2), Note: t.varchar({ nullable: true }) },
  key: ["order_id", "line"],
  checks: [check.expression("short", "len(list_distinct(string_split(coalesce(Note, ''), ''))) < 9", { severity: "quarantine" })],
});
export const cents = sqlFunction("cents", { params: { price: t.decimal(10, 2) }, result: t.integer(), duckdb: sql\`(price * 100)::integer\` });
export const letters = sqlFunction("letters", {
  params: { text: t.varchar() }, result: t.varchar(),
  duckdb: sql\`array_to_string(list_sort(string_split(text, '')), '')\`,
  postgres: sql\`(select string_agg(letter, '' order by letter collate "C") from unnest(string_to_array(text, null)) as letter)\`,
});
export const lines = model("silver.lines", {
  grain: ["order_id", "line"],
  columns: { order_id: t.integer(), line: t.integer(), cents: t.integer(), Note: t.varchar({ nullable: true }) },
  materialize: incremental({ by: ["order_id", "line"] }),
  checks: [check.expression("paid", "cents::bigint >= 0 and Note is distinct from 'x'"), check.conserves("cents", items, { measure: "cents(price)" })],
  sql: sql\`select order_id, line, \${cents}(price) as cents, letters(Note) as Note from \${items}\`,
});
export const orders = model("gold.orders", {
  grain: ["order_id"],
  columns: { order_id: t.integer(), cents: t.bigint(), notes: t.varchar() },
  checks: [check.sql("known", "select order_id from {table} where notes::varchar = '?' qualify row_number() over (order by order_id) > 0")],
  sql: {
    duckdb: sql\`select order_id, sum(cents)::bigint as cents, array_to_string(list(coalesce(Note, '-') order by line), ',') as notes from \${lines} group by all\`,
    postgres: sql\`select order_id, sum(cents)::bigint as cents, array_to_string(array_agg(coalesce("Note", '-') order by line), ',') as notes from \${lines} group by order_id\`,
  },
});
export const large = model("gold.large", {
  grain: ["order_id"], columns: { order_id: t.integer(), cents: t.bigint() }, materialize: view(),
  sql: sql\`select order_id, cents from \${orders} where cents > 100\`,
});
`;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
  const { url } = await server.createDatabase("portable");
  const data = "order_id,line,price,Note\n1,1,1.50,pear\n1,2,0.25,Öl\n2,1,0.10,\n3,1,7.00,abcdefghijk\n";
  project = await makeProject({ "assay.config.ts": config, "models/all.ts": models, "data/items.csv": data }, { env: { PRO_URL: url } });
}, 120_000);
afterAll(async () => {
  await project?.remove();
  await server?.stop();
});

const tables = ["silver.lines", "gold.orders", "gold.large"];
const envs = ["dev", "pro", "own"] as const;

async function rowsOf(env: (typeof envs)[number]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const table of tables) {
    const name = env === "own" ? `ada_${table}` : table;
    const { rows } = await project.json<{ rows: readonly (readonly unknown[])[] }>(["query", `select * from ${name}`, "--env", env]);
    found.push(...rows.map((row) => `${table} ${JSON.stringify(row)}`).sort());
  }
  return found;
}

async function runAll(): Promise<Readonly<Record<string, RunResult>>> {
  const results: Record<string, RunResult> = {};
  for (const env of envs) {
    results[env] = await project.json<RunResult>(["run", "--env", env]);
    expect(
      results[env]?.steps.flatMap((step) => step.error ?? []),
      env,
    ).toEqual([]);
  }
  return results;
}

test("one project gives the same tables on DuckDB and PostgreSQL, under prefixed schemas too, and so it does after a change", async () => {
  const first = await runAll();
  const duckdb = await rowsOf("dev");
  expect(duckdb).toContain('silver.lines [1,1,150,"aepr"]');
  expect(await rowsOf("pro")).toEqual(duckdb);
  expect(await rowsOf("own")).toEqual(duckdb);
  expect(first.pro?.steps.map((step) => step.quarantined)).toEqual(first.dev?.steps.map((step) => step.quarantined));
  expect(first.own?.steps.flatMap((step) => step.conserved)).toEqual(first.dev?.steps.flatMap((step) => step.conserved));
  await project.write({ "data/items.csv": "order_id,line,price,Note\n1,1,1.75,pear\n1,2,0.25,Öl\n2,1,0.10,new\n2,2,3.00,\n" });
  await runAll();
  const changed = await rowsOf("dev");
  expect(changed).not.toEqual(duckdb);
  expect(await rowsOf("pro")).toEqual(changed);
  expect(await rowsOf("own")).toEqual(changed);
});

test("what cannot be carried over is told for the environment it is for, with its line, and nothing runs", async () => {
  await project.write({
    "models/bad.ts": `import { model, sql, t } from "assay";
export const bad = model("gold.bad", {
  grain: ["order_id"], columns: { order_id: t.integer(), notes: t.varchar({ nullable: true }) },
  sql: sql\`
    select order_id,
      list(Note)[1] as notes
    from silver.lines group by order_id\`,
});
`,
  });
  expect(await project.assay(["check"])).toMatchObject({ code: 0 });
  for (const command of ["check", "plan", "run"]) {
    const outcome = await project.assay([command, "--env", "pro"]);
    expect(outcome, command).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/SQL_NOT_PORTABLE(.|\n)*gold\.bad(.|\n)*models\/bad\.ts:[56]/),
    });
  }
});
