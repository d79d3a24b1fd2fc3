import type { Manifest, ManifestSink } from "../compile/manifest.ts";
import type { Step } from "../plan/plan.ts";
import { sinkStep, sinkSubject } from "../plan/plan-run.ts";

/** The sink that a step sends a table to; undefined for a step that makes one. */
export function sinkOf({ sinks }: Pick<Manifest, "sinks">, step: Pick<Step, "step" | "table">): ManifestSink | undefined {
  return sinks.find((sink) => step.step === sinkStep(sink.name, step.table));
}

/** What a step publishes, as it stands among the publications: its table, or a sink's load of it. */
export function subjectOf(manifest: Pick<Manifest, "sinks">, step: Pick<Step, "step" | "table">): string {
  const sink = sinkOf(manifest, step);
  return sink === undefined ? step.table : sinkSubject(sink.name, step.table);
}
