import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../../src/adapters/duckdb/sql-analyzer.ts";
import { polyglotTranspiler } from "../../src/adapters/polyglot/transpiler.ts";
import { postgresSql } from "../../src/adapters/postgres/engine-sql.ts";
import { compileProject } from "../../src/compile/compile.ts";
import { engineManifest } from "../../src/compile/dialect/engine-manifest.ts";
import { physicalNames } from "../../src/compile/dialect/physical-names.ts";
import { postgresDialect } from "../../src/compile/dialect/postgres-dialect.ts";
import { fileCache } from "../../src/compile/file-cache.ts";
import type { Manifest } from "../../src/compile/manifest.ts";
import { loadProject, type Project } from "../../src/compile/project.ts";
import type { SqlAnalyzer } from "../../src/ports/sql-analyzer.ts";
import type { SqlDialect } from "../../src/ports/sql-dialect.ts";

const root = resolve(import.meta.dirname, "../..");

describe("what was carried over of a project", () => {
  const folder = mkdtempSync(join(tmpdir(), "assay-cache-"));
  const path = join(folder, "pro", "engine-sql.json");
  let analyzer: SqlAnalyzer & { close(): void };
  let project: Project;
  let manifest: Manifest;
  let fresh: Manifest;

  const asked: string[] = [];
  /** As the command does it, and saved. */
  const carry = async (of: Manifest, program = "1.0", prefix: string | null = null, from = project): Promise<Manifest> => {
    asked.length = 0;
    const sql = postgresSql(prefix);
    const cache = fileCache(path, program);
    const carried = await engineManifest(of, from, {
      dialect: listening(postgresDialect(analyzer, polyglotTranspiler()), asked),
      relations: physicalNames(
        sql,
        of.tables.map((table) => table.name),
      ),
      functionSchema: sql.schema("assay_functions"),
      cache,
    });
    cache.save();
    return carried;
  };

  beforeAll(async () => {
    analyzer = await duckdbAnalyzer(await memoryDatabase());
    project = await loadProject(join(root, "examples/forex-transactions"), root);
    manifest = await compileProject(project, analyzer);
    fresh = await carry(manifest);
  });
  afterAll(() => {
    analyzer.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("is the same from the file, and nothing is asked of the dialect", async () => {
    expect(asked).not.toEqual([]);
    expect(await carry(manifest)).toEqual(fresh);
    expect(asked).toEqual([]);
  });

  test("is made anew where a definition changed, and nowhere else", async () => {
    const [changed, ...others] = manifest.tables.filter((table) => table.kind === "model").reverse();
    if (changed === undefined) throw new Error("no model");
    const now = { ...changed, select: `select * from (${changed.select}) as again` };
    await carry(manifest);
    const carried = await carry({ ...manifest, tables: manifest.tables.map((table) => (table === changed ? now : table)) });
    const selectOf = ({ tables }: Manifest, name: string): unknown => tables.find((table) => table.name === name);
    expect(asked).toContain(now.select);
    for (const { select } of others) expect(asked).not.toContain(select);
    expect(selectOf(carried, changed.name)).not.toEqual(selectOf(fresh, changed.name));
    for (const { name } of others) expect(selectOf(carried, name)).toEqual(selectOf(fresh, name));
  });

  test("is not taken for tables that stand elsewhere, for other columns, or from another program", async () => {
    const elsewhere = await carry(manifest, "1.0", "ci");
    expect(JSON.stringify(elsewhere)).toContain("ci_silver");
    expect(asked).not.toEqual([]);

    await carry(manifest, "1.1");
    expect(asked).not.toEqual([]);

    const typed = manifest.tables.map((table) =>
      table.layer === "bronze" ? { ...table, columns: table.columns.map((column) => ({ ...column, nullable: true })) } : table,
    );
    await carry({ ...manifest, tables: typed }, "1.1");
    for (const table of manifest.tables) if (table.kind === "model") expect(asked).toContain(table.select);
  });

  test("is made anew where the body of a function changed", async () => {
    await carry(manifest);
    const [first, ...others] = project.functions ?? [];
    const own = first?.bodies.duckdb;
    if (first === undefined || own === undefined) throw new Error("no function");
    const functions = [{ ...first, bodies: { ...first.bodies, postgres: { ...own, text: "'x'" } } }, ...others];
    await carry(manifest, "1.0", null, { ...project, functions });
    expect(asked).toContain("'x'");
  });

  test("is made anew from a file that is cut off, empty or something else", async () => {
    await carry(manifest);
    const whole = readFileSync(path, "utf8");
    for (const broken of [whole.slice(0, whole.length / 2), '{"program":"1.0","results":7}']) {
      writeFileSync(path, broken);
      expect(await carry(manifest)).toEqual(fresh);
      expect(asked).not.toEqual([]);
      await carry(manifest);
      expect(asked).toEqual([]);
    }
  });
});

function listening(dialect: SqlDialect, asked: string[]): SqlDialect {
  return {
    ...dialect,
    translate: (query) => {
      asked.push(query.text);
      return dialect.translate(query);
    },
    translateExpression: (expression) => {
      asked.push(expression.text);
      return dialect.translateExpression(expression);
    },
    pattern: (pattern) => {
      asked.push(pattern);
      return dialect.pattern(pattern);
    },
    named: (text, names) => {
      asked.push(text);
      return dialect.named(text, names);
    },
  };
}
