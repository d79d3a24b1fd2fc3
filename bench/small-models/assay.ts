import { rmSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../src/terms.ts";
import { inProject } from "../contents.ts";
import { measureSuccess } from "../measure.ts";
import { assay } from "../places.ts";
import { writeProject } from "../write-files.ts";
import type { Contestant } from "./contestant.ts";
import { contentsQuery, type SmallModel, selectOf, smallModels } from "./small-models.ts";

/** Assay: two bronze tables with contract and key, then the ten models. */
export function assayContestant(folder: string, data: string): Contestant {
  const project = join(folder, "assay");
  writeProject(project, "small-models", {
    "sources/shop.ts": sourcesOf(data),
    ...Object.fromEntries(smallModels.map((model) => [`models/${model.layer}/${model.name}.sql`, fileOf(model)])),
  });
  const command = assay(["run", "--project", project, "--json"]);
  return {
    name: "assay run",
    limited: true,
    unchangedIs: "`assay run` looks whether files or definitions changed",
    reset: () => {
      for (const made of ["warehouse.duckdb", "lake", ".assay"]) rmSync(join(project, made), { recursive: true, force: true });
    },
    full: async () => {
      const measured = await measureSuccess(command);
      assertSteps(measured.stdout, "succeeded");
      return measured;
    },
    unchanged: async () => {
      const measured = await measureSuccess(command);
      assertSteps(measured.stdout, "skipped");
      return measured;
    },
    contents: () =>
      inProject(
        project,
        contentsQuery((model) => nameOf(model.name)),
      ),
  };
}

function assertSteps(stdout: string, status: "succeeded" | "skipped"): void {
  const { steps } = JSON.parse(stdout) as RunResult;
  const other = steps.find((step) => step.status !== status);
  if (steps.length !== smallModels.length + 2 || other !== undefined) throw new Error(`not every step ${status}: ${other?.step}`);
}

const bronze: Readonly<Record<string, string>> = { "orders.csv": "bronze.orders", "items.csv": "bronze.items" };

const nameOf = (table: string): string => bronze[table] ?? `${smallModels.find(({ name }) => name === table)?.layer}.${table}`;

const fileOf = (model: SmallModel): string => `/*
grain: [${model.key}]
columns:
${Object.entries(model.columns)
  .map(([column, type]) => `  ${column}: ${type}`)
  .join("\n")}
*/
${selectOf(model, nameOf)}
`;

const sourcesOf = (data: string): string => `import { bronze, csv, t } from "assay";
export const orders = bronze("orders", {
  from: csv("${join(data, "orders.csv")}"),
  columns: { order_id: t.bigint(), customer_id: t.integer(), order_date: t.date(), status: t.varchar() },
  key: ["order_id"],
});
export const items = bronze("items", {
  from: csv("${join(data, "items.csv")}"),
  columns: { item_id: t.bigint(), order_id: t.bigint(), product_id: t.integer(), quantity: t.integer(), price: t.decimal(10, 2) },
  key: ["item_id"],
});
`;
