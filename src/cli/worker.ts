import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { localLake } from "../adapters/files/lake.ts";
import { AssayError, messageOf } from "../errors.ts";
import { sessionsOf } from "../execute/run-sessions.ts";
import { manifestFingerprint, type StepReport, type StepWork } from "../execute/step-work.ts";
import { withSession } from "../execute/with-session.ts";
import { type WorkerContext, workOff } from "../execute/work-off.ts";
import type { TakenStep, WorkSource } from "../ports/queue.ts";
import { cancellation } from "./cancellation.ts";
import { print } from "./output.ts";
import { observeTable, withoutLostFiles } from "./prepare-plan.ts";
import { projectSource } from "./project-source.ts";
import { secretsOf, sinkOpener } from "./sink-opener.ts";
import { systemTimer } from "./system-timer.ts";
import { type CommonOptions, compileWorkspace, openWorkspace, type Workspace } from "./workspace.ts";

export interface WorkerOptions extends CommonOptions {
  readonly concurrency: number;
  readonly pool?: readonly string[];
}

/** `assay worker`: carries out steps that runs of the environment hand out, until it is told to end. */
export async function workerCommand(options: WorkerOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const pools = poolsOf(workspace, options.pool);
  const { shared, store } = workspace.warehouse;
  if (shared === null) {
    throw new AssayError("USAGE", `environment ${workspace.environment} has no workers: one process at a time has its database`, {
      hint: "workers share the work of an environment on PostgreSQL",
    });
  }
  // As long as PostgreSQL lets a session's name be.
  const id = `assay worker ${hostname().slice(0, 24)} ${process.pid}-${randomBytes(3).toString("hex")}`;
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const scratch = join(workspace.platformFolder, "scratch", `worker-${process.pid}`);
  const manifest = await compileWorkspace(workspace);
  const fingerprint = manifestFingerprint(manifest);
  const joined = await shared.join(id, scratch);
  const sinks = sinkOpener(workspace);
  sinks.use(manifest);
  const told = cancellation(() => say("ending when what is under way is done; once more to end at once"));
  try {
    await withSession(joined.engine, (session) => store.migrate(session));
    const source = await projectSource(workspace);
    const lake = localLake(workspace.lakePath);
    const worker: WorkerContext = {
      manifest,
      fingerprint,
      engine: joined.engine,
      store,
      lake,
      source,
      openSink: sinks.open,
      clock: Date.now,
      secrets: secretsOf(workspace, manifest),
      timer: systemTimer,
      readState: async (session) => withoutLostFiles(await store.read(session), lake),
      observe: (table, state) => observeTable(workspace, state, source, table),
      scratchOf: (run) => join(scratch, run),
    };
    const steps = await shared.workSource<StepWork, StepReport>({
      project: fingerprint,
      pools,
      worker: id,
      warn: (error) => say(`▲ queue: ${messageOf(error)}`),
    });
    say(
      `${id} takes steps of environment ${workspace.environment}${options.pool === undefined ? "" : `, pool ${options.pool.join(", ")}`}`,
    );
    const done = await takeSteps(worker, steps, options.concurrency, told.signal, say).finally(() => steps.close());
    print(options.json, { worker: id, steps: done }, () => `${id} ended after ${done} steps`);
    return 0;
  } finally {
    told.end();
    await sinks.close();
    await joined.close();
  }
}

function poolsOf({ project }: Workspace, named: readonly string[] | undefined): readonly (string | null)[] {
  const known = Object.keys(project.config.pools);
  const unknown = named?.find((pool) => !known.includes(pool));
  if (unknown !== undefined) {
    throw new AssayError("USAGE", `the project has no pool ${unknown}`, {
      hint: known.length === 0 ? "it declares none" : `it has ${known.join(", ")}`,
    });
  }
  return named ?? [null, ...known];
}

/** Takes and carries out so many steps at a time, until the signal is aborted; returns how many there were. */
async function takeSteps(
  worker: WorkerContext,
  source: WorkSource<StepWork, StepReport>,
  concurrency: number,
  ending: AbortSignal,
  say: (text: string) => void,
): Promise<number> {
  const sessions = sessionsOf(worker.engine);
  const active = new Set<Promise<void>>();
  let done = 0;
  const carryOut = async (taken: TakenStep<StepWork, StepReport>): Promise<void> => {
    const name = `${taken.step} (run ${taken.run_id}${taken.attempt > 1 ? `, attempt ${taken.attempt}` : ""})`;
    say(`◐ ${name}${taken.lease.claim > taken.attempt ? ": taken over" : ""}`);
    try {
      const outcome = await workOff(worker, sessions, taken);
      done += 1;
      say(outcome === "done" ? `✓ ${name}` : `▲ ${name}: it is another worker's by now`);
    } catch (error) {
      // Another worker may have more luck.
      await taken.giveBack().catch(() => undefined);
      say(`✕ ${name}: ${messageOf(error)}`);
    }
  };
  // A look that found less than it might have needs no other one before something new is heard of.
  let isWorthLooking = true;
  let waiting: Promise<void> | null = null;
  while (!ending.aborted) {
    const free = concurrency - active.size;
    if (isWorthLooking && free > 0) {
      const taken = await source.take(free).catch((error: unknown) => {
        say(`▲ queue: ${messageOf(error)}`);
        return [];
      });
      isWorthLooking = taken.length === free;
      for (const step of taken) {
        const work = carryOut(step).finally(() => active.delete(work));
        active.add(work);
      }
    } else {
      waiting ??= source.wait(ending).then(() => {
        waiting = null;
        isWorthLooking = true;
      });
      await Promise.race([...(free > 0 ? [waiting] : []), ...active]);
    }
  }
  await Promise.all(active);
  sessions.dropIdle();
  return done;
}
