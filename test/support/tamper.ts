import { join } from "node:path";
import { fileDatabase } from "../../src/adapters/duckdb/database.ts";
import type { Row } from "../../src/ports/engine.ts";
import type { TestProject } from "./project.ts";

/** Changes a project's database behind Assay's back, as no user should. */
export async function tamper(project: TestProject, text: string, file = "warehouse.duckdb"): Promise<readonly Row[]> {
  const database = await fileDatabase(join(project.folder, file));
  const session = await database.session();
  try {
    return await session.query({ text });
  } finally {
    session.close();
    database.close();
  }
}
