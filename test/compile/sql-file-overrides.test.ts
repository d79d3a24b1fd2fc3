import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeProject, type TestProject } from "../support/project.ts";

let project: TestProject;
const model = "/*\ngrain: [id]\ncolumns: { id: integer, words: varchar }\n*/\nselect 1 as id, array_to_string(['a', 'b'], ' ') as words";

beforeAll(async () => {
  const config = 'import { defineProject } from "assay"; export default defineProject({ name: "words" });';
  project = await makeProject({ "assay.config.ts": config, "models/gold/words.sql": model });
});
afterAll(() => project.remove());

interface Told {
  readonly code: string;
  readonly message: string;
  readonly location: { readonly file: string } | null;
}

async function faults(): Promise<readonly string[]> {
  const { stdout } = await project.assay(["check", "--json"]);
  const { error } = JSON.parse(stdout) as { readonly error?: Told & { readonly others: readonly Told[] } };
  const told = error === undefined ? [] : [error, ...error.others];
  return told.map(({ code, message, location }) => `${code} ${message} @${location?.file.replace(/.*models/, "models")}`);
}

describe("SQL for PostgreSQL beside a .sql model", () => {
  it("is no model of its own", async () => {
    await project.write({ "models/gold/words.postgres.sql": "select 1 as id, array_to_string(array['a', 'b'], ' ') as words" });
    expect(await faults()).toEqual([]);
    const plan = await project.json<{ readonly steps: readonly { readonly table: string }[] }>(["plan"]);
    expect(plan.steps.map((step) => step.table)).toEqual(["gold.words"]);
  });

  it("needs its model, and DuckDB's SQL has no file beside it", async () => {
    await project.write({ "models/gold/lost.postgres.sql": "select 1", "models/gold/words.duckdb.sql": "select 1" });
    expect(await faults()).toEqual([
      "PROJECT_INVALID SQL for PostgreSQL without a model beside it @models/gold/lost.postgres.sql",
      "PROJECT_INVALID there is no SQL for DuckDB beside a model @models/gold/words.duckdb.sql",
    ]);
  });
});
