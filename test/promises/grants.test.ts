import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import type { PostgresDatabase } from "../services/postgres-database.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { shopFiles } from "../support/shop-project.ts";

let server: PostgresServer;
let shop: TestProject;
let database: PostgresDatabase;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
  await server.sql("create role runner login password 'runner-word'; create role bi login password 'bi-word'; create role other");
}, 120_000);
afterAll(() => server.stop());

const addressOf = (user: string): string => database.urlOf(user, `${user}-word`);

beforeEach(async () => {
  database = await server.createDatabase("grants");
  // What PostgreSQL gives to everybody is not what is tested.
  await database.sql(`revoke all on database ${database.name} from public; revoke all on schema public from public`);
  const config = `import { defineProject, duckdb, env, postgres } from "assay";
export default defineProject({ name: "shop", environments: { local: { engine: duckdb("./w.duckdb") }, pro: { engine: postgres(env("URL")) } } });
`;
  shop = await makeProject({ ...shopFiles, "assay.config.ts": config }, { env: { URL: addressOf("runner") } });
  return () => shop.remove();
});

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

const give = async (...args: readonly string[]): Promise<void> => {
  const { code, stdout, stderr } = await shop.assay(["grants", "--env", "pro", ...args]);
  expect(code, stderr).toBe(0);
  await database.sql(stdout);
};

/** What a run says, whether it failed as a whole or in a step. */
async function failureOf(args: readonly string[] = ["run"], url = addressOf("runner")): Promise<Failure | undefined> {
  const result = await shop.json<Partial<RunResult> & { error?: Failure }>([...args, "--env", "pro"], { env: { URL: url } });
  return result.error ?? (result.steps?.find((step) => step.error !== null)?.error as Failure | undefined);
}

describe("assay grants", () => {
  it("is all that a role needs, and readers see what is made later too", async () => {
    await give("--reader", "bi");
    expect(await failureOf()).toBeUndefined();
    await shop.write({ "data/items.csv": "order_id,product,price\n1,apple,9.00\n" });
    expect(await failureOf()).toBeUndefined();
    expect(await database.sql("select sum(revenue)::text as total from gold.by_day", addressOf("bi"))).toEqual([{ total: "9.00" }]);
    await expect(database.sql("select * from bronze.items", addressOf("bi"))).rejects.toThrow(/permission denied for schema bronze/);
    await expect(database.sql("delete from gold.by_day", addressOf("bi"))).rejects.toThrow(/permission denied/);
    expect(await failureOf(["verify"])).toBeUndefined();
    const { removed } = await shop.json<{ removed: boolean }>(["env", "clean", "--env", "pro", "--yes"]);
    expect(removed).toBe(true);
    expect(await database.sql("select 1 from pg_class where relnamespace = 'gold'::regnamespace")).toEqual([]);
    expect(await failureOf()).toBeUndefined();
  });

  it.each([
    ["connect on database", /permission denied for database "grants_\d+"/, /grant connect/],
    ["temporary on database", /permission denied to create temporary tables in database "grants_\d+"/, /grant temporary/],
    ["usage on schema gold", /permission denied for schema gold/, /grant usage, create on schema "gold" to "runner"/],
    ["create on schema silver", /permission denied for schema silver/, /grant usage, create on schema "silver" to "runner"/],
    ["create on schema assay", /permission denied for schema assay/, /on schema "assay"/],
    ["create on schema assay_bronze", /permission denied for schema assay_bronze/, /on schema "assay_bronze"/],
  ])("without %s, what is missing is named", async (right, message, hint) => {
    // Merged rows go through temporary tables.
    const sources = shopFiles["sources/shop.ts"] ?? "";
    await shop.write({ "sources/shop.ts": sources.replace('key: ["order_id"],', 'key: ["order_id"],\n  load: "merge",') });
    await give();
    await database.sql(`revoke ${right}${right.endsWith("database") ? ` ${database.name}` : ""} from runner`);
    expect(await failureOf()).toMatchObject({
      code: "ENGINE_DENIED",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    await give();
    expect(await failureOf()).toBeUndefined();
  });

  it("leaves what others were granted on single tables and columns to their replacements", async () => {
    await give();
    expect(await failureOf()).toBeUndefined();
    await database.sql(`grant connect on database ${database.name} to bi; grant usage on schema gold, silver, bronze to bi;
      grant select on gold.by_day, bronze.items to bi with grant option; grant select (product) on silver.sales to bi`);
    await shop.write({ "data/items.csv": "order_id,product,price\n1,apple,9.00\n" });
    expect(await failureOf()).toBeUndefined();
    expect(await failureOf(["run", "--full-refresh"])).toBeUndefined();
    expect(await database.sql("select sum(revenue)::text as total from gold.by_day", addressOf("bi"))).toEqual([{ total: "9.00" }]);
    expect(await database.sql("select price::text from bronze.items", addressOf("bi"))).toEqual([{ price: "9.00" }]);
    expect(await database.sql("select product from silver.sales", addressOf("bi"))).toEqual([{ product: "apple" }]);
    await expect(database.sql("select price from silver.sales", addressOf("bi"))).rejects.toThrow(/permission denied/);
    const again = "select has_table_privilege('bi', 'gold.by_day', 'select with grant option') as again";
    expect(await database.sql(again)).toEqual([{ again: true }]);
  });

  it("names roles and schemas as they are, whatever is in them, and is no use for a file", async () => {
    const { statements } = await shop.json<{ statements: readonly string[] }>([
      "grants",
      "--env",
      "pro",
      "--role",
      'a"; drop table x; --\n',
    ]);
    expect(statements[0]).toBe(`grant connect, temporary on database "${database.name}" to "a""; drop table x; --\n"`);
    expect((await shop.assay(["grants", "--env", "local"])).stderr).toMatch(/USAGE(.|\n)*database file/);
  });
});

describe("a server that is not as expected", () => {
  it("lost privileges: the step that needs them fails, what was published stands, the next run goes on", async () => {
    await give();
    expect(await failureOf()).toBeUndefined();
    await database.sql("revoke create on schema gold from runner");
    await shop.write({ "data/items.csv": "order_id,product,price\n1,apple,9.00\n" });
    expect(await failureOf()).toMatchObject({ code: "ENGINE_DENIED", message: expect.stringContaining("schema gold") });
    expect(await database.sql("select sum(revenue)::text as total from gold.by_day")).toEqual([{ total: "5.75" }]);
    await give();
    expect(await failureOf()).toBeUndefined();
    expect(await database.sql("select sum(revenue)::text as total from gold.by_day")).toEqual([{ total: "9.00" }]);
  });

  it("a schema, or a table, that belongs to somebody else", async () => {
    await database.sql(`grant connect, create, temporary on database ${database.name} to runner; create schema gold authorization other`);
    expect(await failureOf()).toMatchObject({ code: "ENGINE_DENIED", message: expect.stringContaining("schema gold") });
    await database.sql(
      "grant usage, create on schema gold to runner; create table gold.by_day (a int); alter table gold.by_day owner to other",
    );
    expect(await failureOf()).toMatchObject({
      code: "ENGINE_DENIED",
      message: expect.stringContaining("permission denied for table by_day"),
      hint: expect.stringContaining('table by_day belongs to another role: let "runner" own it'),
    });
    expect(await database.sql("select relowner::regrole::text as owner from pg_class where relname = 'by_day'")).toEqual([
      { owner: "other" },
    ]);
  });

  it("a state of a newer program: nothing is changed, nothing is misread", async () => {
    await give();
    await failureOf();
    await database.sql("update assay.state_version set version = 99");
    for (const args of [["run"], ["plan"], ["runs", "list"], ["query", "select 1"], ["env", "clean", "--yes"], ["verify"]]) {
      expect(await failureOf(args), args.join(" ")).toMatchObject({
        code: "PROJECT_INVALID",
        message: expect.stringContaining("newer Assay (state version 99"),
        hint: "update Assay",
      });
    }
  });

  it("a server that is down, a database that is not there, a user that is unknown", async () => {
    const down = addressOf("runner").replace(/:\d+\//, ":1/");
    for (const args of [["run"], ["plan"], ["query", "select 1"]]) {
      expect(await failureOf(args, down)).toMatchObject({
        code: "ENGINE_UNREACHABLE",
        message: expect.stringContaining("PostgreSQL at 127.0.0.1:1 cannot be reached"),
      });
    }
    expect(await failureOf(["run"], addressOf("runner").replace(/grants_\d+/, "nowhere"))).toMatchObject({
      code: "ENGINE_DENIED",
      message: expect.stringContaining('database "nowhere" does not exist'),
    });
    expect(await failureOf(["run"], addressOf("nobody"))).toMatchObject({ code: "ENGINE_DENIED" });
  });
});
