import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Database, DatabaseLocked, fileDatabase, memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { duckdbEngine } from "../../../src/adapters/duckdb/engine.ts";
import { contractColumns } from "../../../src/compile/contract.ts";
import { t } from "../../../src/define/types.ts";
import type { Candidate, Engine, Session } from "../../../src/ports/engine.ts";

let database: Database;
let engine: Engine;
let writer: Session;
let reader: Session;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "assay-engine-"));
  database = await memoryDatabase();
  engine = duckdbEngine(database);
  [writer, reader] = [await engine.session(), await engine.session()];
  await writer.execute({ text: "create schema bronze; create schema silver; create schema gold" });
});
afterEach(() => {
  writer.close();
  reader.close();
  database.close();
  rmSync(folder, { recursive: true });
});

it("gives two readings of one join their own columns, which DuckDB 1.5.5 by itself does not", async () => {
  await writer.execute({ text: "create table gold.parts as select * from (values ('wheel', 'bike'), ('bike', null)) as v(id, part_of)" });
  await writer.execute({
    text: "create view gold.pairs as select a.id as part, b.id as whole from gold.parts a, gold.parts b where a.part_of = b.id",
  });
  const both = await reader.query({ text: "select whole as name from gold.pairs union all select part from gold.pairs" });
  expect(both.map((row) => row.name)).toEqual(["bike", "wheel"]);
  expect(await reader.query({ text: "select whole from gold.pairs intersect select part from gold.pairs" })).toEqual([]);
  expect(await reader.query({ text: "select a.whole, b.part from gold.pairs a, gold.pairs b" })).toEqual([
    { whole: "bike", part: "wheel" },
  ]);
});

const columns = contractColumns({ n: t.integer() });
const candidate = (text: string, materialization: "table" | "view" = "table", table: Candidate["table"] = "gold.t"): Candidate => ({
  table,
  materialization,
  key: null,
  description: null,
  select: { text },
  columns,
});

async function publish(item: Candidate): Promise<void> {
  await writer.transaction(async () => {
    await engine.buildCandidate(writer, item);
    await engine.publish(writer, item);
  });
}

/** What a reader sees: the numbers of gold.t, or that there is none. */
async function seen(): Promise<unknown> {
  const rows = await reader.query({ text: 'select n from "gold"."t" order by n' }).catch(() => null);
  return rows?.map((row) => row.n) ?? "no table";
}

/** Every relation, as `kind schema.name`. */
async function relations(session: Session = reader): Promise<readonly string[]> {
  const rows = await session.query({
    text: "select table_type || ' ' || table_schema || '.' || table_name as item from information_schema.tables order by item",
  });
  return rows.map((row) => String(row.item).replace("BASE TABLE", "table").replace("VIEW", "view"));
}

describe("a candidate", () => {
  it("is invisible, candidate and all, until its transaction commits", async () => {
    await publish(candidate("select 1 as n"));
    const next = candidate("select 2 as n");
    await writer.transaction(async () => {
      const relation = await engine.buildCandidate(writer, next);
      expect(await writer.query({ text: `select n from ${relation}` })).toEqual([{ n: 2 }]);
      expect([await seen(), await relations()]).toEqual([[1], ["table gold.t"]]);
      await engine.publish(writer, next);
      expect([await seen(), await relations()]).toEqual([[1], ["table gold.t"]]);
    });
    expect([await seen(), await relations()]).toEqual([[2], ["table gold.t"]]);
  });

  it.each(["after it is built", "after it is published"])("leaves nothing when its transaction fails %s", async (when) => {
    await publish(candidate("select 1 as n"));
    const next = candidate("select 2 as n", "view");
    const failing = writer.transaction(async () => {
      await engine.buildCandidate(writer, next);
      if (when === "after it is published") await engine.publish(writer, next);
      throw new Error("a check failed");
    });
    await expect(failing).rejects.toThrow("a check failed");
    expect([await seen(), await relations(writer)]).toEqual([[1], ["table gold.t"]]);
    await publish(candidate("select 3 as n"));
    expect(await seen()).toEqual([3]);
  });

  it("leaves nothing when its query fails, and the session goes on", async () => {
    await publish(candidate("select 1 as n"));
    const failing = publish(candidate("select cast(case when i = 9 then 'x' else '1' end as integer) as n from range(10) r(i)"));
    await expect(failing).rejects.toThrow(/Could not convert/);
    expect([await seen(), await relations()]).toEqual([[1], ["table gold.t"]]);
    await publish(candidate("select 2 as n"));
    expect(await seen()).toEqual([2]);
  });

  it("takes parameters", async () => {
    await publish({ ...candidate("select $n + 1 as n"), select: { text: "select ($n + 1)::integer as n", params: { n: 41 } } });
    expect(await seen()).toEqual([42]);
  });
});

describe("publishing", () => {
  it("switches between table and view, in both directions and again", async () => {
    for (const [index, kind] of (["table", "view", "view", "table", "table", "view", "table"] as const).entries()) {
      await publish(candidate(`select ${index}::integer as n`, kind));
      expect([await seen(), await relations()]).toEqual([[index], [`${kind} gold.t`]]);
    }
  });

  it("finds what an earlier process published", async () => {
    for (const kind of ["view", "table", "view"] as const) {
      engine = duckdbEngine(database);
      await publish(candidate("select 7 as n", kind));
      expect(await relations()).toEqual([`${kind} gold.t`]);
    }
  });

  it("finds the table also when only the case of its name has changed", async () => {
    await publish(candidate("select 1 as n"));
    engine = duckdbEngine(database);
    await publish(candidate("select 2 as n", "table", "gold.T"));
    await publish(candidate("select 3 as n", "table", "gold.t"));
    expect([await seen(), await relations()]).toEqual([[3], ["table gold.t"]]);
  });

  it("does not mistake a table of another layer for it", async () => {
    await publish(candidate("select 1 as n", "view", "silver.t"));
    await publish(candidate("select 2 as n"));
    expect(await relations()).toEqual(["table gold.t", "view silver.t"]);
  });

  it("keeps views over a table that is replaced", async () => {
    await publish(candidate("select 1 as n", "table", "silver.t"));
    await publish(candidate("select n from silver.t", "view"));
    await publish(candidate("select 2 as n", "table", "silver.t"));
    expect(await seen()).toEqual([2]);
  });

  it("lets several sessions publish at the same time", async () => {
    const sessions = await Promise.all(Array.from({ length: 6 }, () => engine.session()));
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(
        sessions.map((session, index) =>
          session.transaction(async () => {
            const item = candidate(`select ${round}::integer as n`, (round + index) % 2 === 0 ? "table" : "view", `gold.t${index}`);
            await engine.buildCandidate(session, item);
            await engine.publish(session, item);
          }),
        ),
      );
    }
    expect((await relations()).map((name) => name.replace(/^\w+ /, "")).sort()).toEqual([
      "gold.t0",
      "gold.t1",
      "gold.t2",
      "gold.t3",
      "gold.t4",
      "gold.t5",
    ]);
    for (const session of sessions) session.close();
  });

  it("never shows a reader a missing, empty or half table", async () => {
    await publish(candidate("select i::integer as n from range(1000) r(i)"));
    let reading = true;
    const counts = new Set<string>();
    const polling = (async () => {
      while (reading) {
        const [row] = await reader.query({ text: "select count(*)::varchar || ' ' || sum(n)::varchar as found from gold.t" });
        counts.add(String(row?.found));
      }
    })();
    for (let round = 1; round <= 20; round += 1)
      await publish(candidate(`select ${round}::integer as n from range(1000) r(i)`, round % 3 === 0 ? "view" : "table"));
    reading = false;
    await polling;
    const whole = ["1000 499500", ...Array.from({ length: 20 }, (_, index) => `1000 ${(index + 1) * 1000}`)];
    expect([...counts].filter((found) => !whole.includes(found))).toEqual([]);
  });
});

describe("publishBronze", () => {
  const contract = contractColumns({
    id: t.integer(),
    'odd "name': t.decimal(10, 2, { nullable: true }),
    at: t.timestamp({ nullable: true }),
  });

  it("gives an empty table with the contract's types for no files", async () => {
    await engine.publishBronze(writer, "bronze.b", contract, []);
    expect(await reader.describe("select * from bronze.b")).toEqual([
      { name: "id", type: "INTEGER" },
      { name: 'odd "name', type: "DECIMAL(10,2)" },
      { name: "at", type: "TIMESTAMP" },
    ]);
    expect(await reader.query({ text: "select * from bronze.b" })).toEqual([]);
  });

  it("reads files and globs, and only the contract's columns", async () => {
    const path = join(folder, "it's");
    await writer.execute({
      text: `copy (select i::integer as id, null::decimal(10,2) as "odd ""name", null::timestamp as at, i % 2 as p from range(4) r(i)) to '${path.replaceAll("'", "''")}' (format parquet, partition_by (p))`,
    });
    await writer.transaction(() => engine.publishBronze(writer, "bronze.b", contract, [join(path, "**/*.parquet")]));
    expect((await reader.query({ text: "select * from bronze.b order by id" })).map((row) => Object.keys(row).join("|") + row.id)).toEqual(
      [0, 1, 2, 3].map((id) => `id|odd "name|at${id}`),
    );
    await writer.transaction(() => engine.publishBronze(writer, "bronze.b", contract, []));
    expect(await reader.query({ text: "select count(*)::integer as n from bronze.b" })).toEqual([{ n: 0 }]);
  });

  it("keeps the old view when the transaction fails", async () => {
    await engine.publishBronze(writer, "bronze.b", contract, []);
    const failing = writer.transaction(() => engine.publishBronze(writer, "bronze.b", contract, [join(folder, "missing.parquet")]));
    await expect(failing).rejects.toThrow(/No files found|missing\.parquet/);
    expect(await relations()).toEqual(["view bronze.b"]);
  });
});

describe("a session", () => {
  it("gives values as JSON carries them, and no digit is lost", async () => {
    const text = `select 9007199254740993::bigint as b, 12345678901234567890.12::decimal(38, 2) as d, 1.5::double as f, true as t, null as n, date '2026-01-31' as day,
      timestamp '2026-01-31 10:00:00.123456' as at, time '10:00:00.5' as o, 'é日' as s, '{"a":1}'::json as j, [1, 2] as l, 170141183460469231731687303715884105727::hugeint as h`;
    expect(await reader.query({ text })).toEqual([
      {
        b: "9007199254740993",
        d: "12345678901234567890.12",
        f: 1.5,
        t: true,
        n: null,
        day: "2026-01-31",
        at: "2026-01-31 10:00:00.123456",
        o: "10:00:00.5",
        s: "é日",
        j: '{"a":1}',
        l: [1, 2],
        h: "170141183460469231731687303715884105727",
      },
    ]);
  });

  it("keeps columns of one name apart", async () => {
    const result = await reader.result({ text: "select 1 as a, 2 as a, 3 as b" });
    expect(result.rows).toEqual([[1, 2, 3]]);
    expect(new Set(result.columns).size).toBe(3);
  });

  it("rolls back when work throws, and passes the error on", async () => {
    await writer.execute({ text: "create table gold.x (n integer)" });
    const reason = new Error("no");
    await expect(
      writer.transaction(async () => {
        await writer.execute({ text: "insert into gold.x values (1)" });
        throw reason;
      }),
    ).rejects.toBe(reason);
    expect(await writer.query({ text: "select n from gold.x" })).toEqual([]);
    expect(await writer.transaction(async () => "done")).toBe("done");
  });

  it("fails with the engine's words, within a transaction too, and can be used again", async () => {
    await expect(writer.query({ text: "select * from nothing" })).rejects.toThrow(/nothing does not exist/);
    await expect(writer.transaction(() => writer.execute({ text: "selec" }))).rejects.toThrow(/syntax error/);
    expect(await writer.query({ text: "select 1 as n" })).toEqual([{ n: 1 }]);
  });

  it("reports a commit that another one forestalled", async () => {
    await writer.execute({ text: "create table gold.x (n integer); insert into gold.x values (1)" });
    const late = writer.transaction(async () => {
      await writer.execute({ text: "update gold.x set n = 2" });
      await reader.execute({ text: "update gold.x set n = 3" });
    });
    await expect(late).rejects.toThrow(/conflict/i);
    expect(await reader.query({ text: "select n from gold.x" })).toEqual([{ n: 1 }]);
    expect(await writer.query({ text: "select n from gold.x" })).toEqual([{ n: 1 }]);
  });

  it("describes without running", async () => {
    expect(await reader.describe("select error('ran') as e, 1::tinyint as t, 'a'::json as j, [1] as l from range(3)")).toEqual([
      expect.objectContaining({ name: "e" }),
      { name: "t", type: "TINYINT" },
      { name: "j", type: "JSON" },
      { name: "l", type: "INTEGER[]" },
    ]);
    await expect(reader.describe("select nothing")).rejects.toThrow(/nothing/);
    await expect(reader.describe("select 1 where 2 > $least")).rejects.toThrow(/no value for the parameter \$least/);
    await expect(reader.describe("select 1; select 2")).rejects.toThrow(/multiple statements/);
  });
});

describe("a database file", () => {
  it("is created with its folder, kept, and opened for reading", async () => {
    const path = join(folder, "deep", "er", "w.duckdb");
    const first = await fileDatabase(path);
    const session = await first.session();
    await session.execute({ text: "create table x as select 1 as n" });
    session.close();
    first.close();
    const second = await fileDatabase(path, { readOnly: true });
    const again = await second.session();
    expect(await again.query({ text: "select n from x" })).toEqual([{ n: 1 }]);
    await expect(again.execute({ text: "insert into x values (2)" })).rejects.toThrow(/read-only/i);
    again.close();
    second.close();
  });

  it("that cannot be made says so", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(fileDatabase(join(folder, "file", "w.duckdb"))).rejects.toMatchObject({ code: "STORAGE_UNWRITABLE" });
    await expect(fileDatabase(join(folder, "file", "deeper", "w.duckdb"))).rejects.toMatchObject({ code: "STORAGE_UNWRITABLE" });
  });

  it("knows who holds it", () => {
    expect(
      new DatabaseLocked('IO Error: Could not set lock on file "w": Conflicting lock is held in node (PID 4711) by user x').processId,
    ).toBe(4711);
    expect(new DatabaseLocked("something else").processId).toBeNull();
  });
});
