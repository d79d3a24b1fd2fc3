import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { messageOf } from "../../src/errors.ts";
import { type Engines, inOrder, openEngines } from "./engines.ts";
import { allExamples } from "./examples/all-examples.ts";
import type { Example } from "./examples/example.ts";

let engines: Engines;

beforeAll(async () => {
  engines = await openEngines({ version: 15 });
}, 120_000);
afterAll(() => engines.close());

/** What is wrong with an example; nothing when it gives the same rows. */
async function wrong(example: Example): Promise<readonly string[]> {
  try {
    const { duckdb, postgres } = await engines.both(example.sql, example.params);
    const [wanted, found] = [inOrder(duckdb, example), inOrder(postgres, example)].map((rows) => rows.join("\n"));
    return wanted === found ? [] : [`${example.sql}\nwanted:\n${wanted}\nfound:\n${found}`];
  } catch (error) {
    return [`${example.sql}\n${messageOf(error)}`];
  }
}

describe("DuckDB's SQL on PostgreSQL 15", () => {
  it.each(Object.entries(allExamples))("%s", async (_area, examples) => {
    const failures: string[] = [];
    for (const example of examples) failures.push(...(await wrong(example)));
    expect(failures).toEqual([]);
  });
});
