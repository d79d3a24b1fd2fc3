import { setTimeout } from "node:timers/promises";
import { AssayError } from "../../../errors.ts";
import type { Lease, QueuedStep, TakenStep, WorkSource } from "../../../ports/queue.ts";
import type { WorkSourceOptions } from "../../../ports/warehouse.ts";
import { claimSql, endWorkerSql, holdClaim, leaseLost } from "./claims.ts";
import { type JobBoard, type JobBoardOptions, leaseSeconds, openJobBoard } from "./job-board.ts";
import { listen } from "./notices.ts";

/** Milliseconds: between two signs of life, and between two looks for work where nothing was heard. */
const intervals = { heartbeat: 3_000, look: 2_000 } as const;

interface Held {
  readonly queue: string;
  readonly id: string;
  readonly retryCount: number;
  readonly step: string;
  readonly lost: AbortController;
  lastSign: number;
}

/** Where a worker takes steps from, through pg-boss. */
export async function postgresWorkSource<Work, Outcome extends object>(
  options: JobBoardOptions & WorkSourceOptions,
): Promise<WorkSource<Work, Outcome>> {
  const board = await openJobBoard(options);
  const held = new Map<string, Held>();
  let heard = Promise.withResolvers<void>();
  const notices = listen(options.url, options.sql, (notice) => {
    if (notice.kind === "work") heard.resolve();
    if (notice.kind === "cancel") held.get(notice.id)?.lost.abort(cancelled(held.get(notice.id)?.step ?? ""));
  });
  const over = new AbortController();
  const pulse = keepAlive(board, held, over.signal, options.warn);
  return {
    take: async (limit) => {
      const taken: TakenStep<Work, Outcome>[] = [];
      for (const pool of options.pools) {
        if (taken.length >= limit) break;
        const queue = await board.queueOf(options.project, pool);
        const jobs = await board.boss.fetch<QueuedStep<Work>>(queue, { batchSize: limit - taken.length, includeMetadata: true });
        for (const { id, retryCount, data } of jobs) {
          const hold: Held = { queue, id, retryCount, step: data.step, lost: new AbortController(), lastSign: performance.now() };
          if (retryCount > 0) await board.run(endWorkerSql(options.sql), [data.run_id, data.step, options.worker]);
          const claim = await claimed(board, options, data);
          if (claim === null) {
            // Its run has ended: there is nobody who waits for it.
            await board.boss.deleteJob(queue, id);
            continue;
          }
          held.set(id, hold);
          taken.push(takenStep(board, held, hold, data, claim));
        }
      }
      return taken;
    },
    wait: async (signal) => {
      const { promise } = heard;
      const timeout = new AbortController();
      const late = setTimeout(intervals.look, undefined, { signal: AbortSignal.any([signal, timeout.signal]) }).catch(() => undefined);
      await Promise.race([promise, late]);
      timeout.abort();
      heard = Promise.withResolvers<void>();
    },
    close: async () => {
      over.abort();
      await pulse;
      await notices.close();
      await board.close();
    },
  };
}

async function claimed(
  board: JobBoard,
  { sql, worker }: JobBoardOptions & WorkSourceOptions,
  { run_id, step }: QueuedStep<unknown>,
): Promise<number | null> {
  const [row] = await board.run(claimSql(sql), [run_id, step, worker]);
  return row === undefined ? null : Number(row.claim);
}

function takenStep<Work, Outcome extends object>(
  board: JobBoard,
  held: Map<string, Held>,
  { queue, id, retryCount, lost }: Held,
  data: QueuedStep<Work>,
  claim: number,
): TakenStep<Work, Outcome> {
  const lease: Lease = {
    claim,
    signal: lost.signal,
    hold: (session) => holdClaim(session, data, claim),
  };
  return {
    ...data,
    lease,
    finish: async (outcome) => {
      held.delete(id);
      // Of an attempt that somebody else has by now, nothing is changed.
      if (board.settled(await board.boss.complete(queue, { id, retryCount }, outcome))) await board.tell({ kind: "done", id });
    },
    giveBack: async () => {
      held.delete(id);
      await board.boss.fail(queue, { id, retryCount }, { message: "given back" });
      await board.tell({ kind: "work" });
    },
  };
}

/** Signs of life for all that is held; who hears none of the server's for as long as a lease lasts has lost it. */
async function keepAlive(board: JobBoard, held: Map<string, Held>, over: AbortSignal, warn: (error: unknown) => void): Promise<void> {
  while (!over.aborted) {
    await setTimeout(intervals.heartbeat, undefined, { signal: over, ref: false }).catch(() => undefined);
    for (const hold of over.aborted ? [] : [...held.values()]) {
      const { queue, id, retryCount, step, lost } = hold;
      try {
        if (board.settled(await board.boss.touch(queue, { id, retryCount }))) hold.lastSign = performance.now();
        else if (held.delete(id)) lost.abort(leaseLost(step));
      } catch (error) {
        warn(error);
        if (performance.now() - hold.lastSign <= leaseSeconds * 1_000) continue;
        held.delete(id);
        lost.abort(leaseLost(step, error));
      }
    }
  }
}

function cancelled(step: string): AssayError {
  return new AssayError("RUN_CANCELLED", `the run was cancelled while ${step} was under way`, {
    hint: "run again: what had succeeded is not repeated",
  });
}
