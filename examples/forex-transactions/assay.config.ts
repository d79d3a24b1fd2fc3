import { defineProject, duckdb, env, postgres } from "assay";

export default defineProject({
  name: "forex-transactions",
  lake: "./lake",
  environments: {
    local: { engine: duckdb("./warehouse.duckdb") },
    /** Schemas of one's own, `<user>_bronze` and so on, in a database that all share. */
    dev: { engine: postgres(env("DEV_URL"), { schemaPrefix: env("USER") }) },
    /** Runs hand their steps to `assay worker --env pro`, of which there can be any number. */
    pro: { engine: postgres(env("PRO_URL")), workers: true },
  },
});
