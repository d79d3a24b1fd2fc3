import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fileSource } from "../../../src/adapters/files/index.ts";
import { csv, type FileSource, json, parquet } from "../../../src/define/source.ts";
import { type Columns, t } from "../../../src/define/types.ts";
import { type DoorRule, proven } from "../../../src/ports/source.ts";
import { contract, fileReader, ingest, type TestReader } from "./file-reader.ts";

let reader: TestReader;
let folder: string;
beforeAll(async () => {
  reader = await fileReader();
  folder = mkdtempSync(join(tmpdir(), "assay-second-"));
});
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

const columns: Columns = { id: t.integer(), name: t.varchar({ nullable: true }) };
const odd: DoorRule = {
  rule: "expression:even",
  reason: "expression",
  column: null,
  message: "even: id % 2 = 0 does not hold",
  broken: "id % 2 = 1",
};
const named: DoorRule = { rule: "not_null:name", reason: "not_null", column: "name", message: "name is absent", broken: "name is null" };

interface Opened {
  readonly broken: readonly unknown[];
  /** Ids that are left when the records are left out. */
  readonly without: (records: readonly number[]) => Promise<readonly number[]>;
}

async function open(
  source: FileSource,
  name: string,
  content: string | Buffer,
  rules: readonly DoorRule[] = [odd, named],
): Promise<Opened> {
  writeFileSync(join(folder, name), content);
  const files = fileSource(() => 7);
  const wanted = contract(columns);
  const [file] = await files.list(source, folder, new Map(), []);
  if (file === undefined) throw new Error("no file");
  const read = await proven(await files.open(source, file, wanted, reader));
  await reader.query({ text: read.selectFitting });
  await files.refusals(source, file, read, wanted, reader, null);
  const broken = await files.broken(source, file, read, wanted, rules, reader);
  return {
    broken: broken.map(({ row_number, rule, message, raw }) => [row_number, rule, message, raw]),
    without: async (records) => {
      const select = await files.without(source, file, read, wanted, new Set(records), reader);
      const rows = await reader.query({ text: select });
      if (read.rejects !== null)
        for (const table of [read.rejects.table, read.rejects.scan]) await reader.execute({ text: `drop table "${table}"` });
      return rows.map((row) => Number(row.id));
    },
  };
}

describe("CSV with blank lines, rejected records and values of several lines", () => {
  const content = 'id,name\n\n2,"a\nb"\nx,rejected\n1,odd\n\n4,\n6,"c,d"\n1,\n8,"e"\n9';

  test("tells which records break a rule, and by which", async () => {
    const { broken } = await open(csv("a.csv"), "a.csv", content);
    expect(broken).toEqual([
      [5, "expression:even", odd.message, "1,odd"],
      [7, "not_null:name", named.message, "4,"],
      [9, "expression:even", `${odd.message}; ${named.message}`, "1,"],
    ]);
  });

  test("leaves exactly the given records out", async () => {
    const { without } = await open(csv("a.csv"), "a.csv", content);
    expect(await without([5, 8])).toEqual([2, 4, 1, 8]);
    expect(await without([3, 9, 10])).toEqual([1, 4, 6]);
    expect(await without([])).toEqual([2, 1, 4, 6, 1, 8]);
  });
});

test("a CSV row whose value does not fit and which breaks a rule at another column is refused once", async () => {
  const { broken } = await open(csv("e.csv"), "e.csv", "name,id\n,x\n,2\nok,4\n", [named]);
  expect(broken).toEqual([[3, "not_null:name", named.message, ",2"]]);
});

describe("JSON lines with blank lines, broken lines and bytes that are no text", () => {
  const line = (id: unknown, name: unknown): string => `${JSON.stringify({ id, name })}\n`;
  const content = Buffer.concat([
    Buffer.from(`${line(2, "a")}\n${line("x", "refused")}`),
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d, 0x0a]),
    Buffer.from(`${line(1, "odd")}no json\n${line(4, null)}${line(6, "z")}`),
  ]);

  test("tells which lines break a rule", async () => {
    const { broken } = await open(json("a.json"), "a.json", content);
    expect(broken.map((row) => (row as readonly unknown[]).slice(0, 2))).toEqual([
      [5, "expression:even"],
      [7, "not_null:name"],
    ]);
  });

  test("leaves exactly the given lines out", async () => {
    const { without } = await open(json("a.json"), "a.json", content);
    expect(await without([5, 7])).toEqual([2, 6]);
    expect(await without([1, 8])).toEqual([1, 4]);
  });
});

test("a JSON array and Parquet: rows by their place", async () => {
  const rows = [2, 1, 4].map((id) => ({ id, name: `n${id}` }));
  const array = await open(json("b.json", { layout: "array" }), "b.json", JSON.stringify(rows));
  expect(array.broken).toEqual([[2, "expression:even", odd.message, '{"id":1,"name":"n1"}']]);
  expect(await array.without([1, 3])).toEqual([1]);

  await reader.execute({
    text: `copy (select id::integer as id, name from (values (2, 'n2'), (1, 'n1'), (4, null)) as v(id, name)) to '${join(folder, "made.parquet")}' (format parquet)`,
  });
  const { readFileSync } = await import("node:fs");
  const file = await open(parquet("b.parquet"), "b.parquet", readFileSync(join(folder, "made.parquet")));
  expect(file.broken.map((row) => (row as readonly unknown[]).slice(0, 2))).toEqual([
    [2, "expression:even"],
    [3, "not_null:name"],
  ]);
  expect(await file.without([2])).toEqual([2, 4]);
});

describe("values of refused rows", () => {
  const typed: Columns = { id: t.integer(), name: t.varchar({ nullable: true }), doc: t.json({ nullable: true }) };

  test("are the record's, by contract column, whatever their order in the file", async () => {
    writeFileSync(join(folder, "c.csv"), 'name,doc,ID\n"a ""b"", c","{""x"": 1}",one\n,,two\nshort,1\n"open"x,1,2\n');
    const { records } = await ingest(reader, csv("c.csv"), folder, typed);
    expect(records.map((row) => row.record)).toEqual([
      { id: "one", name: 'a "b", c', doc: '{"x": 1}' },
      { id: "two", name: null, doc: null },
      null,
      null,
    ]);
  });

  test("of JSON keep numbers as they are written", async () => {
    writeFileSync(join(folder, "c.json"), '{"id":1.50,"name":"","doc":{"n":1.10}}\n{"id":"x","doc":"text"}\n[1]\n');
    const { records } = await ingest(reader, json("c.json"), folder, { ...typed, id: t.date() });
    expect(records.map((row) => row.record)).toEqual([
      { id: "1.50", name: "", doc: '{"n":1.10}' },
      { id: "x", name: null, doc: '"text"' },
      null,
    ]);
  });

  test("of CSV are what the engine would have read, for any text", async () => {
    const value = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", " ", "é", "'", "\\", ";"), maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 4 }), async (values) => {
        const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const body = values.map((text) => `x,${quote(text)},1`).join("\n");
        writeFileSync(join(folder, "d.csv"), `id,name,doc\n${body}\n`);
        const { records } = await ingest(reader, csv("d.csv"), folder, typed);
        expect(records.map((row) => row.record?.name)).toEqual(values.map((text) => (text === "" ? null : text)));
      }),
      { numRuns: 40 },
    );
  });
});
