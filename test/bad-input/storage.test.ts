import { readdirSync, readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { TestProject } from "../support/project.ts";
import { needMounts, needReadOnlyFolders, readOnly, smallDisk } from "./mounts.ts";
import { asPublished, failedRun, goodRun, makeShop, ordersCsv, publishedShop, refusal, standing } from "./shop.ts";

let project: TestProject | undefined;
afterEach(() => project?.remove());

/** The project, removed after the test. */
async function kept(made: Promise<TestProject>): Promise<TestProject> {
  project = await made;
  return project;
}

const changedOrders = { "data/orders.csv": ordersCsv.replace("ann,10", "ann,11") };
const asChanged = [{ bronze: "61", silver: "61", gold: "61" }];
const databaseApart = {
  "assay.config.ts": `import { defineProject, duckdb } from "assay";
export default defineProject({ name: "shop", environments: { dev: { engine: duckdb("db/warehouse.duckdb") } } });
`,
};
const files = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );

describe("no write permission for", () => {
  test("the lake: the step fails, what stands stays, and the next run goes on", async (context) => {
    needReadOnlyFolders(context);
    const shop = await kept(publishedShop());
    await shop.write(changedOrders);
    const lake = join(shop.folder, "lake");
    await readOnly(join(lake, "bronze", "orders"), async () => {
      const { error } = await failedRun(shop);
      expect(error).toMatchObject({ code: "STORAGE_UNWRITABLE", location: { file: "sources/orders.ts", line: 3 } });
    });
    await readOnly(lake, async () => {
      const { error } = await failedRun(shop);
      expect(error.code).toBe("STORAGE_UNWRITABLE");
      expect(error.message).toContain(`the lake folder ${lake} cannot be written`);
      expect(error.message).toMatch(/read-only file system|permission denied/i);
      expect(error.hint).toMatch(/write permission on it, or choose another lake in assay\.config\.ts/);
      expect(await standing(shop)).toEqual(asPublished);
    });
    await goodRun(shop);
    expect(await standing(shop)).toEqual(asChanged);
  });

  test("the database's folder: it can still be read", async (context) => {
    needMounts(context);
    const shop = await kept(publishedShop(databaseApart));
    await shop.write(changedOrders);
    const folder = join(shop.folder, "db");
    await readOnly(folder, async () => {
      const { exit, error } = await refusal(shop, ["run"]);
      expect(exit).toBe(1);
      expect(error.code).toBe("STORAGE_UNWRITABLE");
      expect(error.message).toContain(join(folder, "warehouse.duckdb"));
      expect(error.hint).toMatch(/write permission on it, or choose another path in assay\.config\.ts/);
      expect(await standing(shop)).toEqual(asPublished);
    });
    await goodRun(shop);
    expect(await standing(shop)).toEqual(asChanged);
  });

  test(".assay", async (context) => {
    needReadOnlyFolders(context);
    const shop = await kept(publishedShop());
    await shop.write(changedOrders);
    const folder = join(shop.folder, ".assay");
    await readOnly(folder, async () => {
      const { exit, error } = await refusal(shop, ["run"]);
      expect(exit).toBe(1);
      expect(error).toMatchObject({ code: "STORAGE_UNWRITABLE", hint: "give this user write permission on the project's folder" });
      expect(error.message).toContain(folder);
    });
    expect(await standing(shop)).toEqual(asPublished);
    await goodRun(shop);
  });

  test("the whole project: it can be checked and planned, not run", async (context) => {
    needReadOnlyFolders(context);
    const shop = await kept(makeShop());
    await readOnly(shop.folder, async () => {
      expect((await shop.assay(["check"])).code).toBe(0);
      expect((await shop.assay(["plan"])).code).toBe(0);
      expect(await refusal(shop, ["run"])).toMatchObject({ exit: 1, error: { code: "STORAGE_UNWRITABLE" } });
    });
  });
});

describe("a full disk", () => {
  /** 60,000 orders, 1,799,970,000 in all: about 1 MB of Parquet. */
  const manyOrders = [
    "order_id,customer,amount,ordered_on,note",
    ...Array.from({ length: 60_000 }, (_, index) => {
      const day = String(1 + (index % 28)).padStart(2, "0");
      return `o${index},c${(index * 7919) % 100_003},${index},2026-01-${day},${Math.sin(index)}`;
    }),
    "",
  ].join("\n");
  const asGrown = [{ bronze: "1799970000", silver: "1799970000", gold: "1799970000" }];

  test("of the lake: nothing of the batch is left, and with space the next run succeeds", async (context) => {
    needMounts(context);
    const shop = await kept(makeShop());
    const lake = join(shop.folder, "lake");
    await smallDisk(lake, "512k", async (disk) => {
      await goodRun(shop);
      const before = files(lake);
      await shop.write({ "data/orders.csv": manyOrders });
      const { error } = await failedRun(shop);
      expect(error).toMatchObject({ code: "DISK_FULL", hint: "free some space and run again; what was published before stands" });
      expect(error.message).toContain(lake);
      expect(error.message).toMatch(/no space left on device/i);
      expect(files(lake)).toEqual(before);
      expect(await standing(shop)).toEqual(asPublished);
      disk.grow("200m");
      await goodRun(shop);
      expect(await standing(shop)).toEqual(asGrown);
    });
  });

  test("of the database: the old tables stand, and with space the next run succeeds", async (context) => {
    needMounts(context);
    const shop = await kept(makeShop(databaseApart));
    const folder = join(shop.folder, "db");
    await smallDisk(folder, "1600k", async (disk) => {
      await goodRun(shop);
      await shop.write({ "data/orders.csv": manyOrders });
      const { code, stdout, stderr } = await shop.assay(["run"]);
      expect(code).toBe(1);
      expect(stdout + stderr).toMatch(/DISK_FULL {2}.*no space left on device/i);
      expect(stdout + stderr).toContain("hint: free some space and run again; what was published before stands");
      expect(stdout + stderr).not.toMatch(/INTERNAL|node:internal/);
      expect(await standing(shop)).toEqual(asPublished);
      disk.grow("200m");
      await goodRun(shop);
      expect(await standing(shop)).toEqual(asGrown);
      const left = await shop.query("select table_name from information_schema.tables where table_name like '%candidate%'");
      expect(left).toEqual([]);
    });
  });
});

describe("a database file that", () => {
  const damaged = async (change: (bytes: Buffer) => Buffer): Promise<void> => {
    const shop = await kept(publishedShop());
    const path = join(shop.folder, "warehouse.duckdb");
    await writeFile(path, change(readFileSync(path)));
    const size = statSync(path).size;
    for (const args of [["run"], ["query", "select 1"]]) {
      const { exit, error } = await refusal(shop, args);
      expect(exit).toBe(1);
      expect(error.code).toBe("DATABASE_DAMAGED");
      expect(error.message).toContain(`cannot open the database ${path}: `);
      expect(error.hint).toMatch(/^restore the file from a copy; or move it .* away and run again/);
    }
    expect(statSync(path).size).toBe(size);
  };

  test("is something else", () => damaged(() => Buffer.from("id,name\n1,ann\n".repeat(1000))));
  test("is empty", () => damaged(() => Buffer.alloc(0)));
  test("was cut off", () => damaged((bytes) => bytes.subarray(0, 20_000)));
  test("was overwritten in part", () => damaged((bytes) => Buffer.from(bytes).fill(0x41, 4196, 8192)));
});
