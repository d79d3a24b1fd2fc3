import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { sinkRows } from "../../../src/adapters/duckdb/sink-rows.ts";
import { postgresEngine } from "../../../src/adapters/postgres/engine.ts";
import { numberedParameters } from "../../../src/adapters/postgres/numbered-parameters.ts";
import { unfitServer } from "../../../src/adapters/postgres/server-facts.ts";
import { postgresStateStore } from "../../../src/adapters/postgres/state-store.ts";
import { contractColumns } from "../../../src/compile/contract.ts";
import { quoteText } from "../../../src/define/quote.ts";
import { type Columns, t } from "../../../src/define/types.ts";
import type { Candidate, Engine, Session } from "../../../src/ports/engine.ts";
import type { ProjectFunction } from "../../../src/ports/project-function.ts";
import { type PostgresServer, startPostgres } from "../../services/postgres.ts";
import { refusal } from "./warehouse.ts";

let server: PostgresServer;
let lake: Database;
let engine: Engine;
let session: Session;
const scratch = mkdtempSync(join(tmpdir(), "assay-engine-"));
const store = postgresStateStore();

const open = (url: string): Engine => postgresEngine({ schemaPrefix: null, url, files: () => lake.session(), scratch });

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
  lake = await memoryDatabase();
  engine = open(server.url);
  session = await engine.session();
  await store.migrate(session);
}, 120_000);
afterAll(async () => {
  session.close();
  lake.close();
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const candidate = (columns: Columns, text: string, more: Partial<Candidate> = {}): Candidate => ({
  table: "gold.t",
  materialization: "table",
  select: { text },
  columns: contractColumns(columns),
  key: null,
  description: null,
  ...more,
});

function publish(item: Candidate): Promise<void> {
  return session.transaction(async () => {
    await engine.buildCandidate(session, item);
    await engine.publish(session, item);
  });
}

async function only(text: string, params = {}): Promise<unknown> {
  const [row] = await session.query({ text, params });
  return Object.values(row ?? {})[0];
}

const plan = async (text: string): Promise<string> =>
  (await session.query({ text: `explain ${text}` })).map((row) => String(row["QUERY PLAN"])).join("\n");

describe("values", () => {
  const n = { nullable: true } as const;
  const everything: Columns = {
    a: t.varchar(n),
    b: t.boolean(n),
    c: t.smallint(n),
    d: t.integer(n),
    e: t.bigint(n),
    f: t.decimal(20, 3, n),
    g: t.double(n),
    h: t.date(n),
    i: t.timestamp(n),
    j: t.time(n),
  };
  const rows = `select * from (values ('Zürich "x"', true, 1::smallint, -2, 9007199254740993, 1.5::decimal(20, 3), 0.1::double precision,
      date '2024-02-29', timestamp '2024-02-29 12:30:00.5', time '01:02:03'),
    (null, null, null, null, null, null, null, null, null, null)) as v(a, b, c, d, e, f, g, h, i, j)`;

  it("come as DuckDB's session gives them, and are described in the words of contracts", async () => {
    const duckdb = await lake.session();
    await publish(candidate(everything, rows));
    const text = 'select * from "gold"."t" order by a';
    const own = `select * from (${rows.replaceAll("double precision", "double")}) order by a`;
    expect(await session.result({ text })).toEqual(await duckdb.result({ text: own }));
    expect(await session.query({ text })).toEqual(await duckdb.query({ text: own }));
    const expected = await duckdb.describe(own);
    expect(await session.describe(text)).toEqual(expected);
    expect(await session.describe("select '{}'::jsonb as j, gen_random_uuid() as u, 1.5::numeric as n")).toEqual([
      { name: "j", type: "JSON" },
      { name: "u", type: "UUID" },
      { name: "n", type: "NUMERIC" },
    ]);
    duckdb.close();
  });

  it("go to a sink with the fingerprint that DuckDB computes for the same rows", async () => {
    await publish(candidate(everything, rows));
    const columns = contractColumns(everything);
    const duckdb = await lake.session();
    const own = sinkRows(duckdb, `(${rows.replaceAll("double precision", "double")})`, columns);
    expect(await engine.sinkRows(session, "gold.t", columns).fingerprint()).toEqual(await own.fingerprint());
    duckdb.close();
  });

  it("are kept as they are through parameters and inserts, whatever they hold", async () => {
    const odd = ["", "a'b\"c;--", "$1 $name %s \\", "é😀\u0301", "\n\r\t", "{1,2}", "NULL", "\\."];
    for (const text of odd) expect(await only("select cast($text as varchar) || $other as t", { text, other: "" })).toBe(text);
    const target = { table: "gold.rows", columns: { a: "VARCHAR", b: "BIGINT", c: "INTEGER" } } as const;
    await session.execute({ text: "create table gold.rows (a varchar, b bigint, c integer)" });
    await session.insert(target, [...odd.map((a, c) => ({ a, b: "9007199254740993", c })), { a: null }, { a: "nul \0 and half \ud800" }]);
    const found = await session.query({ text: "select a, b, c from gold.rows where c is not null order by c" });
    expect(found).toEqual(odd.map((a, c) => ({ a, b: "9007199254740993", c })));
    const rest = await session.query({ text: "select a from gold.rows where c is null and a is not null" });
    expect(rest).toEqual([{ a: "nul \ufffd and half \ufffd" }]);
  });
});

describe("indexes", () => {
  const columns = { id: t.integer(), name: t.varchar(), "Day of": t.date({ nullable: true }) };
  const rows = `select 1 as id, 'a' as name, date '2026-01-01' as "Day of"`;
  const found = async (): Promise<readonly string[]> => {
    const text =
      "select indexdef from pg_indexes where schemaname = 'gold' and tablename = 't' and indexname not like '%_pkey' order by indexname";
    return (await session.query({ text })).map((row) => String(row.indexdef).replace("CREATE INDEX ", "").replace(" USING btree", ""));
  };

  it("are those that the definition names, after every publication", async () => {
    const indexes = { t_by_name: ["name", "id"], "By day": ["Day of"] };
    for (let time = 0; time < 2; time += 1) {
      await publish(candidate(columns, rows, { indexes, key: ["id"] }));
      expect(await found()).toEqual(['"By day" ON gold.t ("Day of")', "t_by_name ON gold.t (name, id)"]);
    }
    await publish(candidate(columns, rows, { indexes: { t_by_name: ["name"] }, key: ["id"] }));
    expect(await found()).toEqual(["t_by_name ON gold.t (name)"]);
    await publish(candidate(columns, rows, { indexes, materialization: "view" }));
    expect(await found()).toEqual([]);
    await publish(candidate(columns, rows));
    expect(await found()).toEqual([]);
  });

  it("with a name that the server would cut are refused", async () => {
    const made = engine.buildCandidate(session, candidate(columns, rows, { indexes: { ["i".repeat(64)]: ["id"] } }));
    await expect(made).rejects.toMatchObject({ code: "NAME_INVALID", message: expect.stringContaining("index name") });
  });
});

describe("parameters", () => {
  it.each([
    ["select $a, $b, $a", "select $1::integer, $2, $3::integer"],
    [
      "select '$a', \"$a\", e'\\'$a', $$ $a $$, $x$ $a $x$ -- $a\n, $b /* $a */",
      "select '$a', \"$a\", e'\\'$a', $$ $a $$, $x$ $a $x$ -- $a\n, $1 /* $a */",
    ],
    ["select $c, $d, $e", "select $1::boolean, $2::double precision, $3::bigint"],
  ])("of %s", (text, expected) => {
    expect(numberedParameters({ text, params: { a: 1, b: "x", c: true, d: 1.5, e: 3_000_000_000 } }).text).toBe(expected);
  });

  it("without a value are an error", () => {
    expect(() => numberedParameters({ text: "select $a" })).toThrow("there is no value for the parameter $a");
  });
});

describe("a published table", () => {
  it("has the contract's constraints, key and comments", async () => {
    const columns = { id: t.integer({ description: "The order's number" }), note: t.varchar({ nullable: true }) };
    await publish(candidate(columns, "select 1 as id, 'x' as note", { key: ["id"], description: "Orders' list" }));
    const bad = await refusal(session.transaction(() => session.execute({ text: "insert into gold.t values (null, 'y')" })));
    expect(bad).toMatchObject({ code: "CHECK_FAILED" });
    const twice = await refusal(session.transaction(() => session.execute({ text: "insert into gold.t values (1, 'y')" })));
    expect(twice.message).toContain("t_pkey");
    expect(await only("select obj_description('gold.t'::regclass)")).toBe("Orders' list");
    expect(await only("select col_description('gold.t'::regclass, 1)")).toBe("The order's number");
  });

  it("stays when the transaction that replaces it fails, and readers see the old one until then", async () => {
    const columns = { n: t.integer() };
    await publish(candidate(columns, "select 1 as n"));
    const reader = await engine.session();
    const failed = session.transaction(async () => {
      const next = candidate(columns, "select 2 as n");
      await engine.buildCandidate(session, next);
      expect((await reader.query({ text: "select n from gold.t" })).map((row) => row.n)).toEqual([1]);
      await engine.publish(session, next);
      throw new Error("in the end");
    });
    await expect(failed).rejects.toThrow("in the end");
    expect((await reader.query({ text: "select n from gold.t" })).map((row) => row.n)).toEqual([1]);
    expect(await only("select count(*) from pg_class where relname like '%candidate'")).toBe("0");
    reader.close();
  });

  it("holds the contract's types, and a view too, with the values of parameters", async () => {
    const columns = { n: t.decimal(10, 2), s: t.varchar() };
    const select = { text: "select 1 / 3.0 as n, $s as s", params: { s: "it's $1" } };
    await publish(candidate(columns, "", { select }));
    expect(await session.query({ text: "select n, s from gold.t" })).toEqual([{ n: "0.33", s: "it's $1" }]);
    await publish(candidate(columns, "", { select, materialization: "view" }));
    expect(await engine.kindOf(session, "gold.t")).toBe("view");
    expect(await session.query({ text: "select n, s from gold.t" })).toEqual([{ n: "0.33", s: "it's $1" }]);
    await engine.drop(session, "gold.t");
    expect(await engine.kindOf(session, "gold.t")).toBeNull();
  });

  it("has a name that PostgreSQL does not cut", async () => {
    const long = `gold.${"n".repeat(60)}` as const;
    expect(await refusal(publish(candidate({ n: t.integer() }, "select 1 as n", { table: long })))).toMatchObject({ code: "NAME_INVALID" });
  });
});

describe("bronze tables", () => {
  const shape = {
    name: "bronze.b",
    columns: contractColumns({ n: t.integer(), s: t.varchar({ nullable: true }) }),
    load: "append",
  } as const;
  const write = async (name: string, select: string): Promise<string> => {
    const path = join(scratch, `${name}.parquet`);
    const duckdb = await lake.session();
    await duckdb.execute({ text: `copy (${select}) to ${quoteText(path)} (format parquet)` });
    duckdb.close();
    return path;
  };
  const show = (paths: readonly string[], columns = shape.columns, evolved = contractColumns({})): Promise<void> =>
    session.transaction(() => engine.publishBronze(session, "bronze.b", columns, paths, evolved));
  const shown = async (table = "bronze.b"): Promise<readonly unknown[]> =>
    (await session.query({ text: `select * from ${table} order by n` })).map((row) => Object.values(row));

  it("show the rows of their files; a file is loaded once", async () => {
    const [one, two] = [await write("one", "select 1 as n, '' as s"), await write("two", "select 2 as n, null::varchar as s")];
    await show([one, two]);
    expect(await shown()).toEqual([
      [1, ""],
      [2, null],
    ]);
    // Gone from the lake, and not missed.
    rmSync(one);
    const three = await write("three", "select 3 as n, 'x' as s");
    await show([one, three]);
    expect(await shown()).toEqual([
      [1, ""],
      [3, "x"],
    ]);
    await session.transaction(async () => {
      const rows = await engine.batchRows(session, shape, [three]);
      expect((await session.query({ text: `select n from ${rows} as r` })).map((row) => row.n)).toEqual([3]);
    });
    await show([]);
    expect(await shown()).toEqual([]);
  });

  it("take other columns, and show those that came from the source beside", async () => {
    const old = await write("old", "select 1 as n, 'a' as s");
    await show([old]);
    const columns = contractColumns({ n: t.bigint() });
    const [a, b] = [await write("a", "select 7::bigint as n"), await write("b", "select 8::bigint as n, 'new' as more")];
    await show([a, b], columns, contractColumns({ more: t.varchar({ nullable: true }) }));
    expect(await shown()).toEqual([["7"], ["8"]]);
    expect(await shown("bronze.b__evolved")).toEqual([
      ["7", null],
      ["8", "new"],
    ]);
    expect(await only("select count(*) from pg_tables where schemaname = 'assay_bronze' and tablename like 'bronze.b %'")).toBe("1");
    await engine.drop(session, "bronze.b");
    expect(await only("select count(*) from pg_tables where schemaname = 'assay_bronze' and tablename like 'bronze.b %'")).toBe("0");
    await engine.drop(session, "bronze.b__evolved");
  });
});

describe("the SQL of its own", () => {
  it("finds equal values, nulls too, by hashing", async () => {
    await session.execute({
      text: "create table gold.q as select case when n % 9 > 0 then n end as a, n::varchar as b from generate_series(1, 20000) as n",
    });
    await session.execute({ text: "create temp table partners as select a, b from gold.q where a is null or a % 2 = 0; analyze gold.q" });
    const same = ["a", "b"].map((name) => session.sql.sameValue(`q.${name}`, `p.${name}`)).join(" and ");
    const from = session.sql.havingPartner("gold.q as q", "partners as p", same);
    const how = await plan(`select * from ${from}`);
    expect([/Hash .*Join/.test(how), how.includes("Nested Loop")]).toEqual([true, false]);
    expect(await only(`select count(*) from ${from}`)).toBe(await only("select count(*) from partners"));
    const none = `select count(*) from gold.q as q where a is not null and ${session.sql.isNoneOf("q.a", '"a"', '"partners"')}`;
    expect(await plan(none)).toMatch(/(?:Hash|Merge) (?:Right )?Anti Join/);
    expect(Number(await only(none))).toBe(Number(await only("select count(*) from gold.q where a % 2 = 1")));
  });

  it("hashes rows whatever their order, and tells others apart", async () => {
    const hash = (values: string): Promise<unknown> =>
      only(
        `select ${engine.contentHash([
          { name: "a", type: "INTEGER" },
          { name: "b", type: "VARCHAR" },
        ])} from (values ${values}) as v(a, b)`,
      );
    expect(await hash("(1, 'x'), (2, null)")).toBe(await hash("(2, null), (1, 'x')"));
    expect(await hash("(1, 'x'), (2, null)")).not.toBe(await hash("(1, 'x'), (2, '')"));
    expect(await hash("(1, 'x')")).not.toBe(await hash("(1, 'x'), (1, 'x')"));
  });
});

describe("functions of the project", () => {
  const version = (call: string, postgres: string): ProjectFunction => ({
    name: "twice",
    call,
    params: [{ name: "n", type: { kind: "integer" } }],
    result: { kind: "bigint" },
    bodies: { postgres },
  });

  it("stand beside older versions as long as something calls these", async () => {
    const [old, next] = [version("twice_1", "n * 2"), version("twice_2", "n + n")];
    await engine.defineFunctions(session, [old]);
    await engine.defineFunctions(session, [old]);
    await session.execute({ text: "create view gold.calls as select assay_functions.twice_1(21) as n" });
    await engine.defineFunctions(session, [next]);
    expect(await only("select n + assay_functions.twice_2(1) from gold.calls")).toBe("44");
    await session.execute({ text: "drop view gold.calls" });
    await engine.defineFunctions(session, [version("twice_3", "2 * n")]);
    const left = await session.query({
      text: "select proname from pg_proc where pronamespace = 'assay_functions'::regnamespace order by proname",
    });
    expect(left).toEqual([{ proname: "twice_3" }]);
  });
});

describe("the state", () => {
  it("of a newer program is refused, and left as it is", async () => {
    await session.execute({ text: "update assay.state_version set version = 99" });
    expect((await refusal(store.migrate(session))).message).toContain("state version 99, this one knows");
    await session.execute({ text: "update assay.state_version set version = 2" });
  });

  it("is created once, however many processes begin", async () => {
    const other = open((await server.createDatabase("fresh")).url);
    const sessions = await Promise.all(Array.from({ length: 4 }, () => other.session()));
    await Promise.all(sessions.map((each) => store.migrate(each)));
    const [row] = await (sessions[0] as Session).query({ text: "select count(*) as versions from assay.state_version" });
    expect(row?.versions).toBe("1");
    for (const each of sessions) each.close();
  });
});

describe("a server that cannot be used is told as such", () => {
  const failing = (change: (url: URL) => void): Promise<unknown> => {
    const url = new URL(server.url);
    change(url);
    return open(url.href).session();
  };

  it.each([
    ["nobody listens", (url: URL) => Object.assign(url, { port: "1" }), "ENGINE_UNREACHABLE"],
    ["another password", (url: URL) => Object.assign(url, { password: "secret-guess" }), "ENGINE_DENIED"],
    ["no such database", (url: URL) => Object.assign(url, { pathname: "/nowhere" }), "ENGINE_DENIED"],
  ] as const)("%s", async (_title, change, code) => {
    const error = await refusal(failing(change));
    expect(error.code).toBe(code);
    expect(`${error.message} ${error.hint}`).not.toContain("secret-guess");
  });

  it("a database that cannot hold every text, and a server that is too old", async () => {
    await session.execute({ text: "create database latin encoding 'LATIN1' template template0" });
    expect(await refusal(failing((url) => Object.assign(url, { pathname: "/latin" })))).toMatchObject({
      code: "ENGINE_UNSUPPORTED",
      message: expect.stringContaining('the database "latin" is encoded in LATIN1'),
    });
    const place = { host: "db", port: 5432, database: "pro" };
    expect(unfitServer({ version: 140_022, encoding: "UTF8" }, place)).toEqual({
      message: "PostgreSQL at db:5432 is version 14",
      hint: "use PostgreSQL 15 or newer",
    });
    expect(unfitServer({ version: 150_000, encoding: "UTF8" }, place)).toBeNull();
  });

  it("a session that is ended in its work", async () => {
    const doomed = await engine.session();
    const [row] = await doomed.query({ text: "select pg_backend_pid() as pid" });
    const sleeping = refusal(doomed.transaction(() => doomed.execute({ text: "select pg_sleep(30)" })));
    await session.execute({ text: `select pg_terminate_backend(${Number(row?.pid)})` });
    expect((await sleeping).code).toBe("ENGINE_UNREACHABLE");
    doomed.close();
  });
});
