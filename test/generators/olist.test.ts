import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type GeneratedFile, generateOlist, olistDefaults } from "../../src/generators/olist.ts";
import { olistFiles } from "../../src/generators/olist-files.ts";
import { type OlistReader, readOlist } from "./read-csv.ts";

const headers: Readonly<Record<string, string>> = {
  "olist_orders_dataset.csv":
    '"order_id","customer_id","order_status","order_purchase_timestamp","order_approved_at","order_delivered_carrier_date",' +
    '"order_delivered_customer_date","order_estimated_delivery_date"',
  "olist_customers_dataset.csv": '"customer_id","customer_unique_id","customer_zip_code_prefix","customer_city","customer_state"',
  "olist_order_items_dataset.csv": '"order_id","order_item_id","product_id","seller_id","shipping_limit_date","price","freight_value"',
  "olist_order_payments_dataset.csv": '"order_id","payment_sequential","payment_type","payment_installments","payment_value"',
  "olist_order_reviews_dataset.csv":
    '"review_id","order_id","review_score","review_comment_title","review_comment_message","review_creation_date","review_answer_timestamp"',
  "olist_products_dataset.csv":
    '\uFEFF"product_id","product_category_name","product_name_lenght","product_description_lenght","product_photos_qty",' +
    '"product_weight_g","product_length_cm","product_height_cm","product_width_cm"',
  "olist_sellers_dataset.csv": '"seller_id","seller_zip_code_prefix","seller_city","seller_state"',
};
const names = Object.keys(headers);

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "assay-olist-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function hashOf(out: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of names) hash.update(await readFile(join(out, name)));
  return hash.digest("hex");
}

describe("generateOlist", () => {
  it("writes and reports the seven files with the real names and headers", async () => {
    const reported: GeneratedFile[] = [];
    const files = await generateOlist({ orders: 500, seed: 1, out: folder }, (file) => reported.push(file));
    expect(reported).toEqual(files);
    expect(files.map(({ file }) => file)).toEqual(names);
    expect((await readdir(folder)).sort()).toEqual([...names].sort());
    for (const { file, bytes } of files) {
      const content = await readFile(join(folder, file));
      expect(content.length).toBe(bytes);
      expect(content.toString("utf8").split("\n", 1)[0]).toBe(headers[file]);
    }
  });

  it("gives the same bytes for the same options on every machine, others for another seed", async () => {
    const generated = async (name: string, seed: number): Promise<string> => {
      await generateOlist({ orders: 2000, seed, out: join(folder, name) });
      return hashOf(join(folder, name));
    };
    const first = await generated("a", 42);
    expect(first).toMatchInlineSnapshot(`"3027dacaf76fa59b50d90d2bd5d3ed6479c3e599b814a81d213ef04e4ce03c1a"`);
    expect(await generated("b", 42)).toBe(first);
    expect(await generated("c", 43)).not.toBe(first);
    expect(await generated("d", 42 + 2 ** 40)).not.toBe(first);
  });

  it("quotes as the real files do: identifiers and zip prefixes that start with a digit, no other plain field", async () => {
    await generateOlist({ orders: 300, seed: 3, out: folder });
    const lines = (await readFile(join(folder, "olist_customers_dataset.csv"), "utf8")).trimEnd().split("\n").slice(1);
    const id = '(?:[a-f][0-9a-f]{31}|"[0-9][0-9a-f]{31}")';
    const record = new RegExp(`^${id},${id},"[0-9]{5}",[a-z' -]+,[A-Z]{2}$`);
    expect(lines.filter((line) => !record.test(line))).toEqual([]);
  });

  it.each([1, 2, 3, 10])("writes whole files for %i order(s)", async (orders) => {
    const files = await generateOlist({ orders, seed: 5, out: folder });
    const rows = Object.fromEntries(files.map(({ file, rows }) => [file, rows]));
    expect(rows).toMatchObject({ "olist_orders_dataset.csv": orders, "olist_customers_dataset.csv": orders });
    expect(rows).toMatchObject({ "olist_products_dataset.csv": 10, "olist_sellers_dataset.csv": 5 });
    const olist = await readOlist(folder);
    for (const [name, { file }] of Object.entries(olistFiles)) expect(await olist.count(`select count(*) from ${name}`)).toBe(rows[file]);
    olist.close();
  });

  it("replaces files of the same names", async () => {
    await generateOlist({ orders: 50, seed: 1, out: folder });
    await generateOlist({ orders: 20, seed: 1, out: folder });
    const olist = await readOlist(folder);
    expect(await olist.count("select count(*) from orders")).toBe(20);
    olist.close();
  });
});

describe.each([{ orders: 2000, seed: 42 }, { orders: 2000, seed: 7 }, olistDefaults])(
  "the data of $orders orders, seed $seed",
  ({ orders, seed }) => {
    let out = "";
    let olist: OlistReader;
    const count = (query: string): Promise<number> => olist.count(query);
    const share = async (query: string): Promise<number> => (await count(query)) / orders;
    beforeAll(async () => {
      out = await mkdtemp(join(tmpdir(), "assay-olist-"));
      await generateOlist({ orders, seed, out });
      olist = await readOlist(out);
    });
    afterAll(async () => {
      olist.close();
      await rm(out, { recursive: true, force: true });
    });

    it.each([
      ["customers", 1, 1],
      ["items", 1.05, 1.22],
      ["payments", 1.02, 1.08],
      ["reviews", 0.98, 1.02],
      ["products", 0.33, 0.34],
      ["sellers", 0.03, 0.04],
    ])("has a plausible number of %s an order", async (table, least, most) => {
      const rows = await share(`select count(*) from ${table}`);
      expect(rows).toBeGreaterThanOrEqual(least);
      expect(rows).toBeLessThanOrEqual(most);
    });

    it.each([
      ["orders", "order_id"],
      ["customers", "customer_id"],
      ["items", "order_id, order_item_id"],
      ["payments", "order_id, payment_sequential"],
      ["reviews", "review_id, order_id"],
      ["products", "product_id"],
      ["sellers", "seller_id"],
    ])("has one row of %s a key", async (table, key) => {
      expect(await count(`select count(*) - count(distinct (${key})) from ${table}`)).toBe(0);
    });

    it.each([
      ["orders", "customers", "customer_id"],
      ["customers", "orders", "customer_id"],
      ["items", "orders", "order_id"],
      ["items", "products", "product_id"],
      ["items", "sellers", "seller_id"],
      ["payments", "orders", "order_id"],
      ["reviews", "orders", "order_id"],
    ])("refers from %s only to rows of %s", async (table, parent, key) => {
      expect(await count(`select count(*) from ${table} anti join ${parent} using (${key})`)).toBe(0);
    });

    it("leaves empty only what the real files leave empty", async () => {
      const mayBeEmpty = [
        ...["order_approved_at", "order_delivered_carrier_date", "order_delivered_customer_date", "review_comment_title"],
        ...["review_comment_message", ...olistFiles.products.columns.slice(1)],
      ];
      for (const [table, { columns }] of Object.entries(olistFiles)) {
        for (const column of columns.filter((name) => !mayBeEmpty.includes(name))) {
          expect([column, await count(`select count(*) from ${table} where ${column} is null`)]).toEqual([column, 0]);
        }
      }
    });

    it.each([
      [
        "orders",
        "order_purchase_timestamp::timestamp between '2016-09-04' and '2018-10-18' and order_estimated_delivery_date like '% 00:00:00'",
      ],
      [
        "customers",
        "regexp_matches(customer_zip_code_prefix, '^[0-9]{5}$') and regexp_matches(customer_id || customer_unique_id, '^[0-9a-f]{64}$')",
      ],
      ["items", "price::decimal(10, 2) > 0 and freight_value::decimal(10, 2) >= 0 and shipping_limit_date::timestamp is not null"],
      ["payments", "payment_installments::int between 0 and 24 and payment_value::decimal(10, 2) >= 0"],
      ["reviews", "review_score::int between 1 and 5 and review_answer_timestamp::timestamp > review_creation_date::timestamp"],
      ["products", "product_photos_qty is null or product_photos_qty::int between 1 and 20"],
      ["sellers", "regexp_matches(seller_zip_code_prefix, '^[0-9]{5}$')"],
    ])("has values in %s that can be", async (table, rule) => {
      expect(await count(`select count(*) from ${table} where not (${rule})`)).toBe(0);
    });

    it("has the mix of statuses, growing over time", async () => {
      expect(await share("select count(*) from orders where order_status = 'delivered'")).toBeCloseTo(0.97, 1);
      expect(await count("select count(distinct order_status) from orders")).toBeGreaterThanOrEqual(6);
      const ofYears = await olist.rows(
        "select count(*) from orders group by order_purchase_timestamp[:4] order by order_purchase_timestamp[:4]",
      );
      const [of2016 = 0, of2017 = 0, of2018 = 0] = ofYears.map(([total]) => Number(total));
      expect(of2016).toBeGreaterThan(0);
      expect(of2016).toBeLessThan(of2017 / 20);
      expect(of2017).toBeLessThan(of2018);
    });

    it("has delivery times as far as the status goes", async () => {
      const early = "('created', 'approved', 'invoiced', 'processing', 'unavailable')";
      expect(await count(`select count(*) from orders where order_status in ${early} and order_delivered_carrier_date is not null`)).toBe(
        0,
      );
      expect(await count("select count(*) from orders where order_status = 'shipped' and order_delivered_customer_date is not null")).toBe(
        0,
      );
      expect(await share("select count(*) from orders where order_delivered_customer_date is null")).toBeGreaterThan(0.015);
      expect(await share("select count(*) from orders where order_delivered_customer_date > order_estimated_delivery_date")).toBeCloseTo(
        0.077,
        1,
      );
    });

    const trouble: readonly (readonly [string, string, number, number])[] = [
      ["several payments of an order", "from (select 1 from payments group by order_id having count(*) > 1)", 0.02, 0.04],
      [
        "payments by several vouchers",
        "from (select 1 from payments where payment_type = 'voucher' group by order_id having count(*) > 1)",
        0.002,
        0.02,
      ],
      ["several items of an order", "from (select 1 from items group by order_id having count(*) > 1)", 0.07, 0.13],
      ["the same product twice in an order", "from (select 1 from items group by order_id, product_id having count(*) > 1)", 0.05, 0.1],
      ["orders without items", "from orders anti join items using (order_id)", 0.003, 0.015],
      ["orders without a review", "from orders anti join reviews using (order_id)", 0.003, 0.014],
      ["orders with several reviews", "from (select 1 from reviews group by order_id having count(*) > 1)", 0.001, 0.012],
      ["reviews of several orders", "from (select 1 from reviews group by review_id having count(*) > 1)", 0.002, 0.016],
      ["returning customers", "from (select 1 from customers group by customer_unique_id having count(*) > 1)", 0.02, 0.045],
      [
        "items of products without a category",
        "from items join products using (product_id) where product_category_name is null",
        0.003,
        0.06,
      ],
      ["comments with commas", "from reviews where review_comment_message like '%,%'", 0.05, 0.2],
      ["comments with quotes", `from reviews where review_comment_message like '%"%'`, 0.0001, 0.006],
      ["comments with line breaks", "from reviews where review_comment_message like '%' || chr(10) || '%'", 0.02, 0.08],
      ["comments with accents", "from reviews where regexp_matches(review_comment_message, '[áéíóúãõçàâêô]')", 0.1, 0.5],
      ["comments with a blank at the end", "from reviews where review_comment_message like '% '", 0.03, 0.15],
      ["titles that are numbers", "from reviews where regexp_matches(review_comment_title, '^[0-9]')", 0.0005, 0.01],
      ["carriers faster than the approval", "from orders where order_delivered_carrier_date < order_approved_at", 0.003, 0.03],
      ["zip prefixes with a leading zero", "from customers where customer_zip_code_prefix like '0%'", 0.15, 0.3],
      ["free freight", "from items where freight_value = '0.00'", 0.0005, 0.01],
    ];
    it.each(trouble)("has %s in a share like the real one", async (_, query, least, most) => {
      const found = await share(`select count(*) ${query}`);
      expect(found).toBeGreaterThanOrEqual(least);
      expect(found).toBeLessThanOrEqual(most);
    });

    it("has products without category, name and description, some 1.9 %", async () => {
      const products = await count("select count(*) from products");
      const bare =
        "product_category_name is null and product_name_lenght is null and product_description_lenght is null and product_photos_qty is null";
      const nameless = await count(`select count(*) from products where ${bare}`);
      expect(nameless).toBe(await count("select count(*) from products where product_category_name is null"));
      expect(nameless / products).toBeGreaterThan(0.005);
      expect(nameless / products).toBeLessThan(0.035);
    });

    it("has exactly one order without a payment", async () => {
      expect(await olist.rows("select order_status from orders anti join payments using (order_id)")).toEqual([["delivered"]]);
    });

    it("pays what the items cost, but for about 6 of 1,000 orders", async () => {
      const paid = "select order_id, sum(payment_value::decimal(10, 2)) as paid from payments group by order_id";
      const due = "select order_id, sum(price::decimal(10, 2) + freight_value::decimal(10, 2)) as due from items group by order_id";
      const off = await share(`select count(*) from (${paid}) join (${due}) using (order_id) where paid <> due`);
      expect(off).toBeGreaterThan(0.0005);
      expect(off).toBeLessThan(0.015);
    });

    it("keeps the price of a product within an order", async () => {
      const several = "select 1 from items group by order_id, product_id having count(distinct (price, freight_value, seller_id)) > 1";
      expect(await count(`select count(*) from (${several})`)).toBe(0);
    });

    it("shows one review the same in each of its orders", async () => {
      const versions = "count(distinct (review_score, review_comment_title, review_comment_message, review_creation_date))";
      expect(await count(`select count(*) from (select 1 from reviews group by review_id having ${versions} > 1)`)).toBe(0);
    });
  },
);

describe("the data of many orders", () => {
  it("has all states, nearly all categories and products, untidy cities and every kind of installments", async () => {
    await generateOlist({ ...olistDefaults, out: folder });
    const olist = await readOlist(folder);
    expect(await olist.count("select count(distinct customer_state) from customers")).toBe(27);
    expect(await olist.count("select count(*) filter (customer_state = 'SP') / count(*) from customers")).toBeCloseTo(0.42, 1);
    expect(await olist.count("select count(distinct product_category_name) from products")).toBeGreaterThanOrEqual(65);
    expect(await olist.count("select count(distinct product_id) / (select count(*) from products) from items")).toBeGreaterThan(0.98);
    expect(await olist.count("select count(*) from sellers where regexp_matches(seller_city, '[^a-z ''-]')")).toBeGreaterThan(0);
    expect(await olist.count("select min(payment_installments::int) from payments")).toBe(0);
    expect(await olist.count("select max(payment_installments::int) from payments")).toBe(24);
    olist.close();
  });
});

describe("errors", () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e12])("refuses %d orders", async (orders) => {
    await expect(generateOlist({ orders, seed: 1, out: folder })).rejects.toMatchObject({
      code: "USAGE",
      message: `The number of orders is ${orders}, but must be a whole number from 1 to 1000000000.`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])("refuses the seed %d", async (seed) => {
    await expect(generateOlist({ orders: 1, seed, out: folder })).rejects.toMatchObject({ code: "USAGE" });
  });

  it("refuses a folder without a name", async () => {
    await expect(generateOlist({ orders: 1, seed: 1, out: "" })).rejects.toMatchObject({ code: "USAGE" });
  });

  it.each([
    ["file", "a file of that name is in the way"],
    ["file/below", "a part of the path is a file, not a folder"],
  ])("names the folder that cannot be made: %s", async (path, reason) => {
    await writeFile(join(folder, "file"), "");
    const out = join(folder, path);
    await expect(generateOlist({ orders: 1, seed: 1, out })).rejects.toMatchObject({
      code: "STORAGE_UNWRITABLE",
      message: `${out} cannot be written: ${reason}.`,
    });
  });

  it("leaves no half file when one name is taken by a folder", async () => {
    await mkdir(join(folder, "olist_order_items_dataset.csv.partial"));
    await expect(generateOlist({ orders: 10, seed: 1, out: folder })).rejects.toMatchObject({ code: "STORAGE_UNWRITABLE" });
    expect(await readdir(folder)).toEqual(["olist_order_items_dataset.csv.partial"]);
  });

  it("says that the disk is full, and frees it", async ({ skip }) => {
    const mounted = spawnSync("sh", ["-c", 'mount -t tmpfs -o size=512k none "$0"', folder], { encoding: "utf8" });
    if (mounted.status !== 0) skip(`no small file system can be mounted here: ${mounted.stderr || mounted.error?.message}`);
    try {
      await expect(generateOlist({ orders: 5000, seed: 1, out: folder })).rejects.toMatchObject({
        code: "DISK_FULL",
        message: expect.stringMatching(/_dataset\.csv cannot be written: the disk is full\.$/),
      });
      expect(await readdir(folder)).toEqual([]);
    } finally {
      spawnSync("sh", ["-c", 'umount "$0"', folder]);
    }
  });

  it("leaves no file under its final name when killed", async () => {
    const module = new URL("../../src/generators/olist.ts", import.meta.url).href;
    const script = `import { generateOlist } from ${JSON.stringify(module)};
      await generateOlist({ orders: 500_000, seed: 1, out: process.argv[1] });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, folder], { stdio: "ignore" });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    while (!existsSync(join(folder, "olist_sellers_dataset.csv.partial")) && child.exitCode === null) await wait(20);
    await wait(100);
    child.kill("SIGKILL");
    await exited;
    const left = await readdir(folder);
    expect(left).toHaveLength(7);
    expect(left.filter((name) => !name.endsWith(".partial"))).toEqual([]);
    await generateOlist({ orders: 10, seed: 1, out: folder });
    expect((await readdir(folder)).sort()).toEqual([...names].sort());
  });
});
