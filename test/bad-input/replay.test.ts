import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { TestProject } from "../support/project.ts";
import { ordersCsv, ordersSource, quarantineProject, shownRows, succeed } from "../support/quarantine-project.ts";
import { refusal } from "./shop.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
let project: TestProject;
let first: string;
let ids: readonly string[];

const shopper = `import { check, model, sql, t } from "assay";
import { orders } from "../../sources/orders.ts";
export const silverOrders = model("silver.orders", {
  grain: ["order_id"],
  columns: { order_id: t.varchar(), customer: t.varchar(), amount: t.integer(), ordered_on: t.date() },
  checks: [check.between("amount", { max: 10 }, { severity: "quarantine" })],
  sql: sql\`select order_id, customer, amount, ordered_on from \${orders}\`,
});
`;

/** One row replayed (o3), two open (o4, o5), one superseded (o9), and a file that fails. */
beforeAll(async () => {
  project = await quarantineProject({
    "models/silver/orders.ts": shopper,
    "data/orders.csv": ordersCsv(
      "o1,ann,1,2026-01-01,",
      "o3,ann,ten,2026-01-02,",
      "o4,,5,2026-01-03,",
      "o5,cat,7,2026-13-01,late",
      "o6,ann,60,2026-01-01,",
    ),
    "data/orders-2.csv": ordersCsv("o9,ann,nine,2026-01-01,", "o8,ann,8,2026-01-01,"),
  });
  await succeed(project, ["run"]);
  ids = (await shownRows(project, "bronze.orders")).map((row) => row.id);
  await project.write({ "data/orders-2.csv": ordersCsv("o9,ann,9,2026-01-01,", "o8,ann,8,2026-01-01,") });
  first = (await succeed(project, ["run"])).run_id;
  await project.write({
    "done.csv": `_id,order_id,customer,amount,ordered_on,note\n${(await idOf("type:amount")) ?? ""},o3,ann,10,2026-01-02,\n`,
  });
  first = (await succeed(project, ["replay", "orders", "--from", "done.csv"])).run_id;
});
afterAll(() => project?.remove());

const idOf = async (rule: string): Promise<string> => (await shownRows(project, "bronze.orders", "--rule", rule))[0]?.id ?? "";
const write = (...lines: readonly string[]): Promise<void> => project.write({ "edit.csv": lines.map((line) => `${line}\n`).join("") });
const header = "_id,order_id,customer,amount,ordered_on,note";
const path = (): string => join(project.folder, "edit.csv");
const replayEdit = ["replay", "bronze.orders", "--from", "edit.csv"];

describe("what was replayed is not replayed again, and the run that did it is named", () => {
  const again = (what: string) => ({
    exit: 2,
    error: {
      code: "ALREADY_REPLAYED",
      message: `${what} of bronze.orders was replayed before, by run ${first}`,
      hint: "a row enters once; assay quarantine show shows what is still in quarantine",
      location: null,
    },
  });

  test("by id", async () => {
    const id = (await shownRows(project, "--state", "replayed"))[0]?.id ?? "";
    expect(await refusal(project, ["replay", "--ids", id])).toMatchObject(again(`row ${id}`));
  });

  test("by rule", async () => {
    expect(await refusal(project, ["replay", "bronze.orders", "--rule", "type:amount"])).toMatchObject(again("the row"));
  });

  test("by the same edited CSV; nothing changes", async () => {
    const before = [await shownRows(project), await project.query("from bronze.orders order by all")];
    const id = (await shownRows(project, "--state", "replayed"))[0]?.id ?? "";
    expect(await refusal(project, ["replay", "bronze.orders", "--from", "done.csv"])).toMatchObject(again(`row ${id}`));
    expect([await shownRows(project), await project.query("from bronze.orders order by all")]).toEqual(before);
  });
});

describe("the header of an edited CSV", () => {
  test.each([
    ["order_id,customer,amount,ordered_on,note", "lacks _id"],
    ["_id,order_id,customer,sum,ordered_on,note", "lacks amount and has sum, no column of bronze.orders"],
    ["_id,order_id,customer,amount,amount,ordered_on,note", "names amount more than once"],
    ["_id,order_id,customer,amount,ordered_on,note,", "has a column without name, no column of bronze.orders"],
  ])("%s", async (text, fault) => {
    await write(text, "1,2,3,4,5,6");
    expect(await refusal(project, replayEdit)).toMatchObject({
      exit: 2,
      error: {
        code: "EDITED_ROWS_INVALID",
        message: `${path()}: the header ${fault}`,
        hint: "the header is _id and the columns of bronze.orders: order_id, customer, amount, ordered_on, note; the other columns of an export may stay",
      },
    });
  });

  test("separated by semicolons", async () => {
    await write(header.replaceAll(",", ";"), "1;2;3;4;5;6");
    expect((await refusal(project, replayEdit)).error.hint).toBe("save the file with commas between the values");
  });
});

describe("the rows of an edited CSV", () => {
  test("have an id that is in quarantine, once", async () => {
    const open = await idOf("not_null:customer");
    await write(header, `${open},o4,dan,5,2026-01-03,`, ",o7,ann,1,2026-01-01,");
    expect((await refusal(project, replayEdit)).error.message).toBe(`${path()}: record 3 has no _id`);
    await write(header, `${open},o4,dan,5,2026-01-03,`, `${open},o4,dan,6,2026-01-03,`);
    expect((await refusal(project, replayEdit)).error.message).toBe(`${path()}: record 3 has the _id ${open} of a record before it`);
    await write(header, "0123,o4,dan,5,2026-01-03,");
    expect((await refusal(project, replayEdit)).error).toMatchObject({
      code: "QUARANTINE_UNMATCHED",
      message: "no row in quarantine has the id 0123",
    });
    await write(header);
    expect((await refusal(project, replayEdit)).error.message).toBe(`${path()}: it holds no rows`);
  });

  test("have as many values as the header", async () => {
    await write(header, `${await idOf("not_null:customer")},o4,dan,5`);
    expect((await refusal(project, replayEdit)).error).toMatchObject({
      code: "EDITED_ROWS_INVALID",
      message: `${path()}: record 2: 4 values where the header has 6 columns`,
    });
  });

  test("are among those that are asked for", async () => {
    const open = await idOf("not_null:customer");
    await write(header, `${open},o4,dan,5,2026-01-03,`);
    expect((await refusal(project, [...replayEdit, "--rule", "type"])).error.message).toBe(
      `record 2: row ${open} is not among those to replay (its rule is not_null:customer)`,
    );
  });

  test("are of a table that can be edited, which is named and exists", async () => {
    expect((await refusal(project, ["replay", "--from", "edit.csv"])).error).toMatchObject({
      code: "USAGE",
      message: "the table of the edited rows is not named",
    });
    expect((await refusal(project, ["replay", "silver.orders", "--from", "edit.csv"])).error.message).toBe(
      "rows of silver.orders cannot be edited: they are made by its SQL",
    );
    expect((await refusal(project, ["replay", "ordres", "--from", "edit.csv"])).error).toMatchObject({ code: "TABLE_UNKNOWN" });
    expect((await refusal(project, ["replay", "bronze.orders", "--from", "nothing.csv"])).error.code).toBe("SOURCE_MISSING");
  });
});

test("rows whose data was read again, and rows of a failed run", async () => {
  const superseded = (await shownRows(project, "--state", "superseded"))[0];
  expect((await refusal(project, ["replay", "--ids", superseded?.id ?? ""])).error.message).toMatch(
    /^row [0-9a-f]{16} of bronze\.orders is not in quarantine any more: run .+ judged its data again$/,
  );
  expect(ids).toContain(superseded?.id);
  await project.write({ "data/orders-3.csv": ordersCsv("p1,ann,x,2026-01-01,") });
  const { code } = await project.assay(["run"]);
  expect(code).toBe(1);
  const failed = (await shownRows(project, "--state", "failed"))[0];
  expect((await refusal(project, ["replay", "--ids", failed?.id ?? ""])).error.message).toBe(
    `row ${failed?.id} of bronze.orders was refused in run ${failed?.run_id}, which failed: nothing of it was published`,
  );
  await project.remove("data/orders-3.csv");
});

test("a replay of nothing in particular, or of nothing", async () => {
  expect((await refusal(project, ["replay", "orders"])).error).toMatchObject({
    code: "USAGE",
    message: "which rows to replay is not said",
  });
  expect((await refusal(project, ["replay", "--rule", "type:nothing"])).error).toMatchObject({
    code: "QUARANTINE_UNMATCHED",
    message: "no row by rule type:nothing is in quarantine",
  });
  expect((await refusal(project, ["replay", "silver.orders", "--batch", "b"])).error.message).toBe(
    "no row of silver.orders of batch b is in quarantine",
  );
});

test("an export of nothing, over a file, into no folder, or of secrets", async () => {
  const nothing = await refusal(project, ["quarantine", "export", "bronze.orders", "--rule", "quote", "--out", "n.csv"]);
  expect(nothing.error.message).toBe("no row of bronze.orders by rule quote is in quarantine");
  await project.write({ "taken.csv": "mine" });
  expect((await refusal(project, ["quarantine", "export", "bronze.orders", "--out", "taken.csv"])).error).toMatchObject({
    code: "USAGE",
    message: `${join(project.folder, "taken.csv")} exists already`,
  });
  expect(readFileSync(join(project.folder, "taken.csv"), "utf8")).toBe("mine");
  expect((await refusal(project, ["quarantine", "export", "bronze.orders", "--out", "no/where.csv"])).error.code).toBe(
    "STORAGE_UNWRITABLE",
  );

  const plain = ordersSource();
  await project.write({ "sources/orders.ts": plain.replace("customer: t.varchar()", "customer: t.varchar({ sensitive: true })") });
  for (const table of ["bronze.orders", "silver.orders"]) {
    const secret = await refusal(project, ["quarantine", "export", table, "--out", "secret.csv"]);
    expect(secret.error).toMatchObject({
      code: "USAGE",
      message: `${table} holds sensitive columns, whose values would stand in the file`,
      hint: "--reveal exports them",
    });
  }
  const shown = await project.json<{ rows: readonly { readonly raw: string; readonly key: string | null }[] }>(["quarantine", "show"]);
  expect(new Set(shown.rows.map((row) => row.raw))).toEqual(
    new Set(["*** (holds sensitive columns: customer; --reveal shows it)", "*** (made from sensitive columns; --reveal shows it)"]),
  );
  expect((await project.assay(["quarantine", "export", "bronze.orders", "--out", "secret.csv", "--reveal"])).code).toBe(0);
  await project.write({ "sources/orders.ts": plain });
});
