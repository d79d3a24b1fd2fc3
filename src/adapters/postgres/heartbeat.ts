import { setImmediate, setTimeout } from "node:timers/promises";
import type { Connection } from "./connection.ts";
import { sqlStateOf } from "./errors.ts";
import type { Patience } from "./patience.ts";

/**
 * Asks the server for a sign of life over a connection of its own, since a statement may rightly take hours while a vanished server says
 * nothing for as long. Calls `dead` once when no answer comes; the returned function ends the watch.
 */
export function watchHeartbeat(connect: () => Promise<Connection>, patience: Patience, dead: () => void): () => void {
  const ended = new AbortController();
  const watch = async () => {
    let pulse: Connection | null = null;
    for (;;) {
      await setTimeout(patience.heartbeat, undefined, { signal: ended.signal, ref: false });
      const asked = async () => {
        pulse ??= await connect();
        await pulse.query("select 1", "asking for a sign of life");
      };
      if (await answers(asked, patience.silence, ended.signal)) continue;
      return dead();
    }
  };
  watch().catch((error: unknown) => {
    // Only the end of the watch is expected here.
    if (!ended.signal.aborted) throw error;
  });
  return () => ended.abort();
}

async function answers(ask: () => Promise<void>, silence: number, signal: AbortSignal): Promise<boolean> {
  let answer: boolean | null = null;
  const asking = ask().then(
    () => (answer = true),
    // A server that refuses is alive.
    (error: unknown) => (answer = sqlStateOf(error) !== null),
  );
  const waiting = async () => {
    await setTimeout(silence, undefined, { signal, ref: false });
    // When this process was busy itself, the answer may lie there unread.
    await setImmediate();
    return answer === true;
  };
  return Promise.race([asking, waiting()]);
}
