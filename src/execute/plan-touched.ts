import { buildModeOf } from "../plan/build-mode.ts";
import type { Plan, Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { State } from "../ports/state-store.ts";
import { tableOf } from "./context.ts";
import { NotRefreshable, type RefreshContext, touchedPart } from "./touched-values.ts";

/**
 * A plan whose refreshes say how many values they will rebuild, where every upstream is as the run will find it. Reads the database and
 * leaves nothing there but temporary relations, which it removes.
 */
export async function withTouchedValues(
  plan: Plan,
  context: Omit<RefreshContext, "publications" | "params">,
  state: State,
  session: Session,
): Promise<Plan> {
  const steps: Step[] = [];
  const running = new Set(plan.steps.filter((step) => step.action === "run").map((step) => step.table));
  for (const step of plan.steps) steps.push(step.build?.mode === "refresh" ? await counted(step) : step);
  return { ...plan, steps };

  async function counted(step: Step): Promise<Step> {
    const table = tableOf(context, step.table);
    if (table.kind === "bronze" || table.incremental?.upstreams.some((link) => running.has(link.table)) !== false) return step;
    const mode = buildModeOf(table, state);
    if (mode.mode === "full" || step.build === null) return step;
    try {
      const build = step.build;
      return await session.transaction(async () => {
        const part = await touchedPart(
          { ...context, publications: new Map(state.publications), params: plan.params },
          session,
          table,
          mode,
        );
        await part.drop();
        return { ...step, build: { ...build, touched: part.touched } };
      });
    } catch (error) {
      if (!(error instanceof NotRefreshable)) throw error;
      return { ...step, build: { ...step.build, mode: "full", why: error.message, touched: null } };
    }
  }
}
