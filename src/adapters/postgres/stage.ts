import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { AssayError } from "../../errors.ts";
import type { Fingerprint, SinkRows, SinkTable } from "../../ports/sink.ts";
import type { Connection } from "./connection.ts";
import {
  addKeySql,
  analyzeSql,
  copySql,
  createIndexSql,
  createStagingSql,
  dropStagingSql,
  fingerprintSql,
  stagedIndexes,
  terminateSql,
} from "./sql.ts";

const mostLanes = 4;

export interface Staging {
  readonly table: SinkTable;
  readonly name: string;
  readonly rows: SinkRows;
  /** Folder that is there and may be written. */
  readonly scratch: string;
  /** Opens one more connection, which the caller closes. */
  readonly connect: () => Promise<Connection>;
}

/** Fills the staging table, indexes it, and proves by reading back that it holds what was sent. Leaves no staging table when it throws. */
export async function stage(main: Connection, staging: Staging): Promise<Fingerprint> {
  const lanes: Connection[] = [];
  try {
    await main.query(createStagingSql(staging.table, staging.name), "creating the staging table");
    const sent = await fill(staging, lanes);
    const found = await finish(main, staging, lanes);
    if (found.rows !== sent.rows || found.checksum !== sent.checksum) throw mismatch(staging.table, sent, found);
    return found;
  } catch (error) {
    await discard(main, staging, lanes);
    throw error;
  }
}

/** Every lane takes the next file until none is left; the engine counts meanwhile. */
async function fill(staging: Staging, lanes: Connection[]): Promise<Fingerprint> {
  const folder = await mkdtemp(join(staging.scratch, "sink-"));
  try {
    const files = [...(await staging.rows.exportCsv(folder, mostLanes))];
    const count = Math.min(Math.max(files.length, 1), mostLanes);
    await together(
      Array.from({ length: count }, async () => lanes.push(await staging.connect())),
      lanes,
    );
    const copy = copySql(staging.table, staging.name);
    const sent = staging.rows.fingerprint();
    const drain = async (lane: Connection) => {
      for (let file = files.shift(); file !== undefined; file = files.shift()) await lane.copy(copy, file, "sending rows");
    };
    await together([sent, ...lanes.map(drain)], lanes);
    return await sent;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads back on one connection while the others build indexes. ANALYZE and CREATE INDEX exclude each other, so it goes first. */
async function finish(main: Connection, staging: Staging, lanes: readonly Connection[]): Promise<Fingerprint> {
  const { table, name } = staging;
  const read = main.query<{ rows: string; checksum: string }>(fingerprintSql(table, name), "reading the rows back");
  const [first] = lanes;
  const analyzed = first?.query(analyzeSql(table, name), "analyzing the table") ?? Promise.resolve();
  const indexes = [...stagedIndexes(table, name)];
  const build = async (lane: Connection) => {
    await analyzed;
    for (let index = indexes.shift(); index !== undefined; index = indexes.shift())
      await lane.query(createIndexSql(table, name, index), `building the index ${index.declared}`);
  };
  const assist = async () => {
    await read;
    await build(main);
  };
  await together([read, analyzed, assist(), ...lanes.map(build)], lanes);
  const [key] = stagedIndexes(table, name).filter((index) => index.unique);
  if (key !== undefined) await main.query(addKeySql(table, name, key), "adding the primary key");
  const [row] = await read;
  return { rows: Number(row?.rows), checksum: row?.checksum ?? "" };
}

/** Waits for all; when one fails the lanes are abandoned, so that none works on for nothing, and the first error is thrown. */
async function together(works: readonly Promise<unknown>[], lanes: readonly Connection[]): Promise<void> {
  const failures: unknown[] = [];
  const stopped = new AssayError("SINK_FAILED", "stopped, because another part of the load failed");
  await Promise.all(
    works.map((work) =>
      work.catch((error: unknown) => {
        failures.push(error);
        for (const lane of lanes) lane.abandon(stopped);
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
}

async function discard(main: Connection, staging: Staging, lanes: readonly Connection[]): Promise<void> {
  try {
    await main.query(terminateSql(), "cleaning up", [lanes.map((lane) => lane.pid)]);
    await main.query(`set lock_timeout = '10s'; ${dropStagingSql(staging.table, staging.name)}`, "cleaning up");
  } catch {
    // What made the load fail is worth more than this error; the next load of the table drops what is left.
  }
}

function mismatch(table: SinkTable, sent: Fingerprint, found: Fingerprint): AssayError {
  const text = ({ rows, checksum }: Fingerprint) => `${rows} rows with checksum ${checksum}`;
  return new AssayError("SINK_MISMATCH", `${table.schema}.${table.table}: sent ${text(sent)}, PostgreSQL holds ${text(found)}`, {
    hint: "the old table stands; run again, and when it happens again look for triggers or rules that change rows",
  });
}
