import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Outcome, TestProject } from "../support/project.ts";
import { changed, type Files, makeShop, ordersCsv, shop } from "./shop.ts";

let project: TestProject | undefined;
afterEach(() => project?.remove());

/** Stands in every sensitive value. */
const secret = "SECRET";

function sensitiveSource(checks = "", options = ""): Files {
  const text = shop["sources/orders.ts"]
    .replace("{ bronze", "{ bronze, check")
    .replace("customer: t.varchar()", "customer: t.varchar({ sensitive: true })")
    .replace("amount: t.integer()", "amount: t.integer({ sensitive: true })")
    .replace("  key:", `  checks: [${checks}],\n${options}  key:`);
  return { "sources/orders.ts": text };
}

const sensitiveRows = `${ordersCsv}o4,z${secret}z,424242,2026-01-01,\no5,p${secret}p,98${secret}76,2026-01-01,\no6,,434343,2026-01-01,\no7,q${secret}q\n`;
const values = /SECRET|424242|434343/;

function logs(folder: string): string {
  const path = join(folder, ".assay", "logs");
  return readdirSync(path)
    .map((name) => readFileSync(join(path, name), "utf8"))
    .join("");
}

/** Runs twice, for people and as JSON, and returns all that could be seen. */
async function everything(run: TestProject): Promise<string> {
  const outcomes: readonly Outcome[] = [
    await run.assay(["run"]),
    await run.assay(["run", "--json"]),
    await run.assay(["runs", "show"]),
    await run.assay(["runs", "show", "--json"]),
  ];
  for (const { code } of outcomes.slice(0, 2)) expect(code).toBe(1);
  return [...outcomes.flatMap(({ stdout, stderr }) => [stdout, stderr]), logs(run.folder)].join("\n");
}

test("check messages mask the values", async () => {
  const checks = [
    'check.matches("customer", "^[a-c]")',
    'check.acceptedValues("customer", ["ann"], { severity: "warn" })',
    'check.between("amount", { max: 100 })',
    'check.expression("short", "length(customer) < 5")',
    `check.sql("large", "select CUSTOMER, amount, 'x' || customer as made_of_it from {table} where amount > 100")`,
  ];
  project = await makeShop({ ...sensitiveSource(checks.join(", ")), "data/orders.csv": sensitiveRows });
  const shown = await everything(project);
  expect(shown).toContain("customer does not match ^[a-c], e.g. customer = ***");
  expect(shown).toContain("amount is outside … to 100, e.g. amount = ***");
  expect(shown).toContain("made_of_it = ***");
  expect(shown).not.toMatch(values);
});

describe("messages mask the values", () => {
  test.each<[string, Files, string]>([
    ["of a key that comes twice", changed("sources/orders.ts", '["order_id"]', '["customer"]'), "customer = *** 2 times"],
    [
      "that the engine could not cast in a model",
      changed("models/silver/orders.ts", "select order_id, customer, amount,", "select order_id, customer, customer::integer as amount,"),
      "Could not convert string *** to INT32",
    ],
    [
      "that the engine could not cast at the door",
      changed("sources/orders.ts", "  key:", '  partitionBy: { part: "customer::integer" },\n  key:'),
      "Could not convert string *** to INT32",
    ],
  ])("%s", async (_, files, says) => {
    const source = (files["sources/orders.ts"] ?? shop["sources/orders.ts"]) as string;
    const sensitive = source.replace("customer: t.varchar()", "customer: t.varchar({ sensitive: true })");
    project = await makeShop({ ...files, "sources/orders.ts": sensitive, "data/orders.csv": ordersCsv.replaceAll("ann", `ann${secret}`) });
    const shown = await everything(project);
    expect(shown).toContain(says);
    expect(shown).not.toMatch(values);
  });

  test("of too many refused rows", async () => {
    project = await makeShop({ ...sensitiveSource("", "  maxRejected: 1,\n"), "data/orders.csv": sensitiveRows });
    const shown = await everything(project);
    expect(shown).toContain("row 6: amount: *** is not an INTEGER");
    expect(shown).not.toMatch(values);
  });
});

test("quarantine shows the text only with --reveal", async () => {
  project = await makeShop({ ...sensitiveSource(), "data/orders.csv": sensitiveRows });
  expect((await project.assay(["run"])).code).toBe(0);
  for (const args of [["quarantine"], ["quarantine", "--json"], ["quarantine", "show"], ["quarantine", "show", "--json"]]) {
    const { code, stdout, stderr } = await project.assay(args);
    expect(code).toBe(0);
    expect(stdout + stderr, args.join(" ")).not.toMatch(values);
    if (args.includes("show")) expect(stdout).toContain("*** (holds sensitive columns: customer, amount; --reveal shows it)");
  }
  expect(logs(project.folder)).not.toMatch(values);
  const { stdout } = await project.assay(["quarantine", "show", "--reveal"]);
  expect(stdout).toContain(`o5,p${secret}p,98${secret}76,2026-01-01,`);
  expect(stdout).toContain(`o7,q${secret}q`);
});
