import { messageOf } from "../errors.ts";
import { recordedStep } from "../execute/recorded-step.ts";
import { subjectOf } from "../execute/sink-of.ts";
import { manifestFingerprint, type StepReport, type StepWork } from "../execute/step-work.ts";
import { withSession } from "../execute/with-session.ts";
import type { Engine } from "../ports/engine.ts";
import type { Queue } from "../ports/queue.ts";
import type { PreparedPlan } from "./prepare-plan.ts";
import type { Workspace } from "./workspace.ts";

/** Are the environment's steps carried out by workers? */
export function sharesWork({ project, environment, warehouse }: Workspace): boolean {
  return warehouse.shared !== null && project.config.environments[environment]?.workers === true;
}

/** The queue from which workers take a run's steps. */
export async function openQueue(
  { warehouse, environment }: Workspace,
  engine: Engine,
  { manifest }: PreparedPlan,
): Promise<Queue<StepWork, StepReport>> {
  if (warehouse.shared === null) throw new Error("the environment is not shared");
  const { store } = warehouse;
  return warehouse.shared.queue<StepWork, StepReport>({
    project: manifestFingerprint(manifest),
    warn: (error) => void process.stderr.write(`▲ queue: ${messageOf(error)}\n`),
    idle: () => void process.stderr.write(`▲ no worker has taken a step yet: start assay worker --env ${environment} on this project\n`),
    recorded: (queued) =>
      withSession(engine, async (session) => {
        // Of what the queue holds this run has put in every word.
        const { step } = queued.work as StepWork;
        return recordedStep(store, session, queued.run_id, step, subjectOf(manifest, step), await store.read(session));
      }),
  });
}
