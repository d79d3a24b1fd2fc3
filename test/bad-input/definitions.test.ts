import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TestProject } from "../support/project.ts";
import { asPublished, changed, type Files, failedRun, publishedShop, refusal, restore, shop, standing } from "./shop.ts";

let project: TestProject;
beforeAll(async () => {
  project = await publishedShop();
});
afterAll(() => project.remove());
beforeEach(() => restore(project));

const daily = "models/gold/daily.ts";

interface Case {
  readonly title: string;
  readonly files: () => Files;
  readonly says: string | RegExp;
  readonly hint: RegExp;
  readonly at: string;
}

async function expectInvalid({ files, says, hint, at }: Case): Promise<void> {
  await project.write(files());
  const { exit, error } = await refusal(project, ["check"]);
  expect(exit).toBe(2);
  expect(error.code).toBe("PROJECT_INVALID");
  expect(error.message).toMatch(says);
  expect(error.hint).toMatch(hint);
  expect(`${error.location?.file}:${error.location?.line}`).toBe(at);
}

const config = (text: string): Files => ({ "assay.config.ts": text });

const files: readonly Case[] = [
  {
    title: "a TypeScript syntax error",
    files: () => changed(daily, "grain: [", "grain: [["),
    says: /^models\/gold\/daily\.ts cannot be loaded: Expected ',', got ':'$/,
    hint: /correct the syntax in that line or just before it/,
    at: `${daily}:6`,
  },
  {
    title: "a syntax error in a file that others import, told once and there",
    files: () => changed("sources/orders.ts", "columns: {", "columns: {{"),
    says: /^sources\/orders\.ts cannot be loaded: /,
    hint: /correct the syntax/,
    at: "sources/orders.ts:5",
  },
  {
    title: "TypeScript that Node.js cannot strip",
    files: () => ({ [daily]: `${shop[daily]}\nenum Size { Small }\n` }),
    says: /enum is not supported/,
    hint: /union of texts/,
    at: `${daily}:17`,
  },
  {
    title: "a definition that throws",
    files: () => ({ [daily]: `${shop[daily]}\nthrow new Error("no limits file");\n` }),
    says: /^models\/gold\/daily\.ts cannot be loaded: no limits file$/,
    hint: /the file's own code raised this/,
    at: `${daily}:17`,
  },
  {
    title: "a type that does not exist",
    files: () => changed(daily, "t.date()", "t.dat()"),
    says: /t\.dat is not a function$/,
    hint: /the file's own code raised this/,
    at: `${daily}:6`,
  },
  {
    title: "an import of a file that is not there",
    files: () => changed(daily, "silver/orders.ts", "silver/order.ts"),
    says: /^models\/gold\/daily\.ts cannot be loaded: it imports models\/silver\/order\.ts, which does not exist$/,
    hint: /^did you mean orders\.ts\?$/,
    at: `${daily}:2`,
  },
  {
    title: "an import without the file's ending",
    files: () => changed(daily, "silver/orders.ts", "silver/orders"),
    says: /imports models\/silver\/orders, which does not exist$/,
    hint: /^imports name files with their ending: orders\.ts$/,
    at: `${daily}:2`,
  },
  {
    title: "an import of something that is not exported",
    files: () => changed(daily, /silverOrders/g, "silverOrder"),
    says: /does not provide an export named 'silverOrder'$/,
    hint: /correct the name, or export it there/,
    at: `${daily}:2`,
  },
  {
    title: "a config without a project",
    files: () => config("export const project = 1;\n"),
    says: /^assay\.config\.ts has no default export made by defineProject$/,
    hint: /export default defineProject/,
    at: "assay.config.ts:1",
  },
  {
    title: "a syntax error in the config",
    files: () => config('import { defineProject } from "assay";\nexport default defineProject({ name: "shop" ;\n'),
    says: /^assay\.config\.ts cannot be loaded: /,
    hint: /correct the syntax/,
    at: "assay.config.ts:2",
  },
];

const values: readonly Case[] = [
  ["columns that are missing", daily, / {2}columns.*\n/, "", /model gold\.daily: columns is missing/],
  ["a column that is no type", daily, "t.date()", '"date"', /column ordered_on has no type: write ordered_on: t\.varchar\(\)/],
  [
    "a decimal of 50 digits",
    daily,
    "amount: t.bigint()",
    "amount: t.decimal(50, 2)",
    /column amount is decimal\(50, 2\): it takes 1 to 38 digits/,
  ],
  ["SQL that is a plain text", daily, "sql: sql`", "sql: `", /sql is not made with the sql template/],
  ["a grain that is no list", daily, '["ordered_on"]', '"ordered_on"', /grain is not a list of column names/],
  ["a check that is none", daily, "  sql:", '  checks: ["amount > 0"],\n  sql:', /checks holds something that is no check/],
  ["a fan-out without a reason", daily, "  sql:", '  fanOut: { "bronze.orders": " " },\n  sql:', /fanOut is not \{ table: reason \}/],
  ["a source without files", "sources/orders.ts", / {2}from.*\n/, "", /^bronze\.orders: from is no source/],
].map(([title, file, from, to, says]) => ({
  title: title as string,
  files: () => changed(file as typeof daily, from as RegExp, to as string),
  says: says as RegExp,
  hint: /correct the definition/,
  at: `${file as string}:${file === daily ? 4 : 3}`,
}));

describe("a definition file with", () => test.each(files)("$title", expectInvalid));

describe("a definition with", () => test.each(values)("$title", expectInvalid));

describe("a .sql model whose opening comment has", () => {
  const sqlFile = "models/gold/totals.sql";
  const model = (front: string): Files => ({ [sqlFile]: `/*\n${front}\n*/\nselect order_id, amount\nfrom silver.orders\n` });

  test.each<[string, string, RegExp, number]>([
    ["bad YAML", "grain: [order_id\ncolumns: {", /^the opening comment is not YAML: Flow sequence .* must be sufficiently indented/, 3],
    ["an unknown key", "description: totals\ngrian: [order_id]", /not a contract: Unrecognized key: "grian"; did you mean grain\?$/, 3],
    ["a value of the wrong shape", "grain: order_id", /not a contract: grain: Invalid input: expected array, received string$/, 2],
    ["an unknown type", "grain: [order_id]\ncolumns:\n  order_id: varchr", /^column order_id has no known type: varchr$/, 4],
    [
      "an unknown check",
      "grain: [order_id]\nchecks:\n  - betwen: { column: amount }",
      /^there is no check betwen; did you mean between\?$/,
      4,
    ],
    [
      "a misspelt field",
      "grain: [order_id]\nchecks:\n  - unique: order_id\n  - between: { column: amount, mim: 0 }",
      /has no mim; did you mean min\?$/,
      5,
    ],
    [
      "an unknown severity",
      "grain: [order_id]\nchecks:\n  - unique: { column: order_id, severity: warning }",
      /warning, none of error, warn, quarantine$/,
      4,
    ],
  ])("%s", async (_, front, says, line) => {
    await project.write(model(front));
    const { exit, error } = await refusal(project, ["check"]);
    expect(exit).toBe(2);
    expect(error.code).toBe("PROJECT_INVALID");
    expect(error.message).toMatch(says);
    expect(error.location).toEqual({ file: sqlFile, line });
  });

  test("no fault, but its SQL has: the line counts from the file's first", async () => {
    await project.write({ [sqlFile]: "/*\ngrain: [order_id]\n*/\nselect order_id,\n  amuont\nfrom silver.orders\n" });
    const { error } = await refusal(project, ["check"]);
    expect(error).toMatchObject({ code: "COLUMN_UNKNOWN", hint: "did you mean amount?", location: { file: sqlFile, line: 5 } });
  });
});

test("no project in the folder", async () => {
  await rm(join(project.folder, "assay.config.ts"));
  expect(await refusal(project, ["run"])).toMatchObject({
    exit: 2,
    error: {
      code: "PROJECT_NOT_FOUND",
      message: `no assay.config.ts in ${project.folder}`,
      hint: "go to a project's folder or name it: --project DIR",
    },
  });
});

describe("a setting that is not set", () => {
  const missing = (name: string, location: { file: string; line: number }) => ({
    code: "SETTING_MISSING",
    message: `the environment variable ${name} is not set`,
    hint: `set it, e.g. ${name}=… assay run`,
    location,
  });

  test("of the config", async () => {
    await project.write(
      config('import { defineProject, env } from "assay";\nexport default defineProject({ name: "shop", lake: env("SHOP_LAKE") });\n'),
    );
    expect(await refusal(project, ["run"])).toMatchObject({ exit: 2, error: missing("SHOP_LAKE", { file: "assay.config.ts", line: 2 }) });
  });

  test("of a source: its step fails, what stands stays", async () => {
    const text = shop["sources/orders.ts"].replace("{ bronze", "{ bronze, env");
    await project.write({
      "sources/orders.ts": text.replace('csv("data/orders.csv")', 'csv("orders.csv", { directory: env("SHOP_LANDING") })'),
    });
    const { error } = await failedRun(project);
    expect(error).toEqual(missing("SHOP_LANDING", { file: "sources/orders.ts", line: 3 }));
    expect(await standing(project)).toEqual(asPublished);
  });
});
