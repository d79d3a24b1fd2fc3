import { AssayError } from "../errors.ts";
import { type CsvWriter, createCsv, createFolder, type GeneratedFile } from "./csv-writer.ts";
import { createCatalog } from "./olist-catalog.ts";
import { olistFiles } from "./olist-files.ts";
import { type OlistWriters, writeOrder, writeProduct, writeSeller } from "./olist-rows.ts";
import { orderSequence } from "./olist-sequence.ts";

export type { GeneratedFile } from "./csv-writer.ts";

export interface OlistOptions {
  /** Number of orders, 1 to 1,000,000,000; the real data have 99,441. */
  readonly orders: number;
  /** Safe integer, not negative. */
  readonly seed: number;
  /** Folder for the files, made when missing; one generator a folder at a time. */
  readonly out: string;
}

export const olistDefaults = { orders: 20_000, seed: 42 } as const;

const mostOrders = 1_000_000_000;
const productsPerOrder = 0.3314;
const sellersPerOrder = 0.0311;
/** Rows held in memory before they are written out, in orders or products. */
const batch = 250;

/**
 * Writes look-alikes of the seven Olist CSV files: same names, headers, quoting and kinds of trouble in similar shares. Equal options give equal
 * bytes on any machine. A file gets its name only when all are whole; files of the same names are replaced. `report` is told each file as it is
 * done. Throws USAGE, STORAGE_UNWRITABLE, DISK_FULL.
 */
export async function generateOlist(
  options: OlistOptions,
  report: (file: GeneratedFile) => void = () => undefined,
): Promise<readonly GeneratedFile[]> {
  checkOptions(options);
  await createFolder(options.out);
  const opened: CsvWriter[] = [];
  const create = async (file: keyof typeof olistFiles): Promise<CsvWriter> => {
    const writer = await createCsv(options.out, olistFiles[file]);
    opened.push(writer);
    return writer;
  };
  try {
    const writers = {
      orders: await create("orders"),
      customers: await create("customers"),
      items: await create("items"),
      payments: await create("payments"),
      reviews: await create("reviews"),
      products: await create("products"),
      sellers: await create("sellers"),
    };
    await writeAll(options, writers);
    for (const writer of opened) await writer.close();
    const files: GeneratedFile[] = [];
    for (const writer of opened) {
      const file = await writer.publish();
      files.push(file);
      report(file);
    }
    return files;
  } catch (error) {
    for (const writer of opened) await writer.discard();
    throw error;
  }
}

function checkOptions({ orders, seed, out }: OlistOptions): void {
  if (out === "") throw new AssayError("USAGE", "The folder for the files has no name.", { hint: "For example --out data." });
  if (!Number.isInteger(orders) || orders < 1 || orders > mostOrders) {
    throw new AssayError("USAGE", `The number of orders is ${orders}, but must be a whole number from 1 to ${mostOrders}.`, {
      hint: `For example --orders ${olistDefaults.orders}.`,
    });
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new AssayError("USAGE", `The seed is ${seed}, but must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}.`, {
      hint: `For example --seed ${olistDefaults.seed}.`,
    });
  }
}

async function writeAll(options: OlistOptions, writers: OlistWriters): Promise<void> {
  const { orders, seed } = options;
  const catalog = createCatalog(
    seed,
    Math.max(10, Math.round(orders * productsPerOrder)),
    Math.max(5, Math.round(orders * sellersPerOrder)),
  );
  const flush = async (): Promise<void> => {
    for (const writer of Object.values(writers)) await writer.flush();
  };
  const nextOrder = orderSequence(orders, seed, catalog);
  for (let index = 0; index < orders; index++) {
    writeOrder(nextOrder(index), writers);
    if (index % batch === 0) await flush();
  }
  for (let index = 0; index < catalog.products; index++) {
    writeProduct(catalog.product(index), writers);
    if (index % batch === 0) await flush();
  }
  for (let index = 0; index < catalog.sellers; index++) {
    writeSeller(catalog.seller(index), writers);
    if (index % batch === 0) await flush();
  }
}
