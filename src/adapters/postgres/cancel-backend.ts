import { setTimeout } from "node:timers/promises";
import pg from "pg";
import type { Target } from "./connection.ts";

/** For so long a server process is asked to end its statement, in milliseconds. */
const patience = { connect: 5_000, total: 20_000 } as const;

/**
 * Cancels what a server process is doing, over a connection of its own, until `busy` says that it is done: a cancellation that arrives between
 * two statements has no effect. Gives up where the server cannot be asked.
 */
export async function cancelBackend(
  { url }: Pick<Target, "url">,
  pid: number,
  busy: () => boolean,
  times = Number.POSITIVE_INFINITY,
): Promise<void> {
  if (!busy()) return;
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: patience.connect, fallback_application_name: "assay" });
  client.on("error", () => undefined);
  const deadline = performance.now() + patience.total;
  try {
    await client.connect();
    for (let asked = 0; asked < times && busy() && performance.now() < deadline; asked++) {
      await client.query("select pg_cancel_backend($1)", [pid]);
      for (let waited = 0; asked + 1 < times && busy() && waited < 500; waited += 10) await setTimeout(10);
    }
  } catch {
    // The caller ends the connection instead.
  } finally {
    await client.end().catch(() => undefined);
  }
}
