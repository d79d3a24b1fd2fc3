import { deltaName, hatName, touchedName } from "../compile/incremental/relation-names.ts";
import type { ModelTable } from "../compile/manifest.ts";
import { columnList, quoteIdentifier, quoteTable } from "../define/quote.ts";
import { messageOf } from "../errors.ts";
import type { ChangedUpstream, RefreshMode } from "../plan/build-mode.ts";
import type { Session, Statement } from "../ports/engine.ts";
import type { TableName, TouchedValues, UpstreamLedger } from "../terms.ts";
import { countOf, oneRow, paramsOf, type Run, tableOf } from "./context.ts";
import { refreshIsDearer, spliceShare } from "./refresh-cost.ts";
import { changesBetween } from "./row-changes.ts";

/** A refresh that turns out to be impossible, or dearer than building in full; whatever was begun has to be rolled back. */
export class NotRefreshable extends Error {}

/** The part of a model that changes touch; temporary relations of the session stand behind it until {@link dropTouched}. */
export interface TouchedPart {
  /** The model's rows for the touched values, by its whole definition. */
  readonly select: Statement;
  readonly touched: TouchedValues;
  /** Changed rows read, by upstream. */
  readonly upstreams: readonly UpstreamLedger[];
}

/** Maps the changes of the upstreams to the values of `by` that they touch. Throws {@link NotRefreshable}. */
export async function touchedPart(run: Run, session: Session, table: ModelTable, mode: RefreshMode): Promise<TouchedPart> {
  const plan = table.incremental;
  if (plan === null) throw new NotRefreshable("it does not follow changes");
  const upstreams: UpstreamLedger[] = [];
  for (const change of mode.changed) upstreams.push(await createDelta(run, session, change));
  await createHats(run, session, mode.changed);
  const columns = columnList(plan.by);
  const queries = mode.changed.map(({ link }) => `select ${columns} from (${link.touched}\n)`);
  const nothing = `select ${columns} from ${quoteTable(table.name)} where false`;
  const params = paramsOf(run, table);
  try {
    await session.execute({
      text: `create temp table ${touchedName} as select distinct ${columns} from (${[nothing, ...queries].join(" union all ")})`,
      params,
    });
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
  const text = plan.spliced !== null && share <= spliceShare ? plan.spliced : table.select;
  return {
    select: { text: `select made.* from (${text}\n) as made semi join ${touchedName} as t on ${sameValues(plan.by, "made", "t")}`, params },
    touched: { values, of: cost?.by_values ?? null },
    upstreams,
  };
}

/** Equal values of `by`, absent ones included. */
export function sameValues(by: readonly string[], left: string, right: string): string {
  return by.map((name) => `${left}.${quoteIdentifier(name)} is not distinct from ${right}.${quoteIdentifier(name)}`).join(" and ");
}

/** An upstream's changed rows since the model last read it, netted over all commits: whole rows only. */
async function createDelta(run: Run, session: Session, { link, after, upTo }: ChangedUpstream): Promise<UpstreamLedger> {
  const upstream = tableOf(run, link.table);
  const columns = columnList(upstream.columns.map((column) => column.name));
  await session.execute({
    text: `create temp table ${deltaName(link.table)} as select sign(_net)::tinyint as _op, ${columns} from (
        select sum(_op) as _net, ${columns} from (${changesBetween(upstream, after, upTo)}) group by all having sum(_op) <> 0)`,
  });
  const read = countOf((await oneRow(session, `select count(*) as rows from ${deltaName(link.table)}`)).rows);
  return { table: link.table, read, used: null };
}

/** Every row that an upstream has now or had before. */
async function createHats(run: Run, session: Session, changed: readonly ChangedUpstream[]): Promise<void> {
  const deltas = new Set(changed.map(({ link }) => link.table));
  for (const name of hatsOf(changed)) {
    const columns = columnList(tableOf(run, name).columns.map((column) => column.name));
    const gone = deltas.has(name) ? ` union all select ${columns} from ${deltaName(name)} where _op < 0` : "";
    await session.execute({ text: `create temp view ${hatName(name)} as select ${columns} from ${quoteTable(name)}${gone}` });
  }
}

const hatsOf = (changed: readonly ChangedUpstream[]): ReadonlySet<TableName> => new Set(changed.flatMap(({ link }) => link.hats));

export async function dropTouched(session: Session, { changed }: RefreshMode): Promise<void> {
  const views = [...hatsOf(changed)].map((name) => `drop view if exists temp.${hatName(name)}`);
  const tables = [touchedName, ...changed.map(({ link }) => deltaName(link.table))].map((name) => `drop table if exists temp.${name}`);
  await session.execute({ text: [...views, ...tables].join("; ") });
}
