import { AssayError } from "../../errors.ts";
import type { Sink, SinkLoad, SinkRows, SinkTable } from "../../ports/sink.ts";
import { cancelBackend } from "./cancel-backend.ts";
import { existingColumns, schemaExists, takenNames } from "./catalog.ts";
import { type Connection, openConnection, type Target } from "./connection.ts";
import { type Place, sqlStateOf, unreachable } from "./errors.ts";
import { watchHeartbeat } from "./heartbeat.ts";
import { checkNames, stagingName } from "./names.ts";
import type { Patience } from "./patience.ts";
import { compareShape, destructiveChange } from "./shape.ts";
import { createSchemaSql, dropStagingSql, qualified, stagedIndexes, takeTurnSql } from "./sql.ts";
import { stage } from "./stage.ts";
import { oldTable, swapIn } from "./swap.ts";

/** A sink over one server. Each load opens its own connections and closes them. */
export function sinkOf(target: Target, patience: Patience): Sink {
  return {
    load: (table, rows, scratch, signal) => load(target, patience, table, rows, scratch, signal),
    close: async () => undefined,
  };
}

async function load(
  target: Target,
  patience: Patience,
  table: SinkTable,
  rows: SinkRows,
  scratch: string,
  signal?: AbortSignal,
): Promise<SinkLoad> {
  checkNames(table);
  const { url: _, ...server } = target;
  const staging = stagingName(table);
  const place: Place = {
    ...server,
    table: `${table.schema}.${table.table}`,
    staging,
    masked: table.columns.some((column) => column.sensitive),
  };
  const opened: Connection[] = [];
  const connect = async () => {
    const connection = await openConnection(target, place, patience);
    opened.push(connection);
    return connection;
  };
  const main = await connect();
  const endWatch = watchHeartbeat(connect, patience, () => {
    for (const connection of opened)
      connection.abandon(unreachable(place, "loading", `gave no sign of life for ${patience.silence / 1000} s`));
  });
  const cancel = (): void => {
    for (const connection of opened) {
      const ended = () => connection.abandon(unreachable(place, "loading", "was told to stop"));
      // What it has done so far is rolled back, or dropped by the next load of the table.
      void cancelBackend(target, connection.pid, () => true, 1).finally(ended);
    }
  };
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    signal?.throwIfAborted();
    await takeTurn(main, table, patience);
    const migrations = await prepare(main, table, staging);
    const fingerprint = await stage(main, { table, name: staging, rows, scratch, connect });
    await swapIn(main, table, staging, patience).catch(async (error: unknown) => {
      await dropQuietly(main, table, staging);
      throw error;
    });
    return { fingerprint, migrations };
  } finally {
    endWatch();
    signal?.removeEventListener("abort", cancel);
    await Promise.all(opened.map((connection) => connection.close()));
  }
}

/** While the turn is held, a staging table of this target belongs to nobody else. */
async function takeTurn(main: Connection, table: SinkTable, patience: Patience): Promise<void> {
  try {
    await main.query(takeTurnSql(table), "waiting for another load of the table");
  } catch (error) {
    if (sqlStateOf(error) !== "55P03") throw error;
    throw new AssayError("SINK_FAILED", `${table.schema}.${table.table} has been loaded by another run for ${patience.turn / 1000} s`, {
      hint: "run again when it is done",
      cause: error,
    });
  }
}

/** Refuses what cannot be loaded before anything is written; returns what the load will change in the table's shape. */
async function prepare(main: Connection, table: SinkTable, staging: string): Promise<readonly string[]> {
  if (!(await schemaExists(main, table.schema))) await createSchema(main, table.schema);
  await main.query(dropStagingSql(table, staging), "dropping what a killed load left");
  const old = await oldTable(main, table);
  const names = stagedIndexes(table, staging).map((index) => index.declared);
  const taken = await takenNames(main, table.schema, names, old?.oid ?? null);
  if (taken.length > 0)
    throw new AssayError(
      "SINK_FAILED",
      `${table.schema}.${table.table}: "${taken.map(({ name }) => name).join('", "')}" exists already in the schema`,
      {
        hint: "index names are unique in a schema: rename the index, or what has its name",
      },
    );
  if (old === null) return [];
  const { migrations, refusals } = compareShape(table, await existingColumns(main, old.oid));
  if (refusals.length > 0)
    throw destructiveChange(
      table,
      refusals,
      old.views.map((view) => qualified(view.schema, view.name)),
    );
  return migrations;
}

/** Another load may create the schema in the same moment, which `if not exists` does not cover. */
async function createSchema(main: Connection, schema: string): Promise<void> {
  try {
    await main.query(createSchemaSql(schema), "creating the schema");
  } catch (error) {
    if (!["23505", "42P06"].includes(sqlStateOf(error) ?? "")) throw error;
  }
}

async function dropQuietly(main: Connection, table: SinkTable, staging: string): Promise<void> {
  // The swap's own error is worth more than this one; the next load of the table drops what is left.
  await main.query(`rollback; ${dropStagingSql(table, staging)}`, "cleaning up").catch(() => undefined);
}
