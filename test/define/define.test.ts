import { describe, expect, expectTypeOf, it } from "vitest";
import { bronze } from "../../src/define/bronze.ts";
import { check } from "../../src/define/check.ts";
import { columnTypeName, parseColumnType } from "../../src/define/column-type.ts";
import { env } from "../../src/define/env.ts";
import { table, view } from "../../src/define/materialization.ts";
import { model } from "../../src/define/model.ts";
import { defineProject, duckdb, pipeline } from "../../src/define/project.ts";
import { columnList, quoteIdentifier, quoteTable, quoteText, quoteValue } from "../../src/define/quote.ts";
import { redact } from "../../src/define/redact.ts";
import { csv } from "../../src/define/source.ts";
import { sql } from "../../src/define/sql.ts";
import { type ColumnType, type RowOf, t } from "../../src/define/types.ts";

describe("t", () => {
  it.each<readonly [unknown, ColumnType, boolean]>([
    [t.varchar(), { kind: "varchar" }, false],
    [t.integer({ nullable: true }), { kind: "integer" }, true],
    [t.decimal(10, 2), { kind: "decimal", precision: 10, scale: 2 }, false],
    [t.json({ nullable: false }), { kind: "json" }, false],
  ])("declares a column as data: %j", (column, type, nullable) => {
    expect(column).toEqual({ type, nullable, description: null, sensitive: false });
  });

  it("keeps description and sensitivity", () => {
    expect(t.varchar({ description: "mail", sensitive: true })).toMatchObject({ description: "mail", sensitive: true });
  });
});

describe("RowOf", () => {
  const everything = bronze("x", {
    from: csv("x.csv"),
    columns: {
      a: t.varchar(),
      b: t.boolean({ nullable: true }),
      c: t.smallint(),
      d: t.integer(),
      e: t.bigint(),
      f: t.decimal(10, 2, { nullable: true, description: "money" }),
      g: t.double(),
      h: t.date(),
      i: t.timestamp({ nullable: true }),
      j: t.time({ nullable: false }),
      k: t.json(),
    },
  });

  it("is the row as JSON carries it", () => {
    expectTypeOf<RowOf<typeof everything>>().toEqualTypeOf<{
      readonly a: string;
      readonly b: boolean | null;
      readonly c: number;
      readonly d: number;
      readonly e: string;
      readonly f: string | null;
      readonly g: number;
      readonly h: string;
      readonly i: string | null;
      readonly j: string;
      readonly k: unknown;
    }>();
  });

  it("follows a model's contract, and its grain names columns of it", () => {
    const daily = model("gold.daily", {
      grain: ["day"],
      columns: { day: t.date(), total: t.decimal(14, 2, { nullable: true }) },
      sql: sql`select 1`,
    });
    expectTypeOf<RowOf<typeof daily>>().toEqualTypeOf<{ readonly day: string; readonly total: string | null }>();
    // @ts-expect-error the grain names no column
    model("gold.daily", { grain: ["month"], columns: { day: t.date() }, sql: sql`select 1` });
    // @ts-expect-error a bronze table is no model
    model("bronze.daily", { grain: [], columns: {}, sql: sql`select 1` });
    // @ts-expect-error the key names no column
    bronze("y", { from: csv("y.csv"), columns: { a: t.varchar() }, key: ["b"] });
    expect(daily.name).toBe("gold.daily");
  });
});

describe("definitions", () => {
  it("are plain data with defaults", () => {
    const definition = model("silver.x", { grain: [], columns: {}, sql: sql`select 1` });
    expect(definition).toMatchObject({ kind: "model", materialize: table(), checks: [], indexes: {}, tags: [], description: null });
    expect(view()).toEqual({ kind: "view" });
    expect(bronze("x", { from: csv("x.csv"), columns: {} })).toMatchObject({
      name: "bronze.x",
      key: [],
      load: "replace",
      partitionBy: {},
      replicate: null,
      maxRejected: null,
    });
    expect(structuredClone(definition)).toEqual(definition);
  });

  it("default to one environment and to everything", () => {
    expect(defineProject({ name: "p" })).toMatchObject({
      lake: "./lake",
      defaultEnvironment: "dev",
      environments: { dev: { engine: { kind: "duckdb" } } },
    });
    expect(defineProject({ name: "p", environments: { pro: { engine: duckdb("w") } } }).defaultEnvironment).toBe("pro");
    expect(pipeline("all")).toMatchObject({ select: ["*"], schedule: null, params: null });
  });

  it("read no environment variable when they are made", () => {
    expect(env("HOME")).toEqual({ kind: "setting", name: "HOME", fallback: null, optional: false });
    expect(env("X", { default: "", optional: true })).toEqual({ kind: "setting", name: "X", fallback: "", optional: true });
  });

  it("give a check severity error unless told otherwise", () => {
    expect(check.between("a", { min: 0 })).toEqual({ kind: "between", column: "a", min: 0, max: null, severity: "error" });
    expect(check.conserves("a", { name: "bronze.b" }, { severity: "warn" })).toEqual({
      kind: "conserves",
      column: "a",
      upstream: "bronze.b",
      measure: "a",
      where: null,
      severity: "warn",
    });
  });
});

describe("checks of history", () => {
  it("warn by default for drift, and stop a table that is not fresh", () => {
    expect(check.rowCountDrift()).toEqual({
      kind: "row_count_drift",
      severity: "warn",
      sensitivity: 3,
      tolerance: 0.1,
      history: 28,
      minHistory: 5,
      seasonality: "day_of_week",
      direction: "both",
    });
    expect(check.nullShareDrift("a", { severity: "error", tolerance: 0 })).toMatchObject({
      column: "a",
      severity: "error",
      tolerance: 0,
      history: 28,
    });
    expect(check.freshness("a", "1 day")).toEqual({ kind: "freshness", column: "a", maxAge: "1 day", severity: "error" });
    expect(check.freshness("a", "1 day", "warn").severity).toBe("warn");
    expect(check.freshness("a", "1 day", { severity: "warn" }).severity).toBe("warn");
  });

  it("keep a project's leftovers for a while unless told otherwise", () => {
    const defaults = { batches: "90 days", changes: "30 days", logs: "30 days", runs: "forever" };
    expect(defineProject({ name: "p" }).keep).toEqual(defaults);
    expect(defineProject({ name: "p", keep: { logs: "1 week" } }).keep).toEqual({ ...defaults, logs: "1 week" });
  });
});

describe("sql", () => {
  const orders = { name: "bronze.orders" } as const;

  it("puts names of tables into the text", () => {
    expect(sql`select * from ${orders} o join ${{ name: "silver.x" }} x on true`.text).toBe(
      "select * from bronze.orders o join silver.x x on true",
    );
    expect(sql`${orders}`.text).toBe("bronze.orders");
  });

  it("keeps backslashes: a pattern stays a pattern", () => {
    expect(sql`select regexp_matches(a, '^\d+\.\u$') from ${orders}`.text).toBe(
      "select regexp_matches(a, '^\\d+\\.\\u$') from bronze.orders",
    );
    expect(sql`select '\`' || '\${x}' || $scale || '\n'`.text).toBe(`select '\`' || '$${"{x}"}' || $scale || '\\n'`);
  });

  it("keeps every line", () => {
    expect(
      sql`a\
b
c`.text.split("\n"),
    ).toEqual(["a\\", "b", "c"]);
  });
});

describe("quoting", () => {
  it.each([
    ["a", '"a"'],
    ['a"b', '"a""b"'],
    ["a; drop table x --", '"a; drop table x --"'],
    ["", '""'],
  ])("%j as an identifier", (name, expected) => {
    expect(quoteIdentifier(name)).toBe(expected);
  });

  it("quotes texts, values, tables and lists", () => {
    expect(quoteText("it's \\ 'x'")).toBe("'it''s \\ ''x'''");
    expect([quoteValue("1"), quoteValue(1.5), quoteValue(-2), quoteValue(true)]).toEqual(["'1'", "1.5", "-2", "true"]);
    expect(quoteTable('gold.a.b"c')).toBe('"gold"."a.b""c"');
    expect(columnList(["a", 'b"'])).toBe('"a", "b"""');
  });
});

describe("redact", () => {
  it.each([
    ["postgres://u:secret@h:5432/d", "postgres://u:***@h:5432/d"],
    ["postgres://u:p@ss@h/d failed", "postgres://u:***@h/d failed"],
    ["postgres://:secret@h/d", "postgres://:***@h/d"],
    ['{"url":"postgres://u:p@h/d","mail":"a@b.c"}', '{"url":"postgres://u:***@h/d","mail":"a@b.c"}'],
    ['{"at":"http://localhost:8080/x","mail":"a@b.c"}', '{"at":"http://localhost:8080/x","mail":"a@b.c"}'],
    ["http://localhost:8080/x", "http://localhost:8080/x"],
    ["two: a://u:1@h and b+c://v:2@i", "two: a://u:***@h and b+c://v:***@i"],
  ])("hides passwords of addresses: %s", (text, expected) => {
    expect(redact(text, [])).toBe(expected);
  });

  it("hides every secret whole, also one within another", () => {
    expect(redact("password123 pass password123", ["pass", "password123"])).toBe("*** *** ***");
    expect(redact("$& a.c abc", ["a.c"])).toBe("$& *** abc");
    expect(redact("ab", ["ab", ""])).toBe("ab");
  });
});

describe("column types", () => {
  const types: readonly ColumnType[] = [
    ...(["varchar", "boolean", "smallint", "integer", "bigint", "double", "date", "timestamp", "time", "json"] as const).map((kind) => ({
      kind,
    })),
    { kind: "decimal", precision: 38, scale: 0 },
    { kind: "decimal", precision: 5, scale: 5 },
  ];

  it.each(types)("read back as they are written: %j", (type) => {
    expect(parseColumnType(columnTypeName(type))).toEqual(type);
  });

  it.each([
    ["DECIMAL ( 10 , 2 )", { kind: "decimal", precision: 10, scale: 2 }],
    ["numeric(7)", { kind: "decimal", precision: 7, scale: 0 }],
    [" Text ", { kind: "varchar" }],
    ["int8", { kind: "bigint" }],
  ])("know other spellings: %s", (text, type) => {
    expect(parseColumnType(text)).toEqual(type);
  });

  it.each(["", "decimal", "decimal(0,0)", "decimal(39,2)", "decimal(3,4)", "integer[]", "timestamptz", "constructor", "varchar(10)"])(
    "refuse %j",
    (text) => {
      expect(parseColumnType(text)).toBeNull();
    },
  );
});
