import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RunResult, StepResult } from "../../src/terms.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import type { PostgresDatabase } from "../services/postgres-database.ts";
import { makeProject, type TestProject } from "../support/project.ts";

const password = "r%ad'er w\"ord;$1";
let server: PostgresServer;
let shop: TestProject;
let lake: PostgresDatabase;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
  await server.sql(`create role reader login password '${password.replace("'", "''")}'; create role stranger login password 'x'`);
}, 120_000);
afterAll(() => server.stop());

const addressOf = (user = "reader", word = password): string => lake.urlOf(user, word);

const config = `import { defineProject, duckdb, env, postgres } from "assay";
export default defineProject({ name: "shop", defaultEnvironment: "dev", environments: {
  dev: { engine: duckdb("./warehouse.duckdb") }, pro: { engine: postgres(env("PRO_URL")) } } });
`;
const ordersSource = `import { bronze, env, postgresTable, t } from "assay";
export const orders = bronze("orders", {
  from: postgresTable(env("LAKE_URL"), "shop.orders"),
  columns: { id: t.integer(), shop: t.varchar({ nullable: true }), price: t.decimal(10, 2) },
  key: ["id"],
});
`;
const priced = `import { incremental, model, sql, t } from "assay";
import { orders } from "../../sources/shop.ts";
export const priced = model("silver.priced", {
  grain: ["id"],
  columns: { id: t.integer(), shop: t.varchar({ nullable: true }), twice: t.decimal(11, 2) },
  materialize: incremental({ by: ["id"] }),
  sql: sql\`select id, shop, (price * 2)::decimal(11, 2) as twice from \${orders}\`,
});
`;

beforeEach(async () => {
  lake = await server.createDatabase("lake");
  const pro = await server.createDatabase("pro");
  await lake.sql(`create schema shop; create table shop.orders (id int primary key, shop text, price numeric(10, 2), internal text);
    insert into shop.orders select n, 'shop ' || n % 3, n + 0.25, 'secret' from generate_series(1, 100) n;
    grant usage on schema shop to reader; grant select on all tables in schema shop to reader;
    alter default privileges in schema shop grant select on tables to reader`);
  shop = await makeProject(
    { "assay.config.ts": config, "sources/shop.ts": ordersSource, "models/silver/priced.ts": priced },
    { env: { LAKE_URL: addressOf(), PRO_URL: pro.url } },
  );
  return () => shop.remove();
});

async function json<T>(args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): Promise<T> {
  const document = await shop.json<T & { readonly error?: unknown }>(args, { env });
  expect(document.error).toBeUndefined();
  return document;
}

const run = (...args: readonly string[]): Promise<RunResult> => json<RunResult>(["run", ...args]);
const stepOf = (result: RunResult, table: string): StepResult | undefined => result.steps.find((step) => step.table === table);
const errorsOf = (result: RunResult) => result.steps.flatMap(({ error }) => (error === null ? [] : [error]));

const everything = `create table shop.everything (id int, whole bigint, exact numeric, rough float8, small real, words text, letter char(3),
    yes boolean, day date, at timestamptz, local timestamp, clock time, doc json, docb jsonb, bytes bytea, list int[], code uuid, "Odd ""Name" text);
  insert into shop.everything values
    (1, 9223372036854775807, 12345678901234567890.12, 0.1, 1.1, 'plain', 'ab', true, '2026-02-28', '2026-03-01 01:30:00.123456+02',
      '2026-03-01 01:30:00.123456', '23:59:59.999999', '{"a": [1, "x"]}', '{"b":   12345678901234567890}', '\\xdeadbeef', '{1,null,3}',
      '00000000-0000-0000-0000-00000000000a', 'odd'),
    (2, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
    (3, -1, -0.50, 'NaN', '-infinity', '', '', false, 'infinity', '2026-01-01 00:00:00+00', '-infinity', '00:00', 'null', '""', '', '{}', null, ''),
    (4, 0, 0, -0.0, 1e20, E'quote " comma , newline \\n return \\r\\n tab \\t backslash \\\\ \\\\.', 'é', true, '0001-01-01',
      '1969-12-31 23:59:59.5-11:30', '9999-12-31 23:59:59', '12:00', '"\\u00e9"', '[]', null, null, null, E'\\\\.'),
    (5, 5, 5, 5, 5, 'Zürich 東京 🦆 '' $1 %s', ' x ', false, '2024-02-29', '2026-07-01 12:00:00 Europe/Zurich', '2026-07-01 12:00', '01:02:03', '{}', '{}',
      null, null, null, ' spaced ')`;
const everythingSource = `import { bronze, env, postgresTable, t } from "assay";
const n = { nullable: true };
export const everything = bronze("everything", {
  from: postgresTable(env("LAKE_URL"), "shop.everything"),
  columns: { id: t.integer(), whole: t.bigint(n), exact: t.decimal(22, 2, n), rough: t.double(n), small: t.double(n), words: t.varchar(n),
    letter: t.varchar(n), yes: t.boolean(n), day: t.date(n), at: t.timestamp(n), local: t.timestamp(n), clock: t.time(n), doc: t.json(n),
    docb: t.json(n), bytes: t.varchar(n), list: t.varchar(n), code: t.varchar(n), 'Odd "Name': t.varchar(n) },
  key: ["id"],
});
`;

describe("a table of another database as a bronze source", () => {
  it.each(["dev", "pro"])("holds the same rows, by value and type, in %s", async (env) => {
    await lake.sql(everything);
    await shop.write({ "sources/shop.ts": everythingSource });
    await shop.remove("models");
    const result = await run("--env", env);
    expect(errorsOf(result)).toEqual([]);
    expect(stepOf(result, "bronze.everything")).toMatchObject({ rows_in: 5, rows_out: 5, quarantined: 0 });
    const select = `select id, cast(whole as varchar) as whole, cast(exact as varchar) as exact, cast(rough as varchar) as rough, small, words, letter,
      yes, cast(day as varchar) as day, cast("at" as varchar) as "at", cast("local" as varchar) as "local", cast(clock as varchar) as clock,
      cast(doc as varchar) as doc, bytes, list, code, "Odd ""Name" as odd from bronze.everything order by id`;
    const { columns, rows } = await json<{ columns: readonly string[]; rows: readonly (readonly unknown[])[] }>([
      "query",
      select,
      "--env",
      env,
    ]);
    const found = rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
    expect(found[0]).toMatchObject({
      ...{
        whole: "9223372036854775807",
        exact: "12345678901234567890.12",
        rough: "0.1",
        small: 1.1,
        words: "plain",
        letter: "ab ",
        yes: true,
      },
      ...{ day: "2026-02-28", at: "2026-02-28 23:30:00.123456", local: "2026-03-01 01:30:00.123456", clock: "23:59:59.999999" },
      ...{ bytes: "\\xdeadbeef", list: "{1,NULL,3}", code: "00000000-0000-0000-0000-00000000000a", odd: "odd" },
    });
    expect(Object.values(found[1] ?? {}).filter((value) => value !== null)).toEqual([2]);
    expect(found[2]).toMatchObject({
      exact: "-0.50",
      words: "",
      letter: "   ",
      yes: false,
      day: "infinity",
      bytes: "\\x",
      list: "{}",
      odd: "",
    });
    expect(String(found[2]?.rough).toLowerCase()).toBe("nan");
    expect(found[3]).toMatchObject({
      words: 'quote " comma , newline \n return \r\n tab \t backslash \\ \\.',
      ...{ letter: "é  ", at: "1970-01-01 11:29:59.5", odd: "\\.", day: "0001-01-01" },
    });
    expect(found[4]).toMatchObject({ words: "Zürich 東京 🦆 ' $1 %s", letter: " x ", odd: " spaced ", at: "2026-07-01 10:00:00" });
  });

  it("puts what the contract does not hold exactly into quarantine, from where it enters as it was edited", async () => {
    await lake.sql(`create table shop.rates (id int, rate numeric, note text, at time);
      insert into shop.rates values (1, 1.25, 'ok', null), (2, 'NaN', '', null), (3, 'Infinity', null, null), (4, 1.239, 'cut', null), (5, 2.500, '', '24:00')`);
    await shop.write({
      "sources/shop.ts": `import { bronze, env, postgresTable, t } from "assay";
export const rates = bronze("rates", { from: postgresTable(env("LAKE_URL"), "shop.rates"), key: ["id"],
  columns: { id: t.integer(), rate: t.decimal(10, 2), note: t.varchar({ nullable: true }) } });
`,
    });
    await shop.remove("models");
    expect(stepOf(await run(), "bronze.rates")).toMatchObject({ rows_in: 5, rows_out: 2, quarantined: 3, status: "succeeded" });
    await shop.assay(["quarantine", "export", "bronze.rates", "--out", "edited.csv"]);
    const text = await readFile(join(shop.folder, "edited.csv"), "utf8");
    expect(text).toMatch(/NaN.*""/);
    const header = text.slice(0, text.indexOf("\n"));
    await shop.write({ "edited.csv": `${header}\n${text.slice(header.length + 1).replace(/NaN|Infinity|1\.239/g, "7.00")}` });
    const replayed = await shop.assay(["replay", "bronze.rates", "--from", "edited.csv"]);
    expect(replayed.code, replayed.stdout + replayed.stderr).toBe(0);
    const rows = "select id, rate::varchar as rate, note from bronze.rates order by id";
    const expected = [
      { id: 1, rate: "1.25", note: "ok" },
      { id: 2, rate: "7.00", note: "" },
      { id: 3, rate: "7.00", note: null },
      { id: 4, rate: "7.00", note: "cut" },
      { id: 5, rate: "2.50", note: "" },
    ];
    expect(await shop.query(rows)).toEqual(expected);
    // Read again with the replayed rows left out by their places, after the server has stored the rows in another order.
    await lake.sql(
      "create table shop.copy as select * from shop.rates order by id desc; truncate shop.rates; insert into shop.rates select * from shop.copy",
    );
    expect((await run("--full-refresh")).status).toBe("succeeded");
    expect(await shop.query(rows)).toEqual(expected);
  });

  it("is not read again while it holds the same, and a changed row changes that row only", async () => {
    expect(errorsOf(await run())).toEqual([]);
    const again = await run();
    expect(again.steps.map(({ status }) => status)).toEqual(["skipped", "skipped"]);
    // Stored anew, in another order, with other statistics: the same content.
    await lake.sql(
      "create table shop.k as select * from shop.orders order by random(); truncate shop.orders; insert into shop.orders select * from shop.k",
    );
    await lake.sql("update shop.orders set internal = 'other'; select pg_stat_reset()");
    await lake.sql("vacuum full shop.orders");
    expect((await run()).steps.map(({ status }) => status)).toEqual(["skipped", "skipped"]);
    await lake.sql("update shop.orders set price = 0 where id = 7");
    const changed = await run();
    expect(stepOf(changed, "bronze.orders")?.changes).toMatchObject({ inserted: 0, updated: 1, deleted: 0 });
    expect(stepOf(changed, "silver.priced")).toMatchObject({ changes: { inserted: 0, updated: 1, deleted: 0 }, touched: { values: 1 } });
    await lake.sql("delete from shop.orders where id = 8; insert into shop.orders values (101, null, 1, '')");
    expect(stepOf(await run(), "bronze.orders")?.changes).toMatchObject({ inserted: 1, updated: 0, deleted: 1 });
    // Two rows that trade their values have the same sum of everything but of their hashes.
    await lake.sql("update shop.orders set price = case id when 1 then 2.25 else 1.25 end where id in (1, 2)");
    expect(stepOf(await run(), "bronze.orders")?.changes).toMatchObject({ updated: 2 });
  });

  it("merges by key where that is declared: rows that are gone there stay", async () => {
    await shop.write({ "sources/shop.ts": ordersSource.replace('key: ["id"],', 'key: ["id"], load: "merge",') });
    await run();
    await lake.sql("delete from shop.orders where id = 1; update shop.orders set price = 5 where id = 2");
    expect(stepOf(await run(), "bronze.orders")).toMatchObject({ status: "succeeded", changes: { inserted: 0, updated: 1, deleted: 0 } });
    expect(await shop.query("select count(*)::int as n from bronze.orders")).toEqual([{ n: 100 }]);
  });

  it("can change nothing there", async () => {
    await lake.sql(`create table shop.audit (n int); grant insert on shop.audit to reader; create sequence shop.s; grant usage on sequence shop.s to reader;
      create function shop.touch() returns int language plpgsql security definer as $$ begin insert into shop.audit values (1); return 1; end $$;
      create function shop.break_out() returns int language plpgsql as $$ begin set transaction read write; insert into shop.audit values (1); return 1; end $$;
      alter table shop.orders rename to plain;
      create view shop.orders as select id, shop, price + shop.touch() as price from shop.plain; grant select on shop.orders to reader`);
    for (const price of ["price + shop.touch()", "price + shop.break_out()", "price + nextval('shop.s')"]) {
      await lake.sql(`create or replace view shop.orders as select id, shop, (${price})::numeric as price from shop.plain`);
      const [error] = errorsOf(await run());
      expect(error).toMatchObject({ code: "SOURCE_UNREADABLE", message: expect.stringMatching(/read-only|read-write/) });
    }
    expect(await lake.sql("select * from shop.audit")).toEqual([]);
    expect(await lake.sql("select is_called from shop.s")).toEqual([{ is_called: false }]);
  });

  it("notes a new column and leaves it out, or refuses it when the schema is frozen", async () => {
    const [first] = (await run()).steps;
    expect(first?.notes.join()).toContain("internal");
    await shop.write({ "sources/shop.ts": ordersSource.replace('key: ["id"],', 'key: ["id"], schema: "freeze",') });
    expect(errorsOf(await run())[0]).toMatchObject({ code: "SOURCE_HEADER", message: expect.stringContaining("internal") });
    await shop.write({ "sources/shop.ts": ordersSource.replace('key: ["id"],', 'key: ["id"], schema: "evolve",') });
    const { error } = await shop.json<{ error: { code: string; message: string } }>(["check"]);
    expect(error).toMatchObject({ code: "PROJECT_INVALID", message: expect.stringContaining("evolve") });
  });

  it("says what is wrong, and never shows the password", async () => {
    await shop.remove("models");
    const failure = async (url: string | undefined, source = ordersSource) => {
      await shop.write({ "sources/shop.ts": source });
      const outcome = await shop.assay(["run", "--json"], { env: { LAKE_URL: url } });
      expect(outcome.stdout + outcome.stderr).not.toContain(password);
      expect(outcome.stdout + outcome.stderr).not.toContain(encodeURIComponent(password));
      return errorsOf(JSON.parse(outcome.stdout) as RunResult)[0];
    };
    const wrong = (from: string, to: string) => failure(addressOf(), ordersSource.replace(from, to));
    expect(await failure(undefined)).toMatchObject({ code: "SETTING_MISSING", message: expect.stringContaining("LAKE_URL") });
    expect(await failure("mysql://x")).toMatchObject({ code: "SETTING_INVALID" });
    expect(await failure(addressOf().replace(`:${server.port}/`, ":1/"))).toMatchObject({ code: "SOURCE_UNREACHABLE" });
    expect(await failure(addressOf("reader", "other"))).toMatchObject({
      code: "SOURCE_DENIED",
      message: expect.stringContaining("reader"),
    });
    expect(await failure(addressOf().replace(/lake_\d+$/, "no_lake"))).toMatchObject({
      code: "SOURCE_DENIED",
      message: expect.stringContaining("no_lake"),
    });
    expect(await wrong("shop.orders", "shop.order")).toMatchObject({ code: "SOURCE_MISSING", hint: "did you mean shop.orders?" });
    expect(await wrong("price:", "prize:")).toMatchObject({
      code: "SOURCE_HEADER",
      message: expect.stringContaining("prize (did you mean price?)"),
    });
    expect(await failure(addressOf("stranger", "x"))).toMatchObject({
      code: "SOURCE_DENIED",
      hint: expect.stringContaining('grant select on table "shop"."orders" to "stranger"'),
    });
    const log = await shop.assay(["runs", "show"]);
    expect(log.stdout).not.toContain(password);
  });

  it("is planned and granted", async () => {
    const planned = await json<{ steps: readonly { step: string; action: string; because: string }[] }>(["plan"]);
    expect(planned.steps[0]).toMatchObject({ step: "ingest bronze.orders", action: "run" });
    await run();
    await lake.sql("update shop.orders set price = 0 where id = 7");
    const { steps } = await json<typeof planned>(["plan"]);
    expect(steps[0]).toMatchObject({ action: "run", because: "shop.orders is changed" });
    const script = await shop.assay(["grants", "--sources"], { env: { LAKE_URL: addressOf("stranger", "x") } });
    expect(script.code, script.stderr).toBe(0);
    await lake.sql(script.stdout);
    const granted = await json<RunResult>(["run"], { LAKE_URL: addressOf("stranger", "x") });
    expect(errorsOf(granted)).toEqual([]);
    await expect(lake.sql("set role stranger; delete from shop.orders")).rejects.toThrow(/permission denied/);
  });

  it("blocks nobody there, and leaves nothing when it is killed", async () => {
    await lake.sql(`alter table shop.orders rename to plain; create view shop.orders as
      select id, shop, price, pg_sleep(0.1)::text as nap from shop.plain; grant select on shop.orders to reader`);
    await shop.write({
      "sources/shop.ts": ordersSource.replace("price: t.decimal(10, 2)", "price: t.decimal(10, 2), nap: t.varchar({ nullable: true })"),
    });
    const command = shop.start(["run", "--json"]);
    const reading = "select pid from pg_stat_activity where datname = current_database() and usename = 'reader'";
    const until = async (condition: () => Promise<boolean>): Promise<void> => {
      for (const end = performance.now() + 20_000; !(await condition()); await setTimeout(50)) {
        if (performance.now() > end) throw new Error("it did not come about in time");
      }
    };
    await until(async () => (await lake.sql(`${reading} and state = 'active'`)).length > 0);
    await lake.sql(
      "set lock_timeout = '500ms'; update shop.plain set price = 1 where id = 3; select count(*) from shop.orders where id = 3",
    );
    command.kill();
    await command.exited;
    await until(async () => (await lake.sql(reading)).length === 0);
    await lake.sql("create or replace view shop.orders as select id, shop, price, null::text as nap from shop.plain");
    const result = await run();
    expect(stepOf(result, "bronze.orders")).toMatchObject({ status: "succeeded", rows_out: 100 });
    expect(await readdir(join(shop.folder, ".assay", "scratch")).catch(() => [])).toEqual([]);
  });
});
