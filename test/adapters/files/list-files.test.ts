import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unreadable } from "../../../src/adapters/files/file-bytes.ts";
import { listFiles } from "../../../src/adapters/files/list-files.ts";
import { csv } from "../../../src/define/source.ts";
import type { KnownFile, SourceFile } from "../../../src/ports/source.ts";
import { failure } from "./file-reader.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "assay-list-"));
  for (const name of ["a.csv", "b.csv", "c.txt", ".hidden.csv", "2017/01/a.csv", "2017/02/a.csv", "2017/a.csv"]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), `id\n${name}\n`);
  }
  symlinkSync(join(folder, "2017"), join(folder, "latest"));
  symlinkSync(join(folder, "a.csv"), join(folder, "linked.csv"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const names = async (pattern: string): Promise<readonly string[]> =>
  (await listFiles(csv(pattern), folder, new Map(), Date.now)).map((file) => file.name);

describe("a pattern", () => {
  test.each([
    ["a.csv", ["a.csv"]],
    ["2017/01/a.csv", ["a.csv"]],
    ["*.csv", ["a.csv", "b.csv", "linked.csv"]],
    ["?.csv", ["a.csv", "b.csv"]],
    [".*.csv", [".hidden.csv"]],
    ["2017/*/a.csv", ["01/a.csv", "02/a.csv"]],
    ["**/a.csv", ["2017/01/a.csv", "2017/02/a.csv", "2017/a.csv", "a.csv"]],
    ["2017/**", ["01/a.csv", "02/a.csv", "a.csv"]],
    ["latest/*.csv", ["a.csv"]],
  ])("%s finds files in name order, named below its folder", async (pattern, expected) => {
    expect(await names(pattern)).toEqual(expected);
  });

  test("that matches nothing names itself and what there is", async () => {
    expect(await failure(names("*.tsv"))).toEqual({
      code: "SOURCE_MISSING",
      message: `no file matches ${join(folder, "*.tsv")}`,
      hint: expect.stringMatching(/did you mean|the folder .* holds/),
    });
  });
});

describe("a file that cannot be read", () => {
  test("is missing: the nearest name is a hint", async () => {
    writeFileSync(join(folder, "olist_orders_dataset.csv"), "id\n");
    const found = await failure(names("olist_order_dataset.csv"));
    rmSync(join(folder, "olist_orders_dataset.csv"));
    expect(found).toEqual({
      code: "SOURCE_MISSING",
      message: `${join(folder, "olist_order_dataset.csv")} does not exist`,
      hint: "did you mean olist_orders_dataset.csv? It is in the same folder",
    });
  });

  test("is in a missing folder", async () => {
    expect((await failure(names("none/a.csv"))).hint).toBe(`the folder ${join(folder, "none")} does not exist`);
    expect((await failure(names("none/*.csv"))).hint).toBe(`the folder ${join(folder, "none")} does not exist`);
  });

  test("is a folder", async () => {
    expect(await failure(names("2017"))).toMatchObject({
      code: "SOURCE_UNREADABLE",
      hint: `read its files with a pattern: ${join(folder, "2017")}/*`,
    });
  });

  test("may not be read", () => {
    expect(unreadable("/data/b.csv", Object.assign(new Error("EACCES"), { code: "EACCES" }))).toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: "/data/b.csv cannot be read: permission denied",
      hint: "give the user that runs Assay permission to read it",
    });
  });
});

describe("a listed file", () => {
  const path = (): string => join(folder, "b.csv");
  const list = async (known: readonly KnownFile[] = []): Promise<SourceFile> => {
    const [file] = await listFiles(csv("b.csv"), folder, new Map(known.map((each) => [each.name, each])), () => 1_700_000_000_000);
    if (file === undefined) throw new Error("no file");
    return file;
  };
  const later = (): number => Date.now() + 10_000;

  test("has its size and hash", async () => {
    const content = readFileSync(path());
    expect(await list()).toEqual({
      path: path(),
      name: "b.csv",
      bytes: content.length,
      stamp: expect.stringContaining(String(statSync(path()).ino)),
      stampedAt: 1_700_000_000_000,
      sha256: createHash("sha256").update(content).digest("hex"),
    });
  });

  test("is not read again when its stamp is the same", async () => {
    const { stamp } = await list();
    const file = await list([{ name: "b.csv", stamp, sha256: "remembered", stampedAt: later() }]);
    expect(file.sha256).toBe("remembered");
  });

  test("is read again when it was touched, and has the same hash", async () => {
    const before = await list();
    utimesSync(path(), new Date(), new Date(Date.now() + 1000));
    const after = await list([{ name: "b.csv", stamp: before.stamp, sha256: "remembered", stampedAt: later() }]);
    expect(after.stamp).not.toBe(before.stamp);
    expect(after.sha256).toBe(before.sha256);
  });

  test("is read again when it was written just before its stamp was taken", async () => {
    const before = await list();
    const written = Math.max(statSync(path()).mtimeMs, statSync(path()).ctimeMs);
    const racy = await list([{ name: "b.csv", stamp: before.stamp, sha256: "remembered", stampedAt: written + 1500 }]);
    expect(racy.sha256).toBe(before.sha256);
  });
});
