import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { to } from "pg-copy-streams";
import { didYouMean, nearestName } from "../../define/nearest-name.ts";
import { splitTable } from "../../define/split-table.ts";
import type { ContractColumn } from "../../define/types.ts";
import { AssayError } from "../../errors.ts";
import type { Target } from "./connection.ts";
import { tableSessionSql } from "./session-sql.ts";
import { tableFault } from "./table-errors.ts";
import {
  beginReadSql,
  type CatalogColumn,
  columnsSql,
  contentSql,
  copyTableSql,
  type ReadColumn,
  relationsSql,
  type TableRead,
} from "./table-sql.ts";

/** Milliseconds to wait for a connection, and for a lock that others hold. */
const patience = { connect: 10_000, lock: 60_000 } as const;

/** A table in one snapshot. Its methods throw SOURCE_*. */
export interface TableSnapshot {
  /** All columns of the table, in its order. */
  readonly names: readonly string[];
  /** SHA-256 of what the contract's columns hold, in any order of rows, and of the names of all columns. */
  sha256(): Promise<string>;
  /** Writes the contract's columns as CSV with a header, in the order of `key`. */
  copy(key: readonly string[], path: string): Promise<void>;
}

/** Reads a table in a transaction that can change nothing. `signal` ends it at once. Throws SOURCE_*. */
export async function readTable<T>(
  target: Target,
  table: string,
  { columns, signal }: { readonly columns: readonly ContractColumn[]; readonly signal?: AbortSignal | undefined },
  work: (snapshot: TableSnapshot) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    connectionString: target.url,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: patience.connect,
    fallback_application_name: "assay",
  });
  // What was under way fails by itself.
  client.on("error", () => undefined);
  const cut = (): void => void client.connection.stream.destroy();
  try {
    signal?.throwIfAborted();
    signal?.addEventListener("abort", cut, { once: true });
    await client.connect();
    await client.query(tableSessionSql({ lock: patience.lock }));
    await client.query(beginReadSql);
    return await work(await openSnapshot(client, target, table, columns));
  } catch (error) {
    throw tableFault(error, target, table);
  } finally {
    signal?.removeEventListener("abort", cut);
    // Nothing was changed: the server rolls back what is open. One that does not answer is not waited for.
    const timer = setTimeout(cut, 1_000);
    await client.end().catch(() => undefined);
    clearTimeout(timer);
  }
}

async function openSnapshot(client: pg.Client, target: Target, table: string, columns: readonly ContractColumn[]): Promise<TableSnapshot> {
  const { schema, name } = splitTable(table);
  const { rows: found } = await client.query<CatalogColumn>(columnsSql, [schema, name]);
  if (found.length === 0) throw await missingTable(client, target, table);
  const read: TableRead = { schema, table: name, columns: matched(table, found, columns) };
  const names = found.map((column) => column.name);
  return {
    names,
    sha256: async () => {
      const { rows } = await client.query<Record<string, string | null>>(contentSql(read));
      const content = [names, read.columns.map((column) => column.name), Object.values(rows[0] ?? {})];
      return createHash("sha256").update(JSON.stringify(content)).digest("hex");
    },
    copy: (key, path) => pipeline(client.query(to(copyTableSql(read, key))), createWriteStream(path)),
  };
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** The contract's columns by name, whatever its case where no other has the name as it is written. */
function matched(table: string, found: readonly CatalogColumn[], columns: readonly ContractColumn[]): readonly ReadColumn[] {
  const pairs = columns.map(({ name }) => ({
    name,
    from: found.find((item) => item.name === name) ?? found.find((item) => same(item.name, name)),
  }));
  const others = found.map((item) => item.name).filter((name) => !columns.some((column) => same(column.name, name)));
  const missing = pairs.filter((pair) => pair.from === undefined).map((pair) => pair.name);
  if (missing.length > 0) {
    const lacks = missing.map((name) => {
      const nearest = nearestName(name, others);
      return nearest === null ? name : `${name} (did you mean ${nearest}?)`;
    });
    throw new AssayError("SOURCE_HEADER", `${table}: the table lacks ${missing.length === 1 ? "column" : "columns"} ${lacks.join(", ")}`, {
      hint: "write the names in the contract's columns as the table has them, or ask whoever owns the table",
    });
  }
  return pairs.flatMap(({ name, from }) => (from === undefined ? [] : [{ name, from }]));
}

async function missingTable(client: pg.Client, target: Target, table: string): Promise<AssayError> {
  const { rows } = await client.query<{ name: string }>(relationsSql);
  const known = rows.map((row) => row.name);
  return new AssayError(
    "SOURCE_MISSING",
    `${table}: the database "${target.database}" at ${target.host}:${target.port} has no such table`,
    {
      hint: didYouMean(table, known),
    },
  );
}
