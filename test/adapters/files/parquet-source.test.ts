import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parquet } from "../../../src/define/source.ts";
import { type Columns, t } from "../../../src/define/types.ts";
import { failure, fileReader, type Ingested, ingest, type TestReader } from "./file-reader.ts";

let reader: TestReader;
let folder: string;
beforeAll(async () => {
  reader = await fileReader();
  folder = mkdtempSync(join(tmpdir(), "assay-parquet-"));
});
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

async function read(select: string, columns: Columns): Promise<Ingested> {
  await reader.execute({ text: `copy (${select}) to '${join(folder, "rows.parquet")}'` });
  return ingest(reader, parquet("rows.parquet"), folder, columns);
}

test("values come in the contract's types", async () => {
  const found = await read(
    `select 1::bigint as i, 2::tinyint as s, 3::decimal(18,4) as d, 1.5::float as f, 'x' as V, {'k': [1]} as j,
      '2020-01-01 10:00:00+02'::timestamptz as m, '2020-01-01'::date as a, true as b, uuid() as u`,
    {
      v: t.varchar(),
      i: t.integer(),
      s: t.smallint(),
      d: t.decimal(10, 2),
      f: t.double(),
      j: t.json(),
      m: t.timestamp(),
      a: t.date(),
      b: t.boolean(),
      u: t.varchar(),
    },
  );
  expect(found.rows).toMatchObject([
    { v: "x", i: 1, s: 2, d: "3.00", f: 1.5, j: '{"k":[1]}', m: "2020-01-01 08:00:00", a: "2020-01-01", b: true },
  ]);
  expect(found.types).toEqual("VARCHAR INTEGER SMALLINT DECIMAL(10,2) DOUBLE JSON TIMESTAMP DATE BOOLEAN VARCHAR".split(" "));
  expect(found.read.records).toBe(1);
});

test("values that lose a digit or overflow are refused, missing ones found", async () => {
  const found = await read("select * from (values (1::bigint, 1.5000), (99999999999, 1.2345), (null, 2.0), (4, null)) as rows(id, price)", {
    id: t.integer(),
    price: t.decimal(10, 2, { nullable: true }),
  });
  expect(found.rows.map((row) => row.id)).toEqual([1, 4]);
  expect(found.refusals).toEqual([
    {
      row_number: 2,
      column: "id",
      reason: "type",
      raw: '{"id":99999999999,"price":"1.2345"}',
      message: 'id: "99999999999" is not an INTEGER; price: "1.2345" would become 1.23 as a DECIMAL(10,2)',
    },
    {
      row_number: 3,
      column: "id",
      reason: "not_null",
      message: "id: no value, but the contract says not null",
      raw: '{"id":null,"price":"2.0000"}',
    },
  ]);
});

test("digits below the microsecond are refused", async () => {
  const found = await read(
    "select unnest(['2020-01-01 10:00:00.123456', '2020-01-01 10:00:00.123456789'])::timestamp_ns as at, unnest(['9999-01-01', null])::timestamp_s as s",
    { at: t.timestamp(), s: t.timestamp({ nullable: true }) },
  );
  expect(found.rows).toEqual([{ at: "2020-01-01 10:00:00.123456", s: "9999-01-01 00:00:00" }]);
  expect(found.refusals).toMatchObject([
    { row_number: 2, message: 'at: "2020-01-01 10:00:00.123456789" would become 2020-01-01 10:00:00.123456 as a TIMESTAMP' },
  ]);
});

test("a type that cannot be told to mean the same names column, found and expected", async () => {
  expect(await failure(read("select 1.5::double as price", { price: t.decimal(10, 2) }))).toMatchObject({
    code: "SOURCE_HEADER",
    message: `${join(folder, "rows.parquet")}: column price is DOUBLE, the contract says DECIMAL(10,2)`,
  });
});

test("a missing or extra column", async () => {
  expect((await failure(read("select 1 as ids", { id: t.integer() }))).message).toContain(
    "the file lacks column id (did you mean ids?) and has column ids that the contract does not",
  );
});

test("a file that is no Parquet cannot be read", async () => {
  for (const content of ["hello", "PAR1xxxxxxxxxxxxxxPAR1"]) {
    writeFileSync(join(folder, "bad.parquet"), content);
    expect(await failure(ingest(reader, parquet("bad.parquet"), folder, { id: t.integer() }))).toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: expect.stringContaining("bad.parquet cannot be read as Parquet: "),
    });
  }
});
