import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TestProject } from "../support/project.ts";
import { asPublished, changed, type Files, goodRun, publishedShop, refusal, restore, shop, standing } from "./shop.ts";

let project: TestProject;
beforeAll(async () => {
  project = await publishedShop();
});
afterAll(() => project.remove());
beforeEach(() => restore(project));

const daily = "models/gold/daily.ts";
const silver = "models/silver/orders.ts";

interface Case {
  readonly title: string;
  readonly files: () => Files;
  readonly code: string;
  readonly message: string | RegExp;
  readonly hint: string | RegExp;
  readonly at: string;
}

function expectText(actual: string | null, expected: string | RegExp): void {
  if (typeof expected === "string") expect(actual).toBe(expected);
  else expect(actual).toMatch(expected);
}

async function expectRefused({ files, code, message, hint, at }: Case): Promise<void> {
  await project.write(files());
  const { exit, error } = await refusal(project, ["check"]);
  expect(exit).toBe(2);
  expect(error.code).toBe(code);
  expectText(error.message, message);
  expectText(error.hint, hint);
  expect(`${error.location?.file}:${error.location?.line}`).toBe(at);
}

const withChecks = (checks: string): Files => ({
  [daily]: shop[daily].replace("{ model", "{ check, model").replace("sql: sql", `checks: [${checks}],\n  sql: sql`),
});

const inSql: readonly Case[] = [
  {
    title: "an unknown column, in its line of the template",
    files: () => changed(daily, "sum(amount)", "sum(amuont)"),
    code: "COLUMN_UNKNOWN",
    message: "gold.daily: there is no column amuont in the tables it reads",
    hint: "did you mean amount?",
    at: `${daily}:11`,
  },
  {
    title: "an unknown column of an alias",
    files: () => changed(silver, /amount, ordered_on\n(.*)\{orders\}/, "amount, o.orderd_on as ordered_on\n$1{orders} as o"),
    code: "COLUMN_UNKNOWN",
    message: "silver.orders: there is no column orderd_on in the tables it reads",
    hint: "did you mean ordered_on?",
    at: `${silver}:8`,
  },
  {
    title: "an unknown table",
    files: () => changed(silver, `${"$"}{orders}`, "bronze.ordrs"),
    code: "TABLE_UNKNOWN",
    message: "silver.orders reads bronze.ordrs, which the project does not declare",
    hint: "did you mean bronze.orders?",
    at: `${silver}:9`,
  },
  {
    title: "a table without its layer",
    files: () => changed(silver, `${"$"}{orders}`, "orders"),
    code: "TABLE_UNKNOWN",
    message: "silver.orders reads orders, which the project does not declare",
    hint: "tables are named with their layer: did you mean bronze.orders?",
    at: `${silver}:9`,
  },
  {
    title: "a syntax error",
    files: () => changed(daily, "count(*) as orders,", "count(*) as orders,,"),
    code: "SQL_SYNTAX",
    message: 'gold.daily: syntax error at or near ","',
    hint: "a model is one SELECT in DuckDB's SQL",
    at: `${daily}:10`,
  },
  {
    title: "two statements",
    files: () => changed(daily, "group by ordered_on", "group by ordered_on; drop table gold.daily"),
    code: "SQL_SYNTAX",
    message: "gold.daily: this is not one SELECT statement",
    hint: "a model is one SELECT in DuckDB's SQL",
    at: `${daily}:7`,
  },
  {
    title: "an unknown function",
    files: () => changed(silver, "amount, ordered_on\n", "amuont(amount) as amount, ordered_on\n"),
    code: "FUNCTION_UNKNOWN",
    message: "silver.orders: there is no function amuont",
    hint: "neither DuckDB nor the project has it; functions of the project stand in functions/",
    at: `${silver}:8`,
  },
  {
    title: "a circle, shown in full",
    files: () => changed(silver, `${"$"}{orders}`, `${"$"}{orders} where amount < (select max(amount) from gold.daily)`),
    code: "CYCLE",
    message: "models depend on each other in a circle: gold.daily → silver.orders → gold.daily",
    hint: /^each arrow reads “reads from”; let one of them read from a table further up/,
    at: `${daily}:4`,
  },
];

const inContract: readonly Case[] = [
  {
    title: "two tables of one name",
    files: () => ({ "models/gold/other.ts": shop[daily] }),
    code: "NAME_DUPLICATE",
    message: "two definitions of the table gold.daily",
    hint: "the other one stands in models/gold/daily.ts:4; rename or remove one",
    at: "models/gold/other.ts:4",
  },
  {
    title: "a name without a layer",
    files: () => changed(daily, '"gold.daily"', '"daily"'),
    code: "NAME_INVALID",
    message: '"daily" cannot be used as a name',
    hint: /letters, digits and _ after the layer, e\.g\. gold\.daily_revenue/,
    at: `${daily}:4`,
  },
  {
    title: "a missing grain",
    files: () => changed(daily, / {2}grain.*\n/, ""),
    code: "GRAIN_MISSING",
    message: "gold.daily declares no grain",
    hint: /e\.g\. grain: \["ordered_on"\]; \[\] means exactly one row$/,
    at: `${daily}:4`,
  },
  {
    title: "a grain that is no column",
    files: () => changed(daily, '["ordered_on"]', '["orderd_on"]'),
    code: "COLUMN_UNKNOWN",
    message: "gold.daily: the grain names orderd_on, which is no column",
    hint: "did you mean ordered_on?",
    at: `${daily}:4`,
  },
  {
    title: "a key that is no column",
    files: () => changed("sources/orders.ts", 'key: ["order_id"]', 'key: ["oder_id"]'),
    code: "COLUMN_UNKNOWN",
    message: "bronze.orders: there is no column oder_id for the key",
    hint: "did you mean order_id?",
    at: "sources/orders.ts:3",
  },
  {
    title: "another type than the SQL's",
    files: () => changed(daily, "orders: t.bigint()", "orders: t.varchar()"),
    code: "CONTRACT_MISMATCH",
    message: "gold.daily: column orders is VARCHAR in the contract, BIGINT in the SQL",
    hint: "cast it in the SQL (… :: varchar) or change the contract",
    at: `${daily}:4`,
  },
  {
    title: "a column that the SQL does not select",
    files: () => changed(daily, "orders: t.bigint(),", "orders: t.bigint(), discounts: t.bigint(),"),
    code: "CONTRACT_MISMATCH",
    message: "gold.daily: the contract has the column discounts, the SQL does not select it",
    hint: "select it, or take it out of the contract; the SQL selects ordered_on, orders, amount",
    at: `${daily}:4`,
  },
  {
    title: "a column that the contract lacks",
    files: () => changed(daily, " orders: t.bigint(),", ""),
    code: "CONTRACT_MISMATCH",
    message: "gold.daily: the SQL selects orders (BIGINT), the contract does not have it",
    hint: "add it to the contract or leave it out of the SELECT",
    at: `${daily}:4`,
  },
  {
    title: "a check on an unknown column",
    files: () => withChecks('check.between("amuont", { min: 0 })'),
    code: "CHECK_INVALID",
    message: "gold.daily: check between: gold.daily has no column amuont",
    hint: "did you mean amount?",
    at: `${daily}:4`,
  },
  {
    title: "an expression on an unknown column",
    files: () => withChecks('check.expression("positive", "amuont > 0")'),
    code: "CHECK_INVALID",
    message: 'gold.daily: check expression "positive": there is no column amuont',
    hint: "did you mean amount?",
    at: `${daily}:4`,
  },
  {
    title: "relationships to an unknown table",
    files: () => withChecks('check.relationships("amount", { name: "bronze.ordrs" }, "amount")'),
    code: "CHECK_INVALID",
    message: "gold.daily: check relationships: there is no table bronze.ordrs",
    hint: "did you mean bronze.orders?",
    at: `${daily}:4`,
  },
  {
    title: "relationships to an unknown column",
    files: () => withChecks('check.relationships("amount", { name: "bronze.orders" }, "amout")'),
    code: "CHECK_INVALID",
    message: "gold.daily: check relationships: bronze.orders has no column amout",
    hint: "did you mean amount?",
    at: `${daily}:4`,
  },
  {
    title: "a bound that is no value of the column's type",
    files: () => withChecks('check.between("amount", { min: "zero" })'),
    code: "CHECK_INVALID",
    message: 'gold.daily: check between: "zero" is no BIGINT, the type of amount',
    hint: "write a value of the column's type",
    at: `${daily}:4`,
  },
  {
    title: "a pattern that is no regular expression",
    files: () => ({
      "sources/orders.ts": shop["sources/orders.ts"]
        .replace("{ bronze", "{ bronze, check")
        .replace("  key:", '  checks: [check.matches("customer", "[")],\n  key:'),
    }),
    code: "CHECK_INVALID",
    message: "bronze.orders: check matches: missing ]: [",
    hint: "correct the pattern [ (RE2 syntax)",
    at: "sources/orders.ts:3",
  },
  {
    title: "a check that could never fail",
    files: () => withChecks('check.between("amount", {})'),
    code: "CHECK_INVALID",
    message: "gold.daily: check between: amount has neither min nor max",
    hint: "give at least one bound",
    at: `${daily}:4`,
  },
];

describe("SQL", () => test.each(inSql)("$title", expectRefused));

describe("contract", () => test.each(inContract)("$title", expectRefused));

test("several mistakes are told at once, and a run touches nothing", async () => {
  await project.write({ ...changed(daily, "orders: t.bigint()", "ordres: t.bigint()"), "data/orders.csv": "order_id\n" });
  const { exit, error, others } = await refusal(project, ["run"]);
  expect(exit).toBe(2);
  expect([error, ...others].map(({ message }) => message)).toEqual([
    "gold.daily: the contract has the column ordres, the SQL does not select it",
    "gold.daily: the SQL selects orders (BIGINT), the contract does not have it",
  ]);
  expect(error.hint).toBe("did you mean orders?");
  expect(await standing(project)).toEqual(asPublished);
});

describe("a column declared not null", () => {
  const notes = (body: string, note = "t.varchar()"): Files => ({
    "models/gold/notes.ts": `import { model, sql, t } from "assay";
export const notes = model("gold.notes", {
  grain: ["order_id"],
  columns: { order_id: t.varchar(), note: ${note} },
  sql: sql\`${body}\`,
});
`,
  });
  const joined = (join: string) =>
    `select a.order_id, b.customer as note from bronze.orders as a ${join} silver.orders as b using (order_id)`;

  test.each([
    ["a nullable column", "select order_id, note from bronze.orders", "bronze.orders.note"],
    ["the far side of a left join", joined("left join"), "silver.orders.customer"],
  ])("%s may be null", async (_, body, origin) => {
    await project.write(notes(body));
    const { exit, error } = await refusal(project, ["check"]);
    expect(exit).toBe(2);
    expect(error).toEqual({
      code: "NULLABILITY_MISMATCH",
      message: `gold.notes: column note is declared not null but can be null (it is ${origin}, which can be null here)`,
      hint: "filter it (where … is not null), give it a value (coalesce), or declare it { nullable: true }",
      location: { file: "models/gold/notes.ts", line: 2 },
    });
  });

  test.each([
    ["where … is not null", notes("select order_id, note from bronze.orders where note is not null")],
    ["coalesce", notes("select order_id, coalesce(note, '') as note from bronze.orders")],
    ["an inner join", notes(joined("join"))],
    ["nullable: true", notes("select order_id, note from bronze.orders", "t.varchar({ nullable: true })")],
  ])("%s repairs it", async (_, files) => {
    await project.write(files);
    const run = await goodRun(project);
    expect(run.steps.find((step) => step.table === "gold.notes")?.status).toBe("succeeded");
  });
});
