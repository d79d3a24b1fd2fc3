import type { Step } from "../plan/plan.ts";

/**
 * Steps of the highest priority first, and with them what they wait for; then those on which the most others wait, one after the other: the
 * last step then has not to wait for work that could be done beside it.
 */
export function stepOrder(steps: readonly Step[]): readonly Step[] {
  const chain = new Map<string, number>();
  const priority = new Map<string, number>();
  const priorityOf = (step: Step): number => Math.max(step.policy?.priority ?? 0, priority.get(step.step) ?? Number.NEGATIVE_INFINITY);
  for (const step of steps.toReversed()) {
    const own = chain.get(step.step) ?? 1;
    for (const upstream of step.after) {
      chain.set(upstream, Math.max(chain.get(upstream) ?? 1, own + 1));
      priority.set(upstream, Math.max(priority.get(upstream) ?? Number.NEGATIVE_INFINITY, priorityOf(step)));
    }
  }
  return steps.toSorted((a, b) => priorityOf(b) - priorityOf(a) || (chain.get(b.step) ?? 1) - (chain.get(a.step) ?? 1));
}
