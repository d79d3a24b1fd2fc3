import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { stepOf } from "../support/run-document.ts";

const config = { "assay.config.ts": 'import { defineProject } from "assay";\nexport default defineProject({ name: "history" });\n' };

const bronzeFile = (load: string): string => `import { bronze, csv, t } from "assay";
export const customers = bronze("customers", {
  from: csv("data/customers-*.csv"),
  columns: { customer_id: t.varchar(), city: t.varchar({ nullable: true }), status: t.varchar(), updated_at: t.varchar() },
  ${load}
});
`;

const modelFile = (options: string): string => `import { model, snapshot, sql, t } from "assay";
import { customers } from "../../sources/customers.ts";
export const history = model("silver.customer_history", {
  grain: ["customer_id"],
  columns: { customer_id: t.varchar(), city: t.varchar({ nullable: true }), status: t.varchar(), updated_at: t.timestamp() },
  materialize: snapshot({ ${options} }),
  sql: sql\`select customer_id, city, status, try_cast(updated_at as timestamp) as updated_at from \${customers}\`,
});
`;

const csv = (...rows: readonly string[]): string => `customer_id,city,status,updated_at\n${rows.map((row) => `${row}\n`).join("")}`;
const start = "0001-01-01 00:00:00";
const end = "9999-12-31 00:00:00";

let project: TestProject;

async function versions(): Promise<readonly string[]> {
  const rows = await project.query(
    "select customer_id, city, valid_from::varchar as f, valid_to::varchar as u, is_current from silver.customer_history order by all",
  );
  return rows.map((row) => `${row.customer_id} ${row.city} ${row.f} → ${row.u}${row.is_current === true ? " now" : ""}`);
}

async function removeAll(...names: readonly string[]): Promise<void> {
  for (const name of names) await project.remove(name);
}

async function run(): Promise<RunResult> {
  return project.json<RunResult>(["run"]);
}

describe("from files that keep every version", () => {
  beforeAll(async () => {
    project = await makeProject({
      ...config,
      "sources/customers.ts": bronzeFile('load: "append"'),
      "models/silver/history.ts": modelFile('at: "updated_at", deleted: "status = \'deleted\'"'),
    });
  });
  afterAll(() => project.remove());
  beforeEach(() => removeAll("warehouse.duckdb", "lake", "data"));

  test("first open at the start, half-open, current one open at the end", async () => {
    await project.write({ "data/customers-1.csv": csv("a,Rome,live,2026-01-01", "a,Oslo,live,2026-02-01", "b,Bern,live,2026-01-15") });
    expect((await run()).status).toBe("succeeded");
    expect(await versions()).toEqual([
      `a Oslo 2026-02-01 00:00:00 → ${end} now`,
      `a Rome ${start} → 2026-02-01 00:00:00`,
      `b Bern ${start} → ${end} now`,
    ]);
  });

  test("late, unchanged, deleted and re-appearing versions, whatever batch they come in", async () => {
    await project.write({ "data/customers-1.csv": csv("a,Rome,live,2026-01-01", "a,Rome,live,2026-03-01", "b,Bern,live,2026-01-01") });
    await run();
    expect(await versions()).toEqual([`a Rome ${start} → ${end} now`, `b Bern ${start} → ${end} now`]);
    // Between two equal versions: the second of them was no version until now.
    await project.write({ "data/customers-2.csv": csv("a,Oslo,live,2026-02-01", "b,Bern,deleted,2026-04-01") });
    const second = await run();
    expect(stepOf(second, "build silver.customer_history")).toMatchObject({ touched: { values: 2 }, changes: { deleted: 0 } });
    expect(stepOf(second, "build silver.customer_history").notes.join()).toContain("1 version is older than what was known");
    expect(await versions()).toEqual([
      `a Oslo 2026-02-01 00:00:00 → 2026-03-01 00:00:00`,
      `a Rome ${start} → 2026-02-01 00:00:00`,
      `a Rome 2026-03-01 00:00:00 → ${end} now`,
      `b Bern ${start} → 2026-04-01 00:00:00`,
    ]);
    await project.write({ "data/customers-3.csv": csv("b,Bern,live,2026-05-01", "a,Rome,live,2026-03-01") });
    await run();
    expect((await versions()).slice(3)).toEqual([`b Bern ${start} → 2026-04-01 00:00:00`, `b Bern 2026-05-01 00:00:00 → ${end} now`]);
    // All files at once give the same history.
    const stepwise = await versions();
    await removeAll("warehouse.duckdb", "lake");
    await run();
    expect(await versions()).toEqual(stepwise);
  });

  test("two versions at one time cannot be told apart", async () => {
    await project.write({ "data/customers-1.csv": csv("a,Rome,live,2026-01-01", "a,Oslo,live,2026-01-01") });
    const step = stepOf(await run(), "build silver.customer_history");
    expect(step.error?.message).toBe(
      "silver.customer_history: 2 different versions of customer_id = a have the same updated_at, 2026-01-01 00:00:00",
    );
  });

  test("a version without a time", async () => {
    await project.write({ "data/customers-1.csv": csv("a,Rome,live,soon") });
    const step = stepOf(await run(), "build silver.customer_history");
    expect(step.error?.message).toBe("silver.customer_history: a version of customer_id = a has no updated_at");
  });
});

describe("from files that hold the present only", () => {
  beforeAll(async () => {
    project = await makeProject({
      ...config,
      "sources/customers.ts": bronzeFile('key: ["customer_id"], load: "replace"'),
      "models/silver/history.ts": modelFile('at: "updated_at", missing: "close"'),
    });
  });
  afterAll(() => project.remove());

  test("what is missing ends, what comes back holds again", async () => {
    const now = async (...rows: readonly string[]): Promise<readonly string[]> => {
      await project.write({ "data/customers-1.csv": csv(...rows) });
      expect((await run()).status).toBe("succeeded");
      return (await versions()).map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+/, "clock"));
    };
    expect(await now("a,Rome,live,2026-01-01", "b,Bern,live,2026-01-01")).toHaveLength(2);
    expect(await now("a,Oslo,live,2026-02-01")).toEqual([
      `a Oslo 2026-02-01 00:00:00 → ${end} now`,
      `a Rome ${start} → 2026-02-01 00:00:00`,
      `b Bern ${start} → clock`,
    ]);
    expect((await now("a,Oslo,live,2026-02-01", "b,Bern,live,2026-01-01")).slice(2)).toEqual([
      `b Bern ${start} → clock`,
      `b Bern clock → ${end} now`,
    ]);
    expect((await now("a,Oslo,live,2026-02-01", "b,Bern,live,2026-01-01", "c,Wien,live,2026-01-01")).slice(2)).toHaveLength(3);
  });

  test("what comes back with other attributes under its old time does not rewrite what held before, however often it is seen", async () => {
    const now = async (...rows: readonly string[]): Promise<readonly string[]> => {
      await project.write({ "data/customers-1.csv": csv(...rows) });
      expect((await run()).status).toBe("succeeded");
      return (await versions()).filter((line) => line.startsWith("d "));
    };
    await now("d,Rome,live,2026-01-01");
    const [closed] = await now("e,Bern,live,2026-01-01");
    const back = await now("e,Bern,live,2026-01-01", "d,Oslo,live,2026-01-01");
    expect(back.find((line) => line.startsWith("d Rome"))).toBe(closed);
    expect(back.filter((line) => line.endsWith(" now"))).toEqual([expect.stringContaining("d Oslo")]);
    expect((await project.assay(["run", "--full-refresh"])).code).toBe(0);
    expect((await versions()).filter((line) => line.startsWith("d "))).toEqual(back);
    // A correction of what holds now is not one of what held then.
    const corrected = await now("e,Bern,live,2026-01-01", "d,Wien,live,2026-01-01");
    expect(corrected.map((line) => line.replace("Wien", "Oslo")).sort()).toEqual(back);
  });

  test("its versions outlive a full refresh, and a column that comes later", async () => {
    const before = await versions();
    expect((await project.assay(["run", "--full-refresh"])).code).toBe(0);
    expect(await versions()).toEqual(before);
  });
});
