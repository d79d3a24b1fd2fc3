import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { RunStore, State } from "../ports/state-store.ts";
import type { StepReport } from "./step-work.ts";

/** What is on record of a step of a run, and of the subject that it publishes; null: it was not finished. */
export async function recordedStep(
  store: Pick<RunStore, "readStep">,
  session: Session,
  runId: string,
  step: Step,
  subject: string,
  state: State,
): Promise<StepReport | null> {
  const result = await store.readStep(session, runId, step.step);
  if (result === null) return null;
  const published = state.publications.get(subject);
  const publication = published?.run_id === runId ? published : null;
  const commits = (state.commits.get(step.table) ?? []).filter((commit) => commit.run_id === runId);
  return { kind: "finished", result, publication, commits: step.kind === "sink" ? [] : commits };
}
