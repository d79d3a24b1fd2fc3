import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { makeProject, type TestProject } from "../support/project.ts";

const config = 'import { defineProject } from "assay";\nexport default defineProject({ name: "rows" });\n';
const source = `import { bronze, csv, t } from "assay";
export const notes = bronze("notes", {
  from: csv("notes.csv", { maxRowBytes: 4_000_000 }),
  columns: { id: t.integer(), note: t.varchar() },
  key: ["id"],
});
`;

let project: TestProject;
beforeEach(async () => {
  project = await makeProject({ "assay.config.ts": config, "sources/notes.ts": source });
});
afterEach(() => project.remove());

const lakeFiles = (): readonly string[] =>
  readdirSync(join(project.folder, "lake"), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".parquet"));
/** What the engine puts refused rows in while it reads. */
const leftTables = (): Promise<unknown> =>
  project.query("select table_name from information_schema.tables where table_name like 'assay_rejects%'");

test("rows longer than usual, which the file's header does not tell of, are read once the file has been looked through", async () => {
  const long = "x".repeat(3_000_000);
  await project.write({ "notes.csv": `id,note\n1,short\nbroken,row\n2,${long}\n3,"${long}"\n4,${"y".repeat(4_500_000)}\n` });
  const run = await project.json<RunResult>(["run"]);
  expect(run.steps.map((step) => [step.status, step.rows_in, step.quarantined])).toEqual([["succeeded", 5, 2]]);
  expect(await project.query("select id, length(note) as length from bronze.notes order by id")).toEqual([
    { id: 1, length: "5" },
    { id: 2, length: "3000000" },
    { id: 3, length: "3000000" },
  ]);
  expect(lakeFiles()).toHaveLength(1);
  expect(await leftTables()).toEqual([]);
});

test("of a file that turns out unsound while the engine reads it nothing is kept", async () => {
  await project.write({ "notes.csv": "id,note\n1,short\n" });
  await project.json<RunResult>(["run"]);
  for (const [content, says] of [
    [`id,note\n1,a\n2,"open\n${"3,b\n".repeat(200_000)}`, "is never closed"],
    [`id,note\n1,a\r\n${"2,b\n".repeat(200_000)}`, "ends in"],
    [`id,note\n1,a\n2,${"z".repeat(15_000_000)}\n`, "the largest allowed is 4000000"],
  ] as const) {
    await project.write({ "notes.csv": content });
    const run = await project.json<RunResult>(["run"]);
    expect(run.steps[0]?.error?.message).toContain(says);
    expect(await project.query("select id, note from bronze.notes")).toEqual([{ id: 1, note: "short" }]);
    expect(lakeFiles()).toHaveLength(1);
    expect(await leftTables()).toEqual([]);
  }
});
