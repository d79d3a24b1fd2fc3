import { afterAll, beforeAll } from "vitest";
import { type PostgresEngines, startPostgresEngines } from "../services/postgres-engine.ts";
import { engineConformance } from "./engine.ts";

let server: PostgresEngines;

beforeAll(async () => {
  server = await startPostgresEngines({ version: 15, settings: { fsync: "off", max_connections: "40" } });
}, 120_000);
afterAll(() => server.stop());

// The oldest version: every statement has to be one that it knows. By hand, ASSAY_POSTGRES=15 runs any test on it.
engineConformance("PostgreSQL 15", () => server.open(), { statementsOnly: true, faultsEvery: 24 });
