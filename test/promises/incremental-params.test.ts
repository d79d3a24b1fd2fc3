import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import type { TestProject } from "../support/project.ts";
import { stepOf } from "../support/run-document.ts";
import { makeShop } from "../support/shop-project.ts";

const items = (changed: string): string => {
  const rows = Array.from({ length: 200 }, (_, index) => `${index % 100},p${index},${index === 7 ? changed : "1.00"}`);
  return `order_id,product,price\n${rows.join("\n")}\n`;
};

let shop: TestProject;
beforeAll(async () => {
  shop = await makeShop({
    "data/items.csv": items("1.00"),
    "pipelines/daily.ts": `import { pipeline } from "assay";
import { z } from "zod";
export const daily = pipeline("daily", { select: ["*"], params: z.object({ times: z.int().default(2) }) });
`,
    "models/silver/priced.sql": `/*
grain: [order_id]
materialize: { incremental: { by: [order_id] } }
*/
select order_id, sum(price) * $times as price from bronze.items where order_id > $times group by order_id
`,
  });
  expect((await shop.assay(["run"])).code).toBe(0);
});
afterAll(() => shop.remove());

test("a model with parameters is refreshed by its changes, and built in full for another parameter", async () => {
  await shop.write({ "data/items.csv": items("5.00") });
  const refreshed = stepOf(await shop.json<RunResult>(["run"]), "build silver.priced");
  expect(refreshed).toMatchObject({ status: "succeeded", touched: { values: 1 } });
  const rebuilt = stepOf(await shop.json<RunResult>(["run", "--param", "times=3"]), "build silver.priced");
  expect(rebuilt).toMatchObject({ status: "succeeded", touched: null });
});
