import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCsv, csvMoney, csvText, csvTimestamp, storageError } from "../../src/generators/csv-writer.ts";

const people = { file: "people.csv", columns: ["id", "name"], byteOrderMark: false } as const;

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "assay-csv-writer-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("createCsv", () => {
  it("gives the file its name only when it is whole", async () => {
    const writer = await createCsv(folder, people);
    writer.write("1,ann");
    await writer.flush();
    writer.write("2,josé");
    await writer.close();
    expect(await readdir(folder)).toEqual(["people.csv.partial"]);
    expect(await writer.publish()).toEqual({ file: "people.csv", rows: 2, bytes: 26 });
    expect(await readdir(folder)).toEqual(["people.csv"]);
    expect(await readFile(join(folder, "people.csv"), "utf8")).toBe('"id","name"\n1,ann\n2,josé\n');
  });

  it("starts with a byte order mark when asked to", async () => {
    const writer = await createCsv(folder, { ...people, byteOrderMark: true });
    await writer.close();
    expect(await writer.publish()).toEqual({ file: "people.csv", rows: 0, bytes: 15 });
    expect((await readFile(join(folder, "people.csv"))).subarray(0, 4)).toEqual(Buffer.from([0xef, 0xbb, 0xbf, 0x22]));
  });

  it("leaves nothing behind and the older file alone when discarded", async () => {
    await writeFile(join(folder, "people.csv"), "older");
    const writer = await createCsv(folder, people);
    writer.write("1,ann");
    await writer.flush();
    await writer.discard();
    expect(await readdir(folder)).toEqual(["people.csv"]);
    expect(await readFile(join(folder, "people.csv"), "utf8")).toBe("older");
  });

  it("names the file when a folder is in its way", async () => {
    await mkdir(join(folder, "people.csv"));
    const writer = await createCsv(folder, people);
    await writer.close();
    await expect(writer.publish()).rejects.toMatchObject({
      code: "STORAGE_UNWRITABLE",
      message: `${join(folder, "people.csv")} cannot be written: a folder of that name is in the way.`,
    });
    await writer.discard();
    expect(await readdir(folder)).toEqual(["people.csv"]);
  });
});

describe("fields", () => {
  it.each([
    [null, ""],
    ["", ""],
    ["plain text ", "plain text "],
    ["09790", '"09790"'],
    ["a, b", '"a, b"'],
    ['say "hi"', '"say ""hi"""'],
    ["two\nlines", '"two\nlines"'],
    ["two\r\nlines", '"two\r\nlines"'],
  ])("%j is written as %j", (value, field) => expect(csvText(value)).toBe(field));

  it("writes money and times", () => {
    expect([0, 5, 110, 123_456].map(csvMoney)).toEqual(["0.00", "0.05", "1.10", "1234.56"]);
    expect(csvTimestamp(null)).toBe("");
    expect(csvTimestamp(Date.UTC(2017, 9, 2, 10, 56, 33) / 1000)).toBe("2017-10-02 10:56:33");
  });
});

describe("storageError", () => {
  const failure = (code: string): Error => Object.assign(new Error(`${code}: no`), { code });

  it.each(["ENOSPC", "EDQUOT"])("says for %s that the disk is full", (code) => {
    expect(storageError(failure(code), "out/a.csv").report()).toMatchObject({
      code: "DISK_FULL",
      message: "out/a.csv cannot be written: the disk is full.",
    });
  });

  it.each([
    ["EACCES", "out/a.csv cannot be written: permission denied."],
    ["EROFS", "out/a.csv cannot be written: the file system is read-only."],
    ["EIO", "out/a.csv cannot be written: EIO: no."],
  ])("says what %s means", (code, message) => {
    expect(storageError(failure(code), "out/a.csv").report()).toMatchObject({ code: "STORAGE_UNWRITABLE", message });
  });
});
