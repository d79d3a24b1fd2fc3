import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { stepOf, stepsRun } from "../support/run-document.ts";

let project: TestProject;

beforeAll(async () => {
  project = await makeProject({
    "assay.config.ts": 'import { defineProject } from "assay";\nexport default defineProject({ name: "append" });\n',
    "sources/events.ts": `import { bronze, csv, seed, t } from "assay";
export const events = bronze("events", {
  from: csv("data/events-*.csv"),
  columns: { event_id: t.varchar(), kind: t.varchar(), happened: t.timestamp() },
  load: "append",
});
export const kinds = seed("kinds", { columns: { kind: t.varchar(), title: t.varchar() }, key: ["kind"] });
`,
    "seeds/kinds.csv": "kind,title\nview,Seen\nbuy,Bought\n",
    "models/silver/log.sql":
      "/*\ngrain: [event_id]\nmaterialize: append\n*/\nselect event_id, title, happened from bronze.events join bronze.kinds using (kind)\n",
    "data/events-1.csv": "event_id,kind,happened\n1,view,2026-01-01 10:00\n2,buy,2026-01-01 11:00\n2,buy,2026-01-01 11:00\n",
  });
});
afterAll(() => project.remove());

const run = (): Promise<RunResult> => project.json<RunResult>(["run"]);
const log = async (): Promise<readonly string[]> =>
  (await project.query("select event_id, title from silver.log order by event_id")).map((row) => `${row.event_id} ${row.title}`);

test("adds a row for each new key, and never changes one", async () => {
  expect(await run()).toMatchObject({ status: "succeeded" });
  expect(await log()).toEqual(["1 Seen", "2 Bought"]);
  // Late, again, and with another title by now.
  await project.write({
    "data/events-2.csv": "event_id,kind,happened\n0,buy,2025-12-31 10:00\n2,view,2026-01-01 11:00\n3,buy,2026-01-02 10:00\n",
  });
  await project.write({ "seeds/kinds.csv": "kind,title\nview,Seen\nbuy,Paid\n" });
  const second = await run();
  expect(stepOf(second, "build silver.log").changes).toEqual({ inserted: 2, updated: 0, deleted: 0 });
  expect(await log()).toEqual(["0 Paid", "1 Seen", "2 Bought", "3 Paid"]);
  expect(stepsRun(await run())).toEqual([]);
});

test("keeps its rows when its definition changes", async () => {
  await project.write({
    "models/silver/log.sql":
      "/*\ngrain: [event_id]\nmaterialize: append\n*/\nselect event_id, upper(title) as title, happened, 1 + nullif(0, 1) as source from bronze.events join bronze.kinds using (kind)\n",
    "data/events-3.csv": "event_id,kind,happened\n4,view,2026-01-03 10:00\n",
  });
  expect(await run()).toMatchObject({ status: "succeeded" });
  expect(await log()).toEqual(["0 Paid", "1 Seen", "2 Bought", "3 Paid", "4 SEEN"]);
});
