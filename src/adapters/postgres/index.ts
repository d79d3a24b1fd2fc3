import type { Sink } from "../../ports/sink.ts";
import { targetOf } from "./connection.ts";
import { type Patience, patient } from "./patience.ts";
import { sinkOf } from "./sink.ts";

/**
 * PostgreSQL, 15 or newer, as a sink: COPY over several connections into a staging table, indexes, read-back, swap in one transaction.
 * `url` is `postgres://user:password@host:port/database`; no message shows its password. Throws SINK_FAILED when it is no such address.
 */
export function postgresSink(url: string, patience: Patience = patient): Sink {
  return sinkOf(targetOf(url), patience);
}
