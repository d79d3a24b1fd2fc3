import { deltaName, touchedName } from "../compile/incremental/relation-names.ts";
import type { ModelTable } from "../compile/manifest.ts";
import { messageOf } from "../errors.ts";
import type { RefreshMode } from "../plan/build-mode.ts";
import type { Session, Statement } from "../ports/engine.ts";
import type { TouchedValues, UpstreamLedger } from "../terms.ts";
import { countOf, oneRow, paramsOf, type Run, tableOf } from "./context.ts";
import { refreshIsDearer, spliceShare } from "./refresh-cost.ts";
import { refreshStatements } from "./refresh-statements.ts";
import { changesBetween } from "./row-changes.ts";

/** A refresh that turns out to be impossible, or dearer than building in full; whatever was begun has to be rolled back. */
export class NotRefreshable extends Error {}

/** What finding the touched values takes of a run. */
export type RefreshContext = Pick<Run, "manifest" | "publications" | "params" | "alwaysRefresh">;

/** The part of a model that changes touch; temporary relations of the session stand behind it until `drop` has run. */
export interface TouchedPart {
  /** The model's rows for the touched values, by its whole definition. */
  readonly made: Statement;
  /** SELECT of the rows it has for them now. */
  readonly old: string;
  readonly touched: TouchedValues;
  /** Changed rows read, by upstream. */
  readonly upstreams: readonly UpstreamLedger[];
  readonly drop: () => Promise<void>;
}

/** Maps the changes of the upstreams to the values of `by` that they touch. Throws {@link NotRefreshable}. */
export async function touchedPart(run: RefreshContext, session: Session, table: ModelTable, mode: RefreshMode): Promise<TouchedPart> {
  const plan = table.incremental;
  if (plan === null) throw new NotRefreshable("it does not follow changes");
  const changed = mode.changed.map(({ link, after, upTo }) => {
    const upstream = tableOf(run, link.table);
    const columns = upstream.columns.map((column) => column.name);
    return {
      table: link.table,
      columns,
      rows: changesBetween(session.sql, upstream, after, upTo),
      isNet: Number(upTo) - Number(after) === 1,
    };
  });
  const { columns } = table;
  const { deltas, hats, touched, made, old, drop } = refreshStatements(session.sql, { table: table.name, columns, plan, changed });
  for (const text of [...deltas, ...hats]) await session.execute({ text });
  const upstreams: UpstreamLedger[] = [];
  for (const { table: name } of changed) {
    const read = countOf((await oneRow(session, `select count(*) as rows from ${deltaName(name)}`)).rows);
    upstreams.push({ table: name, read, used: null });
  }
  const params = paramsOf(run, table);
  try {
    // The analysis follows no expression with a parameter, and the engine refuses values that nothing reads.
    await session.execute({ text: touched });
  } catch (error) {
    // For instance a cast of a value that the model's own WHERE would have left out.
    throw new NotRefreshable(`the touched values cannot be found: ${messageOf(error).split("\n")[0]}`);
  }
  const values = countOf((await oneRow(session, `select count(*) as found from ${touchedName}`)).found);
  const before = run.publications.get(table.name);
  const cost = before?.cost ?? null;
  const share = cost === null || cost.by_values === 0 ? 0 : Math.min(1, values / cost.by_values);
  if (!run.alwaysRefresh && before !== undefined && cost !== null && refreshIsDearer(share, cost, before.rows)) {
    throw new NotRefreshable(`that is cheaper: changes touch ${values} of about ${cost.by_values} values`);
  }
  const definition = "text" in plan.splice && share <= spliceShare ? plan.splice.text : table.select;
  return {
    made: { text: made(definition), params },
    old,
    touched: { values, of: cost?.by_values ?? null },
    upstreams,
    drop: () => session.execute({ text: drop.join("; ") }),
  };
}
