import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { portableConstructs } from "../../src/compile/dialect/portable-constructs.ts";
import { type Engines, inOrder, openEngines } from "./engines.ts";
import { allExamples } from "./examples/all-examples.ts";
import { pageWith, words } from "./sql-page.ts";

let engines: Engines;
const covered = new Map<string, string>();

beforeAll(async () => {
  engines = await openEngines();
}, 120_000);

afterAll(() => engines.close());

describe("DuckDB's SQL on PostgreSQL", () => {
  for (const [area, examples] of Object.entries(allExamples)) {
    describe(area, () => {
      it.each(examples)("$sql", async (example) => {
        const { duckdb, postgres, translated } = await engines.both(example.sql, example.params);
        expect(postgres.names.map((name) => name.slice(0, 63))).toEqual(duckdb.names.map((name) => name.slice(0, 63)));
        expect(inOrder(postgres, example), translated.text).toEqual(inOrder(duckdb, example));
        for (const construct of translated.constructs) covered.set(construct, covered.get(construct) ?? example.sql);
      });
    });
  }

  it("leaves out no construct that is carried over", () => {
    expect([...portableConstructs].filter((construct) => !covered.has(construct))).toEqual([]);
  });

  it("carries over no construct without saying so", () => {
    expect([...covered.keys()].filter((construct) => !portableConstructs.has(construct))).toEqual([]);
  });

  // ASSAY_WRITE_DOCS=1 writes the page.
  it("is what docs/reference/sql.md says", () => {
    const file = new URL("../../docs/reference/sql.md", import.meta.url);
    const page = readFileSync(file, "utf8");
    const wanted = pageWith(page, covered);
    if (process.env.ASSAY_WRITE_DOCS === "1") writeFileSync(file, wanted);
    else expect(words(page)).toBe(words(wanted));
  });
});
