import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import type { TestProject } from "../support/project.ts";
import {
  expectConserved,
  type Files,
  ordersCsv,
  ordersSource,
  quarantineProject,
  shownRows,
  succeed,
} from "../support/quarantine-project.ts";
import { stepOf } from "../support/run-document.ts";

vi.setConfig({ testTimeout: 180_000 });
let project: TestProject;
afterEach(() => project?.remove());

async function fail(args: readonly string[] = ["run"]): Promise<RunResult> {
  const { code, stdout } = await project.assay([...args, "--json"]);
  expect(code, stdout).toBe(1);
  return JSON.parse(stdout) as RunResult;
}

const everyRule = `checks: [
    check.notNull("note", { severity: "quarantine" }),
    check.acceptedValues("customer", ["ann", "bob"], { severity: "quarantine" }),
    check.between("amount", { min: 0, max: 100 }, { severity: "quarantine" }),
    check.matches("order_id", "^o[0-9]+$", { severity: "quarantine" }),
    check.expression("this_year", "year(ordered_on) = 2026", { severity: "quarantine" }),
    check.between("amount", { max: 50 }, { severity: "warn" }),
  ],`;

const records: readonly (readonly [row: Readonly<Record<string, unknown>>, rule: string | null])[] = [
  [{ order_id: "o1", customer: "ann", amount: 10, ordered_on: "2026-01-01", note: "first" }, null],
  [{ order_id: "o2", customer: "cat", amount: 10, ordered_on: "2026-01-01", note: "first" }, "accepted_values:customer"],
  [{ order_id: "o3", customer: "bob", amount: -1, ordered_on: "2026-01-01", note: "first" }, "between:amount"],
  [{ order_id: "o4", customer: "bob", amount: 1, ordered_on: "2026-01-01", note: null }, "not_null:note"],
  [{ order_id: "p5", customer: "bob", amount: 1, ordered_on: "2026-01-01", note: 'a "quoted", thing' }, "matches:order_id"],
  [{ order_id: "o6", customer: "bob", amount: 1, ordered_on: "2025-01-01", note: "first" }, "expression:this_year"],
  // Breaks two rules and is one row; a value that is absent breaks the contract first.
  [{ order_id: "o7", customer: "cat", amount: 999, ordered_on: "2026-01-01", note: "x" }, "accepted_values:customer"],
  [{ order_id: "o8", customer: null, amount: 999, ordered_on: "2026-01-01", note: "x" }, "not_null:customer"],
  [{ order_id: "o9", customer: "ann", amount: 60, ordered_on: "2026-01-01", note: "dear, but only a warning" }, null],
];

const quoted = (value: unknown): string =>
  value === null ? "" : /[",]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);

async function parquetFile(): Promise<Uint8Array> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const path = join(project.folder, "made.parquet");
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const rows = records.map(
    ([row]) =>
      `(${Object.values(row)
        .map((value) => (value === null ? "null" : typeof value === "number" ? value : `'${value}'`))
        .join(", ")})`,
  );
  await connection.run(`copy (select order_id, customer, amount::integer as amount, ordered_on::date as ordered_on, note
    from (values ${rows.join(", ")}) as v(order_id, customer, amount, ordered_on, note)) to '${path}' (format parquet)`);
  connection.closeSync();
  return readFileSync(path);
}

const sources: readonly (readonly [
  kind: string,
  from: string,
  file: string,
  content: () => string | Promise<Uint8Array>,
  first: number,
])[] = [
  ["CSV", 'csv("data/o.csv")', "data/o.csv", () => ordersCsv(...records.map(([row]) => Object.values(row).map(quoted).join(","))), 2],
  ["JSON lines", 'json("data/o.json")', "data/o.json", () => records.map(([row]) => `${JSON.stringify(row)}\n`).join(""), 1],
  ["a JSON array", 'json("data/o.json", { layout: "array" })', "data/o.json", () => JSON.stringify(records.map(([row]) => row)), 1],
  ["Parquet", 'parquet("data/o.parquet")', "data/o.parquet", parquetFile, 1],
];

describe.each(sources)("%s", (_kind, from, file, content, first) => {
  test("rows that break a rule go to quarantine with rule, file, row and text, and enter when the rule is gone", async () => {
    project = await quarantineProject({ "sources/orders.ts": ordersSource(everyRule, from) });
    await project.write({ [file]: await content() });
    const run = await succeed(project, ["run"]);
    expect(stepOf(run, "ingest bronze.orders")).toMatchObject({ rows_in: 9, rows_out: 2, quarantined: 7 });
    expect((await shownRows(project)).map(({ rule, row_number, state }) => [row_number, rule, state])).toEqual(
      records.flatMap(([, rule], index) => (rule === null ? [] : [[first + index, rule, "open"]])),
    );
    await expectConserved(project, 9);
    const checks = stepOf(run, "ingest bronze.orders").checks.filter((check) => check.severity !== "error");
    expect(checks.map(({ check, column, status, failures }) => `${check} ${column} ${status} ${failures}`).sort()).toEqual([
      "accepted_values customer quarantined 2",
      "between amount quarantined 1",
      "between amount warned 1",
      "expression null quarantined 1",
      "matches order_id quarantined 1",
      "not_null note quarantined 1",
    ]);

    // As exported, with every value as it came.
    const { code, stderr } = await project.assay(["quarantine", "export", "orders", "--out", "q.csv"]);
    expect(code, stderr).toBe(0);
    const lines = readFileSync(join(project.folder, "q.csv"), "utf8").trimEnd().split("\n").slice(1);
    const broken = records.flatMap(([row, rule], index) => (rule === null ? [] : [{ row, place: first + index }]));
    for (const [index, { row, place }] of broken.entries())
      expect(lines[index]).toContain(`,${place},${Object.values(row).map(quoted).join(",")},`);

    // Without the rules all but the row without a customer enter, by themselves; that one as it is edited.
    await project.write({ "sources/orders.ts": ordersSource("", from) });
    const again = await succeed(project, ["replay", "--rule", "accepted_values:customer"]);
    expect(stepOf(again, "ingest bronze.orders")).toMatchObject({ rows_out: 8, quarantined: 1 });
    await expectConserved(project, 9);
    const [left] = await shownRows(project);
    expect(left).toMatchObject({ rule: "not_null:customer" });
    await project.write({ "one.csv": `_id,order_id,customer,amount,ordered_on,note\n${left?.id},o8,"Zoë\n""Z""",999,2026-01-01,\n` });
    await succeed(project, ["replay", "orders", "--from", "one.csv"]);
    expect(await project.query("select customer, note from bronze.orders where order_id = 'o8'")).toEqual([
      { customer: 'Zoë\n"Z"', note: null },
    ]);
    await expectConserved(project, 9);
    await succeed(project, ["run", "--full-refresh"]);
    await expectConserved(project, 9);
  });
});

test("an empty text and an absent value stay two things where the source tells them apart", async () => {
  const rows = [
    { order_id: "o1", customer: "ann", amount: 1, ordered_on: "2026-01-01", note: "" },
    { order_id: "o2", customer: "", amount: "x", ordered_on: "2026-01-01", note: "" },
    { order_id: "o3", customer: "ann", amount: "x", ordered_on: "2026-01-01", note: null },
  ];
  project = await quarantineProject({
    "sources/orders.ts": ordersSource("", 'json("data/o.json")'),
    "data/o.json": rows.map((row) => JSON.stringify(row)).join("\n"),
  });
  await succeed(project, ["run"]);
  await project.assay(["quarantine", "export", "orders", "--out", "q.csv"]);
  const text = readFileSync(join(project.folder, "q.csv"), "utf8");
  expect(text).toContain(',o2,"",x,2026-01-01,"",\n');
  expect(text).toContain(",o3,ann,x,2026-01-01,,\n");
  await project.write({ "q.csv": text.replaceAll(",x,2026", ",5,2026") });
  await succeed(project, ["replay", "orders", "--from", "q.csv"]);
  expect(await project.query("select order_id, customer, note from bronze.orders where amount = 5 order by 1")).toEqual([
    { order_id: "o2", customer: "", note: "" },
    { order_id: "o3", customer: "ann", note: null },
  ]);
  await expectConserved(project, 3);
});

test("numbers keep every digit on their way through quarantine", async () => {
  const source = `import { bronze, json, t } from "assay";
export const orders = bronze("orders", { from: json("data/o.json"), columns: { order_id: t.varchar(), big: t.bigint(), price: t.decimal(30, 10), doc: t.json(), day: t.date() } });\n`;
  const line = '{"order_id":"o1","big":9007199254740993,"price":12345678901234567890.1234567891,"doc":{"a":[1.5,"x"]},"day":"soon"}';
  const good = line.replace("o1", "o0").replace("soon", "2026-01-01");
  project = await quarantineProject({
    "sources/orders.ts": source,
    "models/silver/orders.ts": "export {};",
    "models/gold/daily.ts": "export {};",
    "data/o.json": `${good}\n${line}\n`,
  });
  await succeed(project, ["run"]);
  await project.assay(["quarantine", "export", "orders", "--out", "q.csv"]);
  await project.write({ "q.csv": readFileSync(join(project.folder, "q.csv"), "utf8").replace(",soon,", ",2026-01-01,") });
  await succeed(project, ["replay", "orders", "--from", "q.csv"]);
  const [first, second] = await project.query("select * exclude (order_id), doc::varchar as doc from bronze.orders order by order_id");
  expect(second).toEqual(first);
  expect(second).toMatchObject({ big: "9007199254740993", price: "12345678901234567890.1234567891" });
});

describe("thresholds", () => {
  const limited = (limit: string): Files => ({ "sources/orders.ts": ordersSource(`maxRejected: ${limit},`) });
  const rows = ["o1,ann,1,2026-01-01,", "o2,ann,2,2026-01-01,", "o3,ann,3,2026-01-01,", "o4,ann,four,2026-01-01,"];

  test("a share of the rows, or a number of them, fails the step; its rows are kept to be looked at, and not counted", async () => {
    project = await quarantineProject({ ...limited("{ share: 0.2 }"), "data/orders.csv": ordersCsv(...rows) });
    const failed = await fail();
    expect(stepOf(failed, "ingest bronze.orders").error?.message).toMatch(
      /^bronze\.orders: 1 rows refused at the door, maxRejected is 20% of 4 rows; first: .* row 5: amount/,
    );
    expect(await shownRows(project)).toMatchObject([{ state: "failed", row_number: 5, rule: "type:amount", run_id: failed.run_id }]);
    const list = await project.assay(["quarantine"]);
    expect(list.stdout).toContain("0 rows in quarantine, 1 row of steps that failed");
    await fail();
    expect(await shownRows(project)).toHaveLength(1);

    await project.write(limited("{ share: 0.25, rows: 0 }"));
    expect(stepOf(await fail(), "ingest bronze.orders").error?.message).toContain("maxRejected is 0;");
    await project.write(limited("{ share: 0.25 }"));
    await succeed(project, ["run"]);
    expect(await shownRows(project)).toMatchObject([{ state: "open" }]);
    await expectConserved(project, 4);

    // A file that fails later leaves what is open as it was.
    await project.write({ "data/orders-2.csv": ordersCsv("o9,ann,nine,2026-01-01,") });
    await fail();
    expect((await shownRows(project)).map((row) => row.state).sort()).toEqual(["failed", "open"]);
    await expectConserved(project, 4);
  });
});

describe("a model's rule", () => {
  const silver = (limit: number, more = ""): Files => ({
    "models/silver/orders.ts": `import { check, model, sql, t } from "assay";
import { orders } from "../../sources/orders.ts";
export const silverOrders = model("silver.orders", {
  grain: ["order_id"],
  columns: { order_id: t.varchar(), customer: t.varchar(), amount: t.integer(), ordered_on: t.date() },
  checks: [check.between("amount", { max: ${limit} }, { severity: "quarantine" }), check.expression("named", "customer <> 'nobody'", { severity: "quarantine" })],
  ${more}
  sql: sql\`select order_id, customer, amount, ordered_on from \${orders} where amount > 0\`,
});
`,
  });
  const data = {
    "data/orders.csv": ordersCsv(
      "o1,ann,10,2026-01-01,",
      "o2,nobody,500,2026-01-01,",
      "o3,ann,30,2026-01-02,",
      "o4,nobody,1,2026-01-02,",
      "o5,ann,0,2026-01-02,",
    ),
  };

  test("keeps rows out of the table, with key and row, until the rule or the data change", async () => {
    project = await quarantineProject({ ...silver(100), ...data });
    const run = await succeed(project, ["run"]);
    expect(stepOf(run, "build silver.orders")).toMatchObject({
      rows_in: 5,
      rows_out: 2,
      quarantined: 2,
      removed: 1,
      upstreams: [{ used: 4 }],
    });
    const rows = await shownRows(project, "silver.orders");
    expect(rows.map(({ key, rule, raw }) => [key, rule, JSON.parse(raw ?? "")])).toEqual([
      ['{"order_id":"o2"}', "between:amount", { order_id: "o2", customer: "nobody", amount: 500, ordered_on: "2026-01-01" }],
      ['{"order_id":"o4"}', "expression:named", { order_id: "o4", customer: "nobody", amount: 1, ordered_on: "2026-01-02" }],
    ]);
    expect(await project.query("select sum(amount)::integer as total from gold.daily")).toEqual([{ total: 40 }]);

    // Built again from the same rows: the same ids.
    await succeed(project, ["run", "--full-refresh"]);
    expect((await shownRows(project, "silver.orders")).map((row) => row.id)).toEqual(rows.map((row) => row.id));

    await project.write({ "data/orders.csv": data["data/orders.csv"].replace("o4,nobody", "o4,bob") });
    await succeed(project, ["run"]);
    expect((await shownRows(project, "silver.orders")).map((row) => row.key)).toEqual(['{"order_id":"o2"}']);
    expect(await project.query("select sum(amount)::integer as total from gold.daily")).toEqual([{ total: 41 }]);

    await project.write(silver(1000));
    expect(stepOf(await succeed(project, ["replay", "silver.orders", "--rule", "between"]), "build silver.orders")).toMatchObject({
      quarantined: 1,
    });
    expect((await shownRows(project, "silver.orders")).map((row) => row.rule)).toEqual(["expression:named"]);
  });

  test("replayed with nothing changed builds again, and changes nothing", async () => {
    project = await quarantineProject({ ...silver(100), ...data });
    await succeed(project, ["run"]);
    const before = await shownRows(project, "orders");
    const run = await succeed(project, ["replay", "silver.orders", "--rule", "between:amount"]);
    expect(stepOf(run, "build silver.orders")).toMatchObject({ reason: "1 row in quarantine to enter", changes: null, quarantined: 2 });
    expect(stepOf(run, "build gold.daily").status).toBe("skipped");
    expect((await shownRows(project, "orders")).map((row) => row.id)).toEqual(before.map((row) => row.id));
  });

  test("fails the build beyond maxRejected, and when no row is left", async () => {
    project = await quarantineProject({ ...silver(100, "maxRejected: { share: 0.4 },"), ...data });
    const failed = await fail();
    expect(stepOf(failed, "build silver.orders")).toMatchObject({
      rows_out: 2,
      quarantined: 2,
      error: {
        code: "TOO_MANY_REJECTED",
        message: 'silver.orders: 2 rows break a rule, maxRejected is 40% of 4 rows; first: amount is outside … to 100 at {"order_id":"o2"}',
      },
    });
    expect(stepOf(failed, "build gold.daily").status).toBe("skipped");
    expect((await shownRows(project, "silver.orders")).map(({ key, state, run_id }) => [key, state, run_id])).toEqual([
      ['{"order_id":"o2"}', "failed", failed.run_id],
      ['{"order_id":"o4"}', "failed", failed.run_id],
    ]);
    await project.write(silver(-5));
    expect(stepOf(await fail(), "build silver.orders").error?.message).toContain("every row breaks a rule");
    await project.write(silver(100, "maxRejected: 2,"));
    await succeed(project, ["run"]);
    expect((await shownRows(project, "silver.orders")).map((row) => row.state)).toEqual(["open", "open"]);
  });

  test("in a .sql file", async () => {
    project = await quarantineProject({
      ...data,
      "models/gold/daily.ts": "export {};",
      "models/silver/orders.ts": "export {};",
      "models/silver/dear.sql": `/*
grain: [order_id]
checks:
  - between: { column: amount, max: 100, severity: quarantine }
maxRejected: { share: 0.5 }
*/
select order_id, amount from bronze.orders
`,
    });
    expect(stepOf(await succeed(project, ["run"]), "build silver.dear")).toMatchObject({ rows_in: 5, rows_out: 4, quarantined: 1 });
  });

  test("of an incremental table judges what changes touch, as a full build would", async () => {
    const incremental = (limit: number, more = ""): Files => ({
      "models/silver/orders.ts": `import { check, incremental, model, sql, t } from "assay";
import { orders } from "../../sources/orders.ts";
export const silverOrders = model("silver.orders", {
  grain: ["order_id"],
  columns: { order_id: t.varchar(), customer: t.varchar(), amount: t.integer(), ordered_on: t.date() },
  materialize: incremental({ by: ["order_id"] }),
  checks: [check.between("amount", { max: ${limit} }, { severity: "quarantine" })],
  ${more}
  sql: sql\`select order_id, customer, amount, ordered_on from \${orders} where amount > 0\`,
});
`,
    });
    const day = (index: number): string => `2026-01-${String((index % 28) + 1).padStart(2, "0")}`;
    const amounts = Array.from({ length: 400 }, (_, index) => (index % 10 === 0 ? 500 + index : index + 1));
    const orders = (): Files => ({
      "data/orders.csv": ordersCsv(...amounts.map((amount, index) => `o${index},ann,${amount},${day(index)},`)),
    });
    const contents = async (): Promise<readonly unknown[]> => [
      await project.query("select * from silver.orders order by order_id"),
      await project.query("select key, raw, rule from assay.quarantine where state = 'open' order by key"),
      (
        await project.query(
          "select count(*) as rows from silver.orders union all select count(*) from assay.quarantine where state = 'open'",
        )
      ).map((row) => row.rows),
    ];
    project = await quarantineProject({ ...incremental(450), ...orders() });
    expect(stepOf(await succeed(project, ["run"]), "build silver.orders")).toMatchObject({ rows_out: 360, quarantined: 40, touched: null });

    // A row that broke the rule is mended, one that did not breaks it now, one goes.
    amounts[0] = 1;
    amounts[29] = 9999;
    amounts[57] = -1;
    await project.write(orders());
    const run = await succeed(project, ["run"]);
    expect(stepOf(run, "build silver.orders").touched, JSON.stringify(stepOf(run, "build silver.orders").notes)).toMatchObject({
      values: 3,
    });
    const refreshed = await contents();
    expect(refreshed[2]).toEqual(["359", "40"]);
    const verified = await project.json<{ tables: readonly { table: string; status: string }[] }>(["verify", "silver.orders"]);
    expect(JSON.stringify(verified)).toContain('"status":"verified"');
    await succeed(project, ["run", "--full-refresh"]);
    expect(await contents()).toEqual(refreshed);

    // The limit is for the whole table, not for the part that a refresh makes.
    await project.write(incremental(450, "maxRejected: 40,"));
    await succeed(project, ["run"]);
    amounts[61] = 9999;
    await project.write(orders());
    const failed = await fail();
    expect(stepOf(failed, "build silver.orders").error?.message).toContain("41 rows break a rule, maxRejected is 40;");
    expect(await contents()).toEqual(refreshed);
    await project.write(incremental(450, "maxRejected: { share: 0.11 },"));
    await succeed(project, ["run"]);
    expect((await contents())[2]).toEqual(["358", "41"]);
  });
});
