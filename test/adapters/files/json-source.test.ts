import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { json } from "../../../src/define/source.ts";
import { type Columns, t } from "../../../src/define/types.ts";
import { failure, fileReader, type Ingested, ingest, type TestReader } from "./file-reader.ts";

let reader: TestReader;
let folder: string;
beforeAll(async () => {
  reader = await fileReader();
  folder = mkdtempSync(join(tmpdir(), "assay-json-"));
});
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

const event = { id: t.integer(), note: t.varchar({ nullable: true }) };

async function read(
  content: string | Buffer,
  columns: Columns = event,
  layout: "lines" | "array" = "lines",
  name = "events.json",
): Promise<Ingested> {
  writeFileSync(join(folder, name), content);
  return ingest(reader, json(name, { layout }), folder, columns);
}

const layouts = [
  ["lines", (rows: readonly string[]) => rows.join("\n")],
  ["array", (rows: readonly string[]) => `[\n${rows.join(",\n")}\n]`],
] as const;

describe.each(layouts)("%s", (layout, join_) => {
  test("values come typed", async () => {
    const columns = {
      v: t.varchar(),
      b: t.boolean(),
      l: t.bigint(),
      d: t.decimal(38, 10),
      f: t.double(),
      a: t.date(),
      m: t.timestamp(),
      j: t.json(),
    };
    const row =
      '{"v":"1.10 \\"é\\" 5","b":true,"l":9007199254740993,"d":1234567890123456789.0123456789,"f":1.5,"a":"2020-02-29","m":"2020-02-29T10:00:00+02:00","j":{"k":[1.10]}}';
    const found = await read(join_([row]), columns, layout);
    expect(found.rows).toEqual([
      {
        v: '1.10 "é" 5',
        b: true,
        l: "9007199254740993",
        d: "1234567890123456789.0123456789",
        f: 1.5,
        a: "2020-02-29",
        m: "2020-02-29 08:00:00",
        j: expect.stringMatching(/^\{"k":\[1.10?\]\}$/),
      },
    ]);
    expect(found.types).toEqual(["VARCHAR", "BOOLEAN", "BIGINT", "DECIMAL(38,10)", "DOUBLE", "DATE", "TIMESTAMP", "JSON"]);
    expect(found.read.records).toBe(layout === "lines" ? 1 : null);
  });

  test("rows that do not fit are refused, missing values found", async () => {
    const rows = ['{"id":1}', '{"id":"x","note":[1]}', "5", '{"id":99999999999}', '{"note":"n"}', '{"id":null}', '{"id":7,"note":null}'];
    const found = await read(join_(rows), event, layout);
    expect(found.rows.map((row) => row.id)).toEqual([1, 7]);
    expect(found.refusals).toEqual([
      {
        row_number: 2,
        column: "id",
        reason: "type",
        message: 'id: "x" is not an INTEGER; note: "[\\"1\\"]" is not a VARCHAR',
        raw: rows[1],
      },
      { row_number: 3, column: null, reason: "syntax", message: "the row is not a JSON object", raw: "5" },
      { row_number: 4, column: "id", reason: "type", message: 'id: "99999999999" is not an INTEGER', raw: rows[3] },
      ...[5, 6].map((number) => ({
        row_number: number,
        column: "id",
        reason: "not_null",
        message: "id: no value, but the contract says not null",
        raw: rows[number - 1],
      })),
    ]);
  });

  test("fields outside of the contract are noted, missing ones refused", async () => {
    const found = await read(join_(['{"id":1,"b":2}', '{"id":2,"a":[]}']), event, layout);
    expect(found.read.notes).toEqual(["fields that the contract does not have are left out: a, b"]);
    expect(await failure(read(join_(['{"ids":1}', "{}"]), event, layout))).toMatchObject({
      code: "SOURCE_HEADER",
      message: expect.stringContaining("no row has a field id (did you mean ids?), which the contract says is not null"),
    });
  });

  test("a file without JSON objects cannot be read", async () => {
    expect(await failure(read(join_(["5", '"x"']), event, layout))).toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: expect.stringContaining("none of its 2 rows is a JSON object"),
    });
  });
});

describe("lines", () => {
  test("are numbered as in the file, past blank, broken and unreadable ones", async () => {
    const bytes = Buffer.concat([
      Buffer.from('\uFEFF{"id":1}\n\n{"id":\n{"id":2,"note":"'),
      Buffer.from([0xff]),
      Buffer.from('"}\n{"id":"x"}\n{"note":"last"}\n'),
    ]);
    const found = await read(bytes);
    expect(found.refusals.map(({ row_number, reason }) => [row_number, reason])).toEqual([
      [3, "syntax"],
      [4, "encoding"],
      [5, "type"],
      [6, "not_null"],
    ]);
    expect(found.read.records).toBe(found.rows.length + found.refusals.length);
  });

  test("of a gzip file, one of 3 MB, with CRLF", async () => {
    const found = await read(gzipSync(`{"id":1}\r\n{"id":2,"note":"${"x".repeat(3_000_000)}"}\r\n`), event, "lines", "events.json.gz");
    expect(found.rows.map((row) => row.id)).toEqual([1, 2]);
    expect(found.refusals).toEqual([]);
  });

  test("of an empty file are none", async () => {
    expect((await read("")).rows).toEqual([]);
  });

  test("that are one array", async () => {
    expect(await failure(read('[{"id":1}]'))).toMatchObject({
      code: "SOURCE_UNREADABLE",
      hint: 'set layout: "array" in the source\'s json(…)',
    });
  });
});

describe("an array", () => {
  test("that is broken", async () => {
    const found = await failure(read('[{"id":1},{"id":', event, "array"));
    expect(found.code).toBe("SOURCE_UNREADABLE");
    expect(found.message).toMatch(/events\.json is not valid JSON: /);
  });

  test("that is lines, or empty", async () => {
    expect((await failure(read('{"id":1}', event, "array"))).hint).toBe('take layout: "array" out of the source\'s json(…)');
    expect((await failure(read(" \n", event, "array"))).message).toContain("is empty: no JSON array");
    expect((await read("[]", event, "array")).rows).toEqual([]);
  });
});
