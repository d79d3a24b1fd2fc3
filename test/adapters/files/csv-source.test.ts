import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { csv } from "../../../src/define/source.ts";
import { t } from "../../../src/define/types.ts";
import { failure, fileReader, ingest, type TestReader } from "./file-reader.ts";

let reader: TestReader;
let folder: string;
beforeAll(async () => {
  reader = await fileReader();
  folder = mkdtempSync(join(tmpdir(), "assay-csv-"));
});
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

const order = { id: t.varchar(), price: t.decimal(10, 2, { nullable: true }), day: t.date({ nullable: true }) };

function write(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return name;
}

const read = (
  content: string | Buffer,
  columns: Parameters<typeof ingest>[3] = order,
  options: Parameters<typeof csv>[1] = {},
  name = "orders.csv",
) => ingest(reader, csv(write(name, content), options), folder, columns);

const refuse = (content: string | Buffer, columns: Parameters<typeof ingest>[3] = order, options: Parameters<typeof csv>[1] = {}) =>
  failure(read(content, columns, options));

describe("rows", () => {
  test("come typed, in file order and contract order", async () => {
    const found = await read('id,price,day\nb,1.50,2017-01-05\na,,""\n');
    expect(found.rows).toEqual([
      { id: "b", price: "1.50", day: "2017-01-05" },
      { id: "a", price: null, day: null },
    ]);
    expect(found.types).toEqual(["VARCHAR", "DECIMAL(10,2)", "DATE"]);
    expect(found.read).toMatchObject({ records: 2, notes: [] });
    expect(found.refusals).toEqual([]);
  });

  test("of every type of the contract", async () => {
    const all = {
      v: t.varchar(),
      b: t.boolean(),
      s: t.smallint(),
      i: t.integer(),
      l: t.bigint(),
      d: t.decimal(38, 10),
      f: t.double(),
      a: t.date(),
      m: t.timestamp(),
      c: t.time(),
      j: t.json(),
    };
    const found = await read(
      'v,b,s,i,l,d,f,a,m,c,j\nx,true,-7,8,9007199254740993,1234567890123456789.0123456789,1.5,2020-02-29,2020-02-29 10:00:00.5,10:00,"{""k"":[1]}"\n',
      all,
    );
    expect(found.types).toEqual("VARCHAR BOOLEAN SMALLINT INTEGER BIGINT DECIMAL(38,10) DOUBLE DATE TIMESTAMP TIME JSON".split(" "));
    expect(found.rows[0]).toMatchObject({
      l: "9007199254740993",
      d: "1234567890123456789.0123456789",
      m: "2020-02-29 10:00:00.5",
      j: '{"k":[1]}',
    });
  });

  test("of a file with BOM, CRLF, blank lines and a value of several lines", async () => {
    const found = await read('\uFEFFid,price,day\r\n\r\n"two\r\nlines, ""quoted""",2,\r\n\r\nb,3,\r\n');
    expect(found.rows.map((row) => row.id)).toEqual(['two\r\nlines, "quoted"', "b"]);
    expect(found.read.records).toBe(2);
  });

  test("of a gzip file", async () => {
    const found = await read(gzipSync('id,price,day\na,1,\n"b\nb",2,\n'), order, {}, "orders.csv.gz");
    expect(found.rows).toHaveLength(2);
    expect(found.read.records).toBe(2);
  });

  test("of a file whose name and folder look like patterns", async () => {
    write("x1.csv", "id,price,day\nwrong,1,\n");
    const found = await read("id,price,day\nright,1,\n", order, {}, "x[1].csv");
    expect(found.rows.map((row) => row.id)).toEqual(["right"]);
  });

  test("of a file of one column, where a blank line is a row", async () => {
    const found = await read("\nname\na\n\nb\n", { name: t.varchar({ nullable: true }) });
    expect(found.rows.map((row) => row.name)).toEqual(["a", null, "b"]);
    expect(found.read.records).toBe(3);
  });

  test("of a file with header only are none", async () => {
    const found = await read("id,price,day\n");
    expect(found.rows).toEqual([]);
    expect(found.read.records).toBe(0);
  });

  test("with another delimiter and quote", async () => {
    const found = await read("id\tprice\tday\n'a\tb'\t1\t\n", order, { delimiter: "\t", quote: "'" });
    expect(found.rows).toEqual([{ id: "a\tb", price: "1.00", day: null }]);
  });

  test("of the real reviews are 99,224", async ({ skip }) => {
    const olist = resolve(import.meta.dirname, "../../../../shared/data/olist");
    if (!existsSync(olist)) skip(`the Olist files are not at ${olist}`);
    const text = t.varchar({ nullable: true });
    const columns = {
      review_id: t.varchar(),
      order_id: t.varchar(),
      review_score: t.smallint(),
      review_comment_title: text,
      review_comment_message: text,
      review_creation_date: t.timestamp({ nullable: true }),
      review_answer_timestamp: t.timestamp({ nullable: true }),
    };
    const found = await ingest(reader, csv("olist_order_reviews_dataset.csv"), olist, columns);
    expect(found.read.records).toBe(99_224);
    expect(found.rows).toHaveLength(99_224);
    expect(found.refusals).toEqual([]);
  });
});

describe("a header", () => {
  test("in another order is matched by name", async () => {
    const found = await read("day,ID,price\n2017-01-05,a,1\n");
    expect(found.rows).toEqual([{ id: "a", price: "1.00", day: "2017-01-05" }]);
    expect(found.read.notes).toEqual(["the file's columns stand in another order than the contract's: matched by name"]);
  });

  test("that lacks a column", async () => {
    const found = await refuse("id,prize\na,1\n");
    expect(found.code).toBe("SOURCE_HEADER");
    expect(found.message).toBe(
      `${join(folder, "orders.csv")}: the header lacks columns price (did you mean prize?), day and has column prize that the contract does not`,
    );
  });

  test("with an extra column", async () => {
    const found = await refuse("id,price,day,channel\na,1,,web\n");
    expect(found.code).toBe("SOURCE_HEADER");
    expect(found.message).toContain("the header has column channel that the contract does not");
    expect(found.hint).toContain("add channel to the contract");
  });

  test("that names a column twice", async () => {
    const found = await refuse("id,price,day,Price\na,1,,1\n");
    expect(found).toMatchObject({ code: "SOURCE_HEADER" });
    expect(found.message).toContain("the header names price more than once (columns 2 and 4)");
  });

  test("that ends with a delimiter", async () => {
    expect((await refuse("id,price,day,\na,1,,\n")).message).toContain("column 4 of the header has no name");
  });

  test.each([
    [";", '";"'],
    ["\t", '"\\t"'],
    ["|", '"|"'],
  ])("separated by %j", async (delimiter, shown) => {
    const found = await refuse(["id", "price", "day"].join(delimiter));
    expect(found.code).toBe("SOURCE_HEADER");
    expect(found.message).toContain(`the header is separated by ${shown}, not by ","`);
    expect(found.hint).toBe(`set delimiter: ${shown} in the source's csv(…)`);
  });
});

describe("a file cannot be read", () => {
  test("that is empty", async () => {
    for (const empty of ["", "\uFEFF", "\n\n"]) {
      const found = await refuse(empty);
      expect(found).toMatchObject({ code: "SOURCE_UNREADABLE", message: `${join(folder, "orders.csv")} is empty: no header line` });
    }
  });

  test("that is UTF-16", async () => {
    expect(await refuse(Buffer.from("\uFEFFid,price,day\n", "utf16le"))).toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: expect.stringContaining("is UTF-16 text, not UTF-8 text"),
      hint: "save or convert the file as UTF-8",
    });
    expect((await refuse(Buffer.from("id,price,day\n", "utf16le"))).message).toContain("looks like UTF-16");
  });

  test("that is binary or compressed", async () => {
    expect((await refuse(Buffer.from("id,price\0,day\n"))).message).toContain("holds binary data");
    expect((await refuse(gzipSync("id,price,day\n"))).hint).toBe("give it a name that ends in .gz");
    const broken = gzipSync(`id,price,day\n${"a,1,\n".repeat(10_000)}`).subarray(0, 60);
    expect((await failure(read(broken, order, {}, "broken.csv.gz"))).message).toContain("is not a complete gzip file");
  });

  test("whose header is not UTF-8", async () => {
    expect((await refuse(Buffer.from("id,pre\xe7o,day\n", "latin1"))).message).toContain("the header line is not valid UTF-8");
  });

  test("whose header has no end", async () => {
    const found = await refuse("x".repeat(5000), order, { maxRowBytes: 1000 });
    expect(found).toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: expect.stringContaining("the header line is longer than 1000 bytes"),
    });
  });

  test("in which a quote is never closed", async () => {
    const found = await refuse('id,price,day\n"two\nlines",1,\n\nc,1,\n"d,1,\ne,1,\n');
    expect(found.code).toBe("SOURCE_UNREADABLE");
    expect(found.message).toContain("the quote opened in record 5 (line 6) is never closed");
    expect((await refuse('id,"price,day\na,1,\n')).message).toContain("the quote opened in the header (line 1) is never closed");
  });

  test("with mixed line endings", async () => {
    const found = await refuse("id,price,day\r\na,1,\r\nb,2,\nc,3,\r\n");
    expect(found.code).toBe("SOURCE_UNREADABLE");
    expect(found.message).toContain("record 3 ends in LF, others end in CRLF");
    expect((await refuse("id,price,day\na\rb,1,\nb,2,\n")).message).toContain("record 2 ends in CR, others end in LF");
  });

  test("with a row that is far too large", async () => {
    const found = await refuse(`id,price,day\n${"x".repeat(15_000_000)},1,\n`);
    expect(found.message).toContain("a row has 15000003 bytes; the largest allowed is 2000000");
  });

  test("with a delimiter that cannot be one", async () => {
    expect((await refuse("id,price,day\n", order, { delimiter: "::" })).code).toBe("PROJECT_INVALID");
  });
});

describe("a row is refused", () => {
  const one = async (row: string | Buffer, columns = order) => {
    const content = Buffer.concat([Buffer.from("id,price,day\n"), Buffer.from(row), Buffer.from("\nz,1,2017-01-01\n")]);
    const found = await read(content, columns);
    expect(found.rows.map((each) => each.id)).toEqual(["z"]);
    expect(found.read.records).toBe(2);
    expect(found.refusals).toHaveLength(1);
    return found.refusals[0];
  };

  test("for a value that does not parse", async () => {
    expect(await one("a,abc,")).toEqual({
      row_number: 2,
      column: "price",
      reason: "type",
      message: 'price: "abc" is not a DECIMAL(10,2)',
      raw: "a,abc,",
    });
    expect(await one("a,1,2017-02-30")).toMatchObject({ column: "day", reason: "type", message: 'day: "2017-02-30" is not a DATE' });
    expect(await one("a,99999999999,x")).toMatchObject({ message: 'price: "99999999999" is not a DECIMAL(10,2); day: "x" is not a DATE' });
  });

  test("without its sensitive value in the message", async () => {
    expect(await one("a,12 Main St,", { ...order, price: t.decimal(10, 2, { nullable: true, sensitive: true }) })).toMatchObject({
      message: "price: *** is not a DECIMAL(10,2)",
    });
  });

  test("for its shape", async () => {
    expect(await one("a")).toMatchObject({ column: null, reason: "too_few_columns", message: "1 value where the header has 3 columns" });
    expect(await one("a,x,y,z")).toMatchObject({
      reason: "too_many_columns",
      message: "4 values where the header has 3 columns",
      raw: "a,x,y,z",
    });
    expect(await one('"a "b" c","d "e" f",')).toMatchObject({ reason: "quote", raw: '"a "b" c","d "e" f",' });
    expect(await one('"a"b,1,')).toMatchObject({ reason: "quote", message: expect.stringContaining("goes on after its closing quote") });
  });

  test("for bytes that are not UTF-8", async () => {
    expect(await one(Buffer.from("pre\xe7o,1,", "latin1"))).toMatchObject({ reason: "encoding", message: "the row is not valid UTF-8" });
  });

  test("for its length, unless the contract allows it", async () => {
    const found = await one(`${"x".repeat(3_000_000)},1,`);
    expect(found).toMatchObject({
      row_number: 2,
      reason: "too_long",
      message: "the row has 3000003 bytes; the largest allowed is 2000000",
    });
    const allowed = await read(`id,price,day\n${"x".repeat(3_000_000)},1,\n`, order, { maxRowBytes: 4_000_000 });
    expect(allowed.rows).toHaveLength(1);
    expect(allowed.refusals).toEqual([]);
  });

  test("but not for a value of 1 MB", async () => {
    const found = await read(`id,price,day\n${"x".repeat(1_000_000)},1,\n`);
    expect(String(found.rows[0]?.id)).toHaveLength(1_000_000);
  });

  test("with the number a spreadsheet gives it", async () => {
    const found = await read('id,price,day\n\n"two\nlines",1,\nb,x,\n\nc\n"d\nd",y,\n');
    expect(found.refusals.map(({ row_number, raw }) => [row_number, raw])).toEqual([
      [4, "b,x,"],
      [6, "c"],
      [7, '"d\nd",y,'],
    ]);
    expect(found.read.records).toBe(4);
  });
});

describe("an absent value in a not-null column", () => {
  const columns = { id: t.varchar(), amount: t.integer(), note: t.varchar({ nullable: true }) };

  test("is found with its record and raw text, after refused rows and values of several lines", async () => {
    const found = await read('id,amount,note\na,1,\n\n"two\nlines",x,\nshort\n,2,"n\nn"\nb,,\nc,3,4,5\n"",,last\nd,4,\n', columns);
    expect(found.refusals.map((refusal) => refusal.row_number)).toEqual([4, 5, 6, 7, 8, 9]);
    expect(found.refusals.filter((refusal) => refusal.reason === "not_null")).toEqual([
      { row_number: 6, column: "id", reason: "not_null", message: "id: no value, but the contract says not null", raw: ',2,"n\nn"' },
      { row_number: 7, column: "amount", reason: "not_null", message: "amount: no value, but the contract says not null", raw: "b,," },
      {
        row_number: 9,
        column: "id",
        reason: "not_null",
        raw: '"",,last',
        message: "id: no value, but the contract says not null; amount: no value, but the contract says not null",
      },
    ]);
    expect(found.read.records).toBe(found.rows.length + found.refusals.length);
  });

  test("is found in a large gzip file with columns in another order", async () => {
    const lines = ["note,id,amount"];
    for (let index = 0; index < 200_000; index++) lines.push(index % 50_000 === 7 ? `"n\n${index}",,${index}` : `"n\n",k${index},${index}`);
    const found = await read(gzipSync(lines.join("\r\n"), { level: 1 }), columns, {}, "large.csv.gz");
    expect(found.refusals.map(({ row_number, raw }) => [row_number, raw])).toEqual(
      [7, 50_007, 100_007, 150_007].map((index) => [index + 2, `"n\n${index}",,${index}`]),
    );
  });

  test("is a blank line in a file of one column", async () => {
    const found = await read("name\na\n\nb\n", { name: t.varchar() });
    expect(found.refusals).toMatchObject([{ row_number: 3, column: "name", raw: "" }]);
  });
});
