import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { RunStore, State } from "../ports/state-store.ts";
import type { StepReport } from "./step-work.ts";

/** What is on record of a step of a run; null: it was not finished. */
export async function recordedStep(
  store: Pick<RunStore, "readStep">,
  session: Session,
  runId: string,
  step: Step,
  state: State,
): Promise<StepReport | null> {
  const result = await store.readStep(session, runId, step.step);
  if (result === null) return null;
  const publications = [...state.publications.values()].filter((item) => item.run_id === runId);
  const publication = publications.find((item) =>
    step.kind === "sink" ? item.subject.endsWith(`:${step.table}`) : item.subject === step.table,
  );
  const commits = (state.commits.get(step.table) ?? []).filter((commit) => commit.run_id === runId);
  return { kind: "finished", result, publication: publication ?? null, commits: step.kind === "sink" ? [] : commits };
}
