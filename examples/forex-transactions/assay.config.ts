import { defineProject, duckdb } from "assay";

export default defineProject({
  name: "forex-transactions",
  lake: "./lake",
  environments: { dev: { engine: duckdb("./warehouse.duckdb") } },
});
