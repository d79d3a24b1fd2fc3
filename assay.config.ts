import { defineProject, duckdb } from "assay";

export default defineProject({
  name: "shop",
  lake: "./lake", // default
  environments: { dev: { engine: duckdb("./warehouse.duckdb") } }, // default
  defaultEnvironment: "dev", // default: the first one
});
