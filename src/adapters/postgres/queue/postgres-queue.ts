import { AssayError } from "../../../errors.ts";
import type { EngineSql } from "../../../ports/engine-sql.ts";
import type { Queue, QueuedStep } from "../../../ports/queue.ts";
import type { QueueOptions } from "../../../ports/warehouse.ts";
import { revokeSql } from "./claims.ts";
import { type JobBoard, type JobBoardOptions, openJobBoard } from "./job-board.ts";
import { listen } from "./notices.ts";

/** Milliseconds. */
const patience = {
  /** Between two questions about a job of which nothing was heard. */
  ask: 1_000,
  /** For a worker to end what was cancelled. */
  cancel: 15_000,
  /** For the first step to be taken. */
  idle: 10_000,
} as const;

/** Hands steps to workers, through pg-boss. Opened by the one process that owns the environment. */
export async function postgresQueue<Work extends object, Outcome>(
  options: JobBoardOptions & QueueOptions<Outcome>,
): Promise<Queue<Work, Outcome>> {
  const board = await openJobBoard(options);
  const { boss } = board;
  // Nobody waits for what earlier runs have left, and other projects' workers ask in vain.
  for (const { name } of await boss.getQueues()) {
    if (name.startsWith(`steps.${options.project}`)) await boss.deleteAllJobs(name);
    else if (name.startsWith("steps.")) await boss.deleteQueue(name);
  }
  const waiting = new Map<string, () => void>();
  let taken = false;
  const idle = setTimeout(() => {
    if (!taken && waiting.size > 0) options.idle();
  }, patience.idle);
  const notices = listen(options.url, options.sql, (notice) => {
    if (notice.kind === "done") waiting.get(notice.id)?.();
  });
  return {
    slots: 1_000,
    carryOut: async (step, signal) => {
      const queue = await board.queueOf(options.project, step.pool);
      const id = await boss.send(queue, step, { priority: step.priority });
      if (id === null) throw new Error(`${step.step} was not taken by the queue`);
      await board.tell({ kind: "work" });
      return await outcomeOf({ board, ...options, waiting, queue, id, taken: () => (taken = true) }, step, signal);
    },
    close: async () => {
      clearTimeout(idle);
      await notices.close();
      await board.close();
    },
  };
}

interface Handed<Outcome> extends Pick<QueueOptions<Outcome>, "recorded"> {
  readonly board: JobBoard;
  readonly sql: EngineSql;
  readonly waiting: Map<string, () => void>;
  readonly queue: string;
  readonly id: string;
  readonly taken: () => void;
}

async function outcomeOf<Outcome>(job: Handed<Outcome>, step: QueuedStep<unknown>, signal: AbortSignal | undefined): Promise<Outcome> {
  const { board, waiting, queue, id } = job;
  let deadline = Number.POSITIVE_INFINITY;
  const cancel = (): void => {
    deadline = performance.now() + patience.cancel;
    void board.tell({ kind: "cancel", id }).catch(() => undefined);
    waiting.get(id)?.();
  };
  if (signal?.aborted === true) cancel();
  else signal?.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      await heardOf(waiting, id);
      const [found] = await board.boss.findJobs<object>(queue, { id });
      if (found !== undefined && found.state !== "created") job.taken();
      if (found?.state === "completed") return found.output as Outcome;
      if (found === undefined || found.state === "failed" || found.state === "cancelled")
        return await revoked(job, step, workerLost(step.step));
      // Nobody has it: nobody has to be waited for.
      const isFree = deadline < Number.POSITIVE_INFINITY && found.state !== "active";
      if (isFree || performance.now() > deadline) return await revoked(job, step, signal?.reason);
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    waiting.delete(id);
  }
}

/** Resolves when something was heard of a job, or after a while. */
function heardOf(waiting: Map<string, () => void>, id: string): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patience.ask);
    waiting.set(id, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Takes the step away from whoever may still have it. What had been published by then counts. */
async function revoked<Outcome>(
  { board, sql, queue, id, recorded }: Handed<Outcome>,
  step: QueuedStep<unknown>,
  reason: unknown,
): Promise<Outcome> {
  await board.boss.deleteJob(queue, id);
  await board.run(revokeSql(sql), [step.run_id, step.step]);
  const outcome = await recorded(step);
  if (outcome === null) throw reason;
  return outcome;
}

function workerLost(step: string): AssayError {
  return new AssayError("WORKER_LOST", `${step}: every worker that had it is gone`, {
    hint: "look at the workers' output and memory: the step may take more than they have; what was published before stands",
  });
}
