import { afterAll, beforeAll } from "vitest";
import { type PostgresEngines, startPostgresEngines } from "../services/postgres-engine.ts";
import { engineConformance } from "./engine.ts";

let server: PostgresEngines;

beforeAll(async () => {
  // What a crash of the server leaves on disk is not the subject here; without fsync tests are faster.
  server = await startPostgresEngines({ settings: { fsync: "off", max_connections: "40" } });
}, 120_000);
afterAll(() => server.stop());

// What can break lies in code that both engines share: an eighth of the places is enough here, all of them by hand with FAULTS_EVERY=1.
engineConformance("PostgreSQL", () => server.open(), { faultsEvery: Number(process.env.FAULTS_EVERY ?? 8) });
