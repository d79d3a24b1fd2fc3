import { defineProject, duckdb } from "assay";

export default defineProject({
  name: "nova-retail",
  lake: "./lake",
  environments: { dev: { engine: duckdb("./warehouse.duckdb") } },
});
