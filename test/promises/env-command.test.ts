import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ListedEnvironment } from "../../src/cli/env.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import type { PostgresDatabase } from "../services/postgres-database.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { shopFiles } from "../support/shop-project.ts";

let server: PostgresServer;
let shop: TestProject;
let database: PostgresDatabase;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
}, 120_000);
afterAll(() => server.stop());

const config = `import { defineProject, duckdb, env, postgres } from "assay";
export default defineProject({ name: "shop", environments: {
  local: { engine: duckdb("./warehouse.duckdb") },
  own: { engine: postgres(env("URL"), { schemaPrefix: env("PREFIX") }) },
  pro: { engine: postgres(env("URL")) },
  lost: { engine: postgres(env("LOST_URL")) },
} });
`;

beforeEach(async () => {
  database = await server.createDatabase("env");
  shop = await makeProject({ ...shopFiles, "assay.config.ts": config }, { env: { URL: database.url, PREFIX: "ada" } });
  return () => shop.remove();
});

const schemas = async (): Promise<readonly string[]> =>
  (await database.sql("select nspname as name from pg_namespace where nspname !~ '^pg_|^information_schema$|^public$' order by 1")).map(
    (row) => String(row.name),
  );

interface Removed {
  readonly removed: boolean;
  readonly objects: readonly { readonly kind: string; readonly name: string }[];
  readonly foreign: readonly string[];
  readonly kept: readonly string[];
  readonly error?: { readonly code: string; readonly message: string };
}

const bronze = ["--select", "bronze.*"] as const;
const clean = (...args: readonly string[]): Promise<Removed> => shop.json(["env", "clean", ...args]);

describe("plan", () => {
  it("names every table as the environment has it", async () => {
    const plan = await shop.json<{ place: string; tables: readonly unknown[] }>(["plan", "--env", "own", ...bronze]);
    expect(plan.tables).toContainEqual({ table: "bronze.orders", relation: "ada_bronze.orders" });
    expect(plan.place).toMatch(/^postgres:\/\/assay@127\.0\.0\.1:\d+\/env_\d+$/);
    const { stdout } = await shop.assay(["plan", "--env", "own", ...bronze]);
    expect(stdout).toMatch(/bronze\.items +ada_bronze\.items/);
    expect((await shop.assay(["plan"])).stdout).toContain("warehouse.duckdb, under these names");
  });
});

describe("env list", () => {
  it("says of each environment where it is and what is in it, or why that cannot be told", async () => {
    await shop.json(["run", "--env", "own", ...bronze]);
    const { environments } = await shop.json<{ environments: readonly ListedEnvironment[] }>(["env"]);
    expect(environments).toMatchObject([
      { name: "local", default: true, engine: "duckdb", tables: [], last_run: null, error: null },
      { name: "own", default: false, engine: "postgres", last_run: { status: "succeeded" } },
      { name: "pro", engine: "postgres", tables: [], last_run: null, error: null },
      { name: "lost", place: null, error: { code: "SETTING_MISSING" } },
    ]);
    expect(environments[1]?.tables).toEqual(expect.arrayContaining(["ada_bronze.orders", "ada_assay.runs", "ada_assay_bronze.files"]));
    const outcome = await shop.assay(["env", "list"], { env: { LOST_URL: "postgres://x:hidden-word@127.0.0.1:1/x" } });
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(/lost .*127\.0\.0\.1:1/);
    expect(outcome.stdout + outcome.stderr).not.toContain("hidden-word");
  });
});

describe("env clean", () => {
  it("takes away what Assay made in one environment; another one in the same database does not notice", async () => {
    await shop.json(["run", "--env", "own", ...bronze]);
    await shop.json(["run", "--env", "own", ...bronze], { env: { PREFIX: "bob" } });
    await database.sql("create table ada_bronze.mine (a int); create schema ada_notes; create table ada_notes.n (a int)");
    const listed = await clean("--env", "own", "--dry-run");
    expect(listed).toMatchObject({ removed: false, foreign: [], kept: ["schema ada_bronze: holds mine"] });
    const before = await schemas();
    expect(before).toContain("ada_assay");
    expect(await clean("--env", "own", "--yes")).toEqual({ ...listed, removed: true });
    expect(await schemas()).toEqual(before.filter((name) => !name.startsWith("ada_") || name === "ada_bronze" || name === "ada_notes"));
    expect(await database.sql("select * from ada_bronze.mine")).toEqual([]);
    const query = ["query", "select count(*) from bob_bronze.orders", "--env", "own"];
    expect(await shop.json(query, { env: { PREFIX: "bob" } })).toMatchObject({ rows: [["3"]] });
    expect(await clean("--env", "own", "--yes")).toMatchObject({ objects: [] });
    expect((await shop.assay(["run", "--env", "own", ...bronze])).code).toBe(0);
  });

  it("runs models under names with a prefix, beside those without", async () => {
    for (const environment of ["own", "pro"]) expect((await shop.assay(["run", "--env", environment])).code).toBe(0);
    const revenue = "select sum(revenue)::text as total from";
    expect(await database.sql(`${revenue} ada_gold.by_day`)).toEqual(await database.sql(`${revenue} gold.by_day`));
    await clean("--env", "pro", "--yes");
    expect((await schemas()).every((name) => name.startsWith("ada_"))).toBe(true);
    const { results } = await shop.json<{ results: readonly { status: string }[] }>(["verify", "--env", "own"]);
    expect(results.map(({ status }) => status)).toEqual(results.map(() => "verified"));
  });

  it("removes everything it made, functions too, in a schema that stays because of others", async () => {
    await shop.write({
      "functions/shout.ts": `import { sql, sqlFunction, t } from "assay";
export const shout = sqlFunction("shout", { params: { word: t.varchar() }, result: t.varchar(), duckdb: sql\`upper(word)\`, postgres: sql\`upper(word)\` });
`,
      "models/gold/shouted.sql":
        "/*\ngrain: [product]\nmaterialize: view\ncolumns: { product: VARCHAR }\n*/\nselect distinct shout(product) as product from silver.sales\n",
    });
    expect((await shop.assay(["run", "--env", "pro"])).code).toBe(0);
    await database.sql("create table gold.other (a int)");
    await clean("--env", "pro", "--yes");
    expect(await schemas()).toEqual(["gold"]);
  });

  it("removes the queue of its workers, and leaves that of another environment in the database", async () => {
    for (const prefix of ["ada", "bob"]) {
      const worker = shop.start(["worker", "--env", "own"], { env: { PREFIX: prefix } });
      await shop.json(["run", "--env", "own", ...bronze], { env: { PREFIX: prefix } });
      await expect
        .poll(() => database.sql(`select name from ${prefix}_assay_queue.queue`).catch(() => []), { timeout: 30_000 })
        .toHaveLength(1);
      worker.kill();
      await worker.exited;
    }
    await database.sql("create table ada_assay_queue.mine (a int)");
    const { kept } = await clean("--env", "own", "--yes");
    expect(kept).toEqual(["schema ada_assay_queue: holds mine"]);
    await database.sql("drop table ada_assay_queue.mine");
    expect(await database.sql("select count(*)::int as n from pg_class where relnamespace = 'ada_assay_queue'::regnamespace")).toEqual([
      { n: 0 },
    ]);
    await shop.json(["run", "--env", "own", ...bronze]);
    await clean("--env", "own", "--yes");
    expect((await schemas()).every((name) => name.startsWith("bob_"))).toBe(true);
    expect(await schemas()).toContain("bob_assay_queue");
    const query = ["query", "select count(*) from bob_bronze.orders", "--env", "own"];
    expect(await shop.json(query, { env: { PREFIX: "bob" } })).toMatchObject({ rows: [["3"]] });
  });

  it("refuses when something of others stands on the tables, and names it", async () => {
    await shop.json(["run", "--env", "own", ...bronze]);
    await database.sql("create schema bi; create view bi.orders_today as select * from ada_bronze.orders");
    const refused = await clean("--env", "own", "--yes");
    expect(refused.error).toMatchObject({ code: "ENVIRONMENT_IN_USE", message: expect.stringContaining("view bi.orders_today") });
    expect(await clean("--env", "own", "--dry-run")).toMatchObject({ foreign: ["view bi.orders_today"] });
    expect(await database.sql("select count(*)::int as n from bi.orders_today")).toEqual([{ n: 3 }]);
  });

  it("asks", async () => {
    await shop.json(["run", "--env", "own", ...bronze]);
    expect((await clean("--env", "own")).error).toMatchObject({ code: "USAGE", message: expect.stringContaining("nobody to ask") });
    expect((await clean("--yes")).error).toMatchObject({ code: "USAGE", message: expect.stringContaining("which environment") });
    expect(await schemas()).toContain("ada_assay");
  });

  it("refuses an environment whose tables are another one's too", async () => {
    const twice = config.replace("lost:", 'again: { engine: postgres(env("URL"), { schemaPrefix: "ada" }) },\n  lost:');
    await shop.write({ "assay.config.ts": twice });
    await shop.json(["run", "--env", "own", ...bronze]);
    expect((await clean("--env", "again", "--yes")).error).toMatchObject({
      code: "ENVIRONMENT_IN_USE",
      message: expect.stringContaining("environment own"),
    });
  });

  it("removes a database file, unless others have tables in it", async () => {
    await shop.json(["run"]);
    const file = join(shop.folder, "warehouse.duckdb");
    const { objects, kept } = await clean("--env", "local", "--dry-run");
    expect(kept).toEqual([]);
    expect(objects).toEqual(
      expect.arrayContaining([
        { kind: "table", name: "silver.sales" },
        { kind: "schema", name: "gold" },
      ]),
    );
    expect(existsSync(file)).toBe(true);
    expect(await clean("--env", "local", "--yes")).toMatchObject({ removed: true });
    expect(existsSync(file)).toBe(false);
    await shop.json(["run"]);
    const { fileDatabase } = await import("../../src/adapters/duckdb/database.ts");
    const opened = await fileDatabase(file);
    const session = await opened.session();
    await session.execute({
      text: "create table gold.mine as select 1 as a; create schema bi; create view bi.v as select * from gold.by_day",
    });
    session.close();
    opened.close();
    expect((await clean("--env", "local", "--yes")).error).toMatchObject({ message: expect.stringContaining("view bi.v") });
    const again = await fileDatabase(file);
    const second = await again.session();
    await second.execute({ text: "drop view bi.v" });
    second.close();
    again.close();
    expect(await clean("--env", "local", "--yes")).toMatchObject({ removed: true, kept: ["schema gold: holds mine"] });
    const last = await fileDatabase(file, { readOnly: true });
    const reader = await last.session();
    expect(await reader.query({ text: "select a from gold.mine" })).toEqual([{ a: 1 }]);
    expect(await reader.query({ text: "select 1 as one from duckdb_tables() where schema_name = 'assay'" })).toEqual([]);
    reader.close();
    last.close();
  });
});
