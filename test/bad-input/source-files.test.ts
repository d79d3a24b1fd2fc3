import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { TestProject } from "../support/project.ts";
import { asPublished, failedRun, goodRun, ordersCsv, publishedShop, restore, shop, standing } from "./shop.ts";

let project: TestProject;
beforeAll(async () => {
  project = await publishedShop();
});
afterAll(() => project.remove());
beforeEach(() => restore(project));

const csv = (content: string | Uint8Array) => ({ "data/orders.csv": content });

interface Case {
  readonly title: string;
  readonly content: string | Uint8Array;
  readonly code: string;
  readonly says: RegExp;
  readonly hint: RegExp;
}

const cases: readonly Case[] = [
  {
    title: "empty",
    content: "",
    code: "SOURCE_UNREADABLE",
    says: /orders\.csv is empty: no header line$/,
    hint: /first line with the names/,
  },
  {
    title: "a header that lacks a column",
    content: ordersCsv.replaceAll(/^([^,]*),([^,]*),/gm, "$1,"),
    code: "SOURCE_HEADER",
    says: /orders\.csv: the header lacks column customer$/,
    hint: /as the file has them/,
  },
  {
    title: "a header with a misspelt column",
    content: ordersCsv.replace("amount", "amuont"),
    code: "SOURCE_HEADER",
    says: /lacks column amount \(did you mean amuont\?\) and has column amuont that the contract does not$/,
    hint: /write the names in the contract's columns/,
  },
  {
    title: "a header with an extra column",
    content: ordersCsv.replace("note", "note,extra").replaceAll(/\n(o.*)/g, "\n$1,x"),
    code: "SOURCE_HEADER",
    says: /the header has column extra that the contract does not$/,
    hint: /^add extra to the contract, or let schema: /,
  },
  {
    title: "a header that names a column twice",
    content: ordersCsv.replace("note", "note,amount"),
    code: "SOURCE_HEADER",
    says: /the header names amount more than once \(columns 3 and 6\)$/,
    hint: /a name of its own/,
  },
  {
    title: "another delimiter",
    content: ordersCsv.replaceAll(",", ";"),
    code: "SOURCE_HEADER",
    says: /the header is separated by ";", not by ","$/,
    hint: /^set delimiter: ";" in the source's csv\(…\)$/,
  },
  {
    title: "UTF-16",
    content: Buffer.from(`\ufeff${ordersCsv}`, "utf16le"),
    code: "SOURCE_UNREADABLE",
    says: /orders\.csv is UTF-16 text, not UTF-8 text$/,
    hint: /as UTF-8/,
  },
  {
    title: "a quote that is never closed",
    content: `${ordersCsv}o4,"ann,1,2026-01-01,\no5,bob,1,2026-01-01,\n`,
    code: "SOURCE_UNREADABLE",
    says: /orders\.csv: the quote opened in record 5 \(line 5\) is never closed$/,
    hint: /^close it/,
  },
];

test.each(cases)("a source file: $title", async ({ content, code, says, hint }) => {
  await project.write(csv(content));
  const { run, failed, error } = await failedRun(project);
  expect(failed.step).toBe("ingest bronze.orders");
  expect(error).toMatchObject({ code, location: { file: "sources/orders.ts", line: 3 } });
  expect(error.message).toMatch(says);
  expect(error.message).toContain(join(project.folder, "data/orders.csv"));
  expect(error.hint).toMatch(hint);
  expect(run.steps.filter((step) => step.status === "skipped").map((step) => step.reason)).toEqual([
    "ingest bronze.orders did not succeed",
    "build silver.orders did not succeed",
  ]);
  expect(await standing(project)).toEqual(asPublished);
});

test("a source file that is not there, with the nearest name", async () => {
  await rm(join(project.folder, "data/orders.csv"));
  await project.write({ "data/order.csv": ordersCsv });
  const { error } = await failedRun(project);
  expect(error).toEqual({
    code: "SOURCE_MISSING",
    message: `${join(project.folder, "data/orders.csv")} does not exist`,
    hint: "did you mean order.csv? It is in the same folder",
    location: { file: "sources/orders.ts", line: 3 },
  });
  expect(await standing(project)).toEqual(asPublished);
});

test("a pattern that matches nothing", async () => {
  await project.write({ "sources/orders.ts": shop["sources/orders.ts"].replace("data/orders.csv", "data/*.csv.gz") });
  const { error } = await failedRun(project);
  expect(error).toMatchObject({ code: "SOURCE_MISSING", message: `no file matches ${join(project.folder, "data/*.csv.gz")}` });
  expect(error.hint).toMatch(/holds orders\.csv$/);
  expect(await standing(project)).toEqual(asPublished);
});

test("a folder that is not there", async () => {
  await rm(join(project.folder, "data"), { recursive: true });
  const { error } = await failedRun(project);
  expect(error).toMatchObject({ code: "SOURCE_MISSING", hint: `the folder ${join(project.folder, "data")} does not exist` });
});

test("columns in another order are matched by name, with a note", async () => {
  await project.write(csv("customer,order_id,note,ordered_on,amount\nann,o1,,2026-01-01,7\n"));
  const [ingest] = (await goodRun(project)).steps;
  expect(ingest?.notes).toEqual(["the file's columns stand in another order than the contract's: matched by name"]);
  expect(await project.query("select order_id, customer, amount, note from bronze.orders")).toEqual([
    { order_id: "o1", customer: "ann", amount: 7, note: null },
  ]);
  const people = await project.assay(["runs", "show"]);
  expect(people.stdout).toContain("note  bronze.orders: the file's columns stand in another order");
});
