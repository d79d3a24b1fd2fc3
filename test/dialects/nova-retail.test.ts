import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../../src/adapters/duckdb/sql-analyzer.ts";
import { polyglotTranspiler } from "../../src/adapters/polyglot/transpiler.ts";
import { postgresType } from "../../src/adapters/postgres/types.ts";
import { compileProject } from "../../src/compile/compile.ts";
import { postgresDialect } from "../../src/compile/dialect/postgres-dialect.ts";
import type { ManifestTable, ModelTable } from "../../src/compile/manifest.ts";
import { loadProject } from "../../src/compile/project.ts";
import { columnTypeName } from "../../src/define/column-type.ts";
import { quoteIdentifier, quoteTable } from "../../src/define/quote.ts";
import type { SqlDialect } from "../../src/ports/sql-dialect.ts";
import type { RunResult } from "../../src/terms.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import { generatedOlist } from "../support/olist-data.ts";
import { novaRetail, root, type TestProject } from "../support/project.ts";
import { comparable } from "./engines.ts";

const folder = join(root, "examples", "nova-retail");

describe("Nova Retail on PostgreSQL", () => {
  let server: PostgresServer;
  let client: pg.Client;
  let project: TestProject;
  let dialect: SqlDialect;
  let tables: readonly ManifestTable[];

  beforeAll(async () => {
    const olist = await generatedOlist(3000);
    project = await novaRetail(olist);
    const run = await project.json<RunResult>(["run"]);
    expect(run.status).toBe("succeeded");
    process.env.OLIST_DIR = olist;
    const analyzer = await duckdbAnalyzer(await memoryDatabase());
    ({ tables } = await compileProject(await loadProject(folder, root), analyzer));
    dialect = postgresDialect(analyzer, polyglotTranspiler());
    server = await startPostgres({ settings: { fsync: "off", timezone: "Asia/Tokyo" } });
    client = new pg.Client({ connectionString: server.url, types: { getTypeParser: () => (text: string) => text } });
    await client.connect();
    await client.query("create schema bronze; create schema silver; create schema gold");
  }, 120_000);

  afterAll(async () => {
    await client?.end();
    await server?.stop();
    await project?.remove();
  });

  it("gives the same rows as on DuckDB, model by model", async () => {
    for (const table of tables) {
      await create(client, table);
      if (table.kind === "bronze") await fill(client, table, await project.query(`select * from ${table.name}`));
      else await build(client, table, dialect);
      const [expected, found] = [await project.query(`select * from ${table.name}`), await rowsOf(client, table)];
      expect(expected.length, table.name).toBeGreaterThan(0);
      expect(sorted(table, found), table.name).toEqual(sorted(table, expected));
    }
    expect(tables.filter((table) => table.kind === "model")).toHaveLength(7);
  }, 120_000);
});

type Rows = readonly Readonly<Record<string, unknown>>[];

async function create(client: pg.Client, table: ManifestTable): Promise<void> {
  const columns = table.columns.map((column) => `${quoteIdentifier(column.name)} ${postgresType(column.type)}`);
  await client.query(`create table ${quoteTable(table.name)} (${columns.join(", ")})`);
}

async function fill(client: pg.Client, table: ManifestTable, rows: Rows): Promise<void> {
  const name = quoteTable(table.name);
  await client.query(`insert into ${name} select * from json_populate_recordset(null::${name}, $1)`, [JSON.stringify(rows)]);
}

async function build(client: pg.Client, table: ModelTable, dialect: SqlDialect): Promise<void> {
  const outcome = await dialect.translate({ text: table.select, params: {}, relations: new Map() });
  if ("refused" in outcome) throw new Error(`${table.name}: ${JSON.stringify(outcome.refused)}`);
  await client.query(`insert into ${quoteTable(table.name)} ${outcome.text}`);
}

const rowsOf = async (client: pg.Client, table: ManifestTable): Promise<Rows> =>
  (await client.query(`select * from ${quoteTable(table.name)}`)).rows;

function sorted(table: ManifestTable, rows: Rows): readonly string[] {
  const value = (row: Rows[number], { name, type }: ManifestTable["columns"][number]) => comparable(row[name], columnTypeName(type));
  return rows.map((row) => table.columns.map((column) => value(row, column)).join(" | ")).sort();
}
