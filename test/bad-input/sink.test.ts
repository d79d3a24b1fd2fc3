import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { tcpProxy } from "../adapters/postgres/tcp-proxy.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import type { TestProject } from "../support/project.ts";
import { asPublished, failedRun, goodRun, makeShop, ordersCsv, refusal, standing } from "./shop.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

/** Sends a small table, and one large enough that its COPY can be caught under way. */
const sinkFiles = {
  "models/gold/many.ts": `import { model, sql, t } from "assay";
export const many = model("gold.many", {
  grain: ["order_id", "copy"],
  columns: { order_id: t.varchar(), copy: t.bigint(), filler: t.varchar(), amount: t.integer() },
  sql: sql\`
    select order_id, copy, repeat('filler ', 40) || copy as filler, amount
    from silver.orders cross join range(40000) as copies(copy)
  \`,
});
`,
  "sinks/warehouse.ts": `import { env, postgres, sink } from "assay";
import { daily } from "../models/gold/daily.ts";
import { many } from "../models/gold/many.ts";

export const warehouse = sink("warehouse", { to: postgres(env("WAREHOUSE_URL", { optional: true })), schema: "shop", tables: [daily, many] });
`,
};

const password = "pa55-w0rd-nobody-sees";
const place = { file: "sinks/warehouse.ts", line: 5 };
const small = ["--select", "+gold.daily"];
const large = ["--select", "+gold.many"];

let project: TestProject;
beforeEach(async () => {
  project = await makeShop(sinkFiles);
});
afterEach(() => project.remove());

const sendTo = (url: string) => ({ env: { WAREHOUSE_URL: url } });

function address(change: (url: URL) => void): string {
  const url = new URL(server.url);
  change(url);
  return url.href;
}

function logs(): string {
  const folder = join(project.folder, ".assay", "logs");
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("");
}

test("nothing listens there: the tables are published all the same, and the next run only sends", async () => {
  const { run, failed, error } = await failedRun(project, small, sendTo(`postgres://assay:${password}@127.0.0.1:1/warehouse`));
  expect(failed).toMatchObject({ step: "sink warehouse gold.daily", kind: "sink" });
  expect(error).toEqual({
    code: "SINK_UNREACHABLE",
    message: "PostgreSQL at 127.0.0.1:1 cannot be reached: connection refused",
    hint: "start the server or correct host and port, then run again",
    location: place,
  });
  expect(run.steps.filter((step) => step.kind !== "sink").map((step) => step.status)).toEqual(["succeeded", "succeeded", "succeeded"]);
  expect(await standing(project)).toEqual(asPublished);
  expect(JSON.stringify(run) + logs()).not.toContain(password);

  const again = await goodRun(project, small, sendTo(server.url));
  expect(again.steps.filter((step) => step.status !== "skipped").map((step) => step.step)).toEqual(["sink warehouse gold.daily"]);
  expect(await server.sql("select sum(amount)::integer as amount from shop.daily")).toEqual([{ amount: 60 }]);
});

test("a wrong password is refused and never shown", async () => {
  const url = address((to) => {
    to.password = password;
  });
  const { code, stdout, stderr } = await project.assay(["run", ...small], sendTo(url));
  expect(code).toBe(1);
  expect(stdout).toMatch(/SINK_DENIED {2}PostgreSQL at 127\.0\.0\.1:\d+ refused user "assay": password authentication failed/);
  expect(stdout).toContain("hint: check user and password in the connection address");
  expect(stdout + stderr).not.toMatch(/INTERNAL|node:internal/);
  const document = await project.assay(["run", ...small, "--json"], sendTo(url));
  const shown = await project.assay(["runs", "show", "--json"]);
  expect([stdout, stderr, document.stdout, document.stderr, shown.stdout, shown.stderr, logs()].join("")).not.toContain(password);
  expect(document.code).toBe(1);
  expect(await standing(project)).toEqual(asPublished);
});

test("a server that has no such database", async () => {
  const { error } = await failedRun(project, small, sendTo(address((url) => (url.pathname = "/nowhere"))));
  expect(error).toMatchObject({ code: "SINK_DENIED", location: place });
  expect(error.message).toMatch(/has no database "nowhere"$/);
});

test("an address that is none stops before anything runs, without its password", async () => {
  for (const url of ["127.0.0.1:5432/warehouse", `https://assay:${password}@127.0.0.1/warehouse`, `postgres://assay:${password}@:port/x`]) {
    const { exit, error } = await refusal(project, ["run"], sendTo(url));
    expect(exit).toBe(2);
    expect(error).toMatchObject({
      code: "SETTING_INVALID",
      message: "the address of sink warehouse (WAREHOUSE_URL) is not a PostgreSQL address",
      location: place,
    });
    expect(JSON.stringify(error)).not.toContain(password);
  }
});

test("a connection lost in the middle of COPY: readers keep the old table, the next run sends the new one", async () => {
  const proxy = await tcpProxy(server.port);
  const through = sendTo(address((url) => (url.port = String(proxy.port))));
  const sent = () => server.sql("select count(*)::integer as rows, sum(amount)::integer as amount from shop.many");
  try {
    await goodRun(project, large, through);
    await project.write({ "data/orders.csv": ordersCsv.replace("ann,10", "ann,11") });
    const running = failedRun(project, large, through);
    // A run that ends early ends the wait, and the assertions below say what it did.
    const ended = running.then(
      () => true,
      () => true,
    );
    for (let done = false; !done; ) {
      const copies = await server.sql("select 1 from pg_stat_progress_copy where tuples_processed > 1000");
      if (copies.length > 0) proxy.cut();
      done = copies.length > 0 || (await Promise.race([ended, setTimeout(5, false)]));
    }
    const { run, error } = await running;
    expect(error).toMatchObject({ code: "SINK_UNREACHABLE", location: place });
    expect(error.message).toMatch(/closed the connection while /);
    expect(error.hint).toMatch(/^the table that readers see was not touched; run again/);
    expect(run.steps.filter((step) => step.kind === "build").map((step) => step.status)).toEqual(["succeeded", "succeeded"]);
    expect(await project.query("select sum(amount) as amount from gold.many")).toEqual([{ amount: "2440000" }]);
    expect(await sent()).toEqual([{ rows: 120_000, amount: 2_400_000 }]);

    const again = await goodRun(project, large, through);
    expect(again.steps.filter((step) => step.status !== "skipped").map((step) => step.step)).toEqual(["sink warehouse gold.many"]);
    expect(await sent()).toEqual([{ rows: 120_000, amount: 2_440_000 }]);
    expect(await server.sql("select tablename from pg_tables where schemaname = 'shop' order by 1")).toEqual([
      { tablename: "daily" },
      { tablename: "many" },
    ]);
  } finally {
    await proxy.close();
  }
});
