import { describe, expect, test } from "vitest";
import { divertErrors } from "../../src/compile/divert-errors.ts";
import { type Check, check } from "../../src/define/check.ts";
import { append, incremental, type Materialization, snapshot, view } from "../../src/define/materialization.ts";
import { bronzeTable, modelTable } from "../plan/manifest.ts";

const severity = { severity: "quarantine" } as const;
const orders = { name: "bronze.orders" as const };

const messages = (checks: readonly Check[], materialize?: Materialization): readonly string[] => {
  const table =
    materialize === undefined ? bronzeTable("bronze.orders", { checks }) : modelTable("gold.orders", [], { checks, materialize });
  return divertErrors(table).map((error) => `${error.code} ${error.message}`);
};

const forTables: readonly Check[] = [
  check.unique("a", severity),
  check.uniqueCombination(["a", "b"], severity),
  check.rowCount({ min: 1 }, severity),
  check.conserves("a", orders, severity),
  check.sql("none", "select * from {table}", severity),
];

const forRows: readonly Check[] = [
  check.notNull("a", severity),
  check.acceptedValues("a", [1], severity),
  check.between("a", { min: 1 }, severity),
  check.matches("a", "x", severity),
  check.expression("e", "a > 1", severity),
];

describe("severity quarantine", () => {
  test.each(forTables.map((item) => [item.kind, item] as const))("is refused for %s, a rule for the table", (kind, item) => {
    const [error] = divertErrors(bronzeTable("bronze.orders", { checks: [item] }));
    expect(error).toMatchObject({
      code: "CHECK_INVALID",
      message: `bronze.orders: check ${kind} of severity quarantine: it is a rule for the table, not for a row`,
      hint: "give it severity error or warn; not_null, accepted_values, between, matches, relationships, expression can divert rows",
    });
  });

  test("is accepted for rules that hold row by row, on bronze, tables and incremental tables", () => {
    for (const materialize of [undefined, { kind: "table" } as const, incremental({ by: ["a"] })])
      expect(messages(forRows, materialize)).toEqual([]);
    expect(messages([check.relationships("a", { name: "bronze.customers" }, "a", severity)])).toEqual([]);
  });

  test.each([
    ["a view keeps no rows", view()],
    ["an append table never judges a row again", append()],
    ["a snapshot keeps versions, not rows", snapshot({ at: "at" })],
  ])("is refused where %s", (why, materialize) => {
    expect(messages([check.notNull("a", severity)], materialize)).toEqual([
      `CHECK_INVALID gold.orders: check not_null of severity quarantine: ${why}`,
    ]);
  });

  test("is refused for partners in the table itself, and for partners of an incremental table", () => {
    expect(messages([check.relationships("parent", orders, "id", severity)])).toEqual([
      "CHECK_INVALID bronze.orders: check relationships of severity quarantine: it compares the table with itself, so rows left out would orphan others",
    ]);
    expect(messages([check.relationships("a", orders, "id", severity)], incremental({ by: ["a"] }))).toEqual([
      "CHECK_INVALID gold.orders: check relationships of severity quarantine: rows of bronze.orders come and go without touching a row here",
    ]);
  });

  test("of another severity nothing is refused", () => {
    expect(
      messages(
        forTables.map((item) => ({ ...item, severity: "warn" })),
        view(),
      ),
    ).toEqual([]);
  });
});
