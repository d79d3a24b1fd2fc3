import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fileSource } from "../../../src/adapters/files/index.ts";
import { withTables } from "../../../src/adapters/postgres/table-source.ts";
import { quoteIdentifier, quoteText } from "../../../src/define/quote.ts";
import { type PostgresTable, postgresTable } from "../../../src/define/source.ts";
import type { ContractColumn } from "../../../src/define/types.ts";
import type { Source, SourceFile } from "../../../src/ports/source.ts";
import { hostileTexts } from "../../conformance/hostile-texts.ts";
import { type PostgresServer, startPostgres } from "../../services/postgres.ts";

let server: PostgresServer;
let client: pg.Client;
let folder: string;
let source: Source;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
  client = await server.connect();
}, 120_000);
afterAll(async () => {
  await client.end();
  await server.stop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "assay-tables-"));
  source = withTables(fileSource(Date.now), () => server.url);
  await client.query("drop schema if exists s cascade; create schema s");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const text = (name: string): ContractColumn => ({ name, type: { kind: "varchar" }, nullable: true, description: null, sensitive: false });
const table = (name = "s.t"): PostgresTable => postgresTable("unused", name as "s.t");

/** The file as `list` gives it when some version of it is known. */
async function listed(columns = [text("a"), text("b")], from = table()): Promise<SourceFile> {
  const known = new Map([[from.table, { name: from.table, stamp: "", sha256: "", stampedAt: 0 }]]);
  const [file] = await source.list(from, "", known, columns);
  if (file === undefined) throw new Error("no file");
  return file;
}

async function fetched(columns = [text("a"), text("b")], key: readonly string[] = [], from = table()) {
  const file = await source.fetch(from, await listed(columns, from), { columns, key, folder: join(folder, "fetched") });
  return { file, rows: await readFile(join(folder, "fetched", "rows.csv"), "utf8") };
}

/** Hash of a table `(a text, b text)` of these rows. */
async function hashOf(values: string): Promise<string> {
  await client.query(`drop table if exists s.t; create table s.t (a text, b text); insert into s.t values ${values}`);
  return (await listed()).sha256;
}

describe("the hash of a table", () => {
  it("is another for other rows, and the same for the same in any order", async () => {
    const different = [
      ...["('a', '')", "('', 'a')", "('a', null)", "(null, 'a')", "('a,', null)", "('a', ','), ('a', ',')", "('a', ',')", "('\"', '')"],
      ...["('x', 'y'), ('z', 'w')", "('x', 'w'), ('z', 'y')", "('p', 'p'), ('p', 'p'), ('q', 'q')", "('q', 'q'), ('q', 'q'), ('p', 'p')"],
      ...["(null, null)", "(null, null), (null, null)", "('', '')", "(')', '(')", "('a\"\"', '')", "('a\"', '')"],
    ];
    const hashes: string[] = [];
    for (const values of different) hashes.push(await hashOf(values));
    expect(new Set(hashes).size).toBe(different.length);
    expect(await hashOf("('z', 'w'), ('x', 'y')")).toBe(hashes[8]);
    await client.query("truncate s.t");
    expect(hashes).not.toContain((await listed()).sha256);
  });

  it("is that of the rows that were fetched, whatever was listed before", async () => {
    await client.query("create table s.t (a text, b text); insert into s.t values ('1', 'old')");
    const before = await listed();
    await client.query("update s.t set b = 'new'");
    const after = await source.fetch(table(), before, { columns: [text("a"), text("b")], key: [], folder: join(folder, "fetched") });
    expect(after.sha256).not.toBe(before.sha256);
    expect(await readFile(join(folder, "fetched", "rows.csv"), "utf8")).toContain("1,new");
    await client.query("update s.t set b = 'old'");
    expect((await listed()).sha256).toBe(before.sha256);
    await client.query("update s.t set b = 'new'");
    expect((await listed()).sha256).toBe(after.sha256);
  });
});

describe("the rows of a table", () => {
  it("come in the same order, by key, however they are stored", async () => {
    await client.query("create table s.t (a int, b text); insert into s.t select n % 7, n::text from generate_series(1, 5000) n");
    const first = await fetched(undefined, ["a"]);
    await client.query("create table s.u as select * from s.t order by random(); truncate s.t; insert into s.t select * from s.u");
    const second = await fetched(undefined, ["a"]);
    expect(second.file.sha256).toBe(first.file.sha256);
    expect(second.rows === first.rows).toBe(true);
    const keys = first.rows
      .trim()
      .split("\n")
      .slice(1)
      .map((row) => Number(row.split(",")[0]));
    expect(keys).toEqual(keys.toSorted((a, b) => a - b));
    expect(keys.length).toBe(5000);
  });

  it("are read from names and values full of quotes, points and signs", async () => {
    const possible = hostileTexts.filter((name) => name !== "" && !name.includes("\0") && Buffer.byteLength(name) <= 60);
    expect(possible.length).toBeGreaterThan(20);
    for (const name of possible) {
      const relation = `s.${quoteIdentifier(name)}`;
      await client.query(
        `create table ${relation} (${quoteIdentifier(name)} text, b text); insert into ${relation} values (${quoteText(name)}, 'b')`,
      );
      const { rows } = await fetched([text(name), text("b")], [name], table(`s.${name}`));
      const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
      expect(rows.replaceAll(quoted(name), name)).toBe(`${name},b\n${name},b\n`);
      await client.query(`drop table ${relation}`);
    }
  });

  describe("that come slowly", () => {
    const columns = [text("a"), text("b")];
    const reading = "select pid from pg_stat_activity where query like '%digest%' and pid <> pg_backend_pid()";
    const backends = async (): Promise<readonly number[]> => (await client.query<{ pid: number }>(reading)).rows.map(({ pid }) => pid);
    const until = async (condition: () => Promise<boolean>): Promise<void> => {
      for (const end = performance.now() + 20_000; !(await condition()); await setTimeout(50))
        if (performance.now() > end) throw new Error("it did not come about in time");
    };
    beforeEach(() => client.query("create view s.t as select n::text as a, pg_sleep(0.05)::text as b from generate_series(1, 2000) n"));

    it("stop with an error that may be retried when the server ends the connection", async () => {
      const [file] = await source.list(table(), "", new Map(), columns);
      const fetching = source.fetch(table(), file as SourceFile, { columns, key: [], folder });
      const failure = expect(fetching).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE", retryable: true });
      await until(async () => (await backends()).length > 0);
      for (const pid of await backends()) await client.query("select pg_terminate_backend($1)", [pid]);
      await failure;
    });

    it("stop at once, on the server too, when they are no longer wanted", async () => {
      const [file] = await source.list(table(), "", new Map(), columns);
      const cancelled = new AbortController();
      const fetching = source.fetch(table(), file as SourceFile, { columns, key: [], folder, signal: cancelled.signal });
      const failure = expect(fetching).rejects.toThrow();
      await until(async () => (await backends()).length > 0);
      cancelled.abort();
      await failure;
      await until(async () => (await backends()).length === 0);
    });
  });
});
