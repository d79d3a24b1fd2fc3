import type { ModelTable } from "../compile/manifest.ts";
import { parseColumnType } from "../define/column-type.ts";
import { columnList } from "../define/quote.ts";
import type { ColumnType, ContractColumn } from "../define/types.ts";
import { deferredFrom } from "../plan/against.ts";
import type { TableName } from "../terms.ts";
import { cancelOn } from "./cancel-on.ts";
import type { Run } from "./context.ts";

/**
 * A view shows what its upstreams hold, so new rows of an upstream would be seen through it before its own checks have run on them. Called
 * right before a table changes: published views that read it become tables of the rows they show, until their own steps make them views
 * again. Done beside the caller's transaction, once a run for each view.
 */
export async function freezeViews(run: Run, changing: TableName): Promise<void> {
  for (const view of await viewsOver(run, changing)) {
    const frozen = run.frozen.get(view.name) ?? freeze(run, view);
    run.frozen.set(view.name, frozen);
    await frozen;
  }
}

async function viewsOver(run: Run, name: TableName): Promise<readonly ModelTable[]> {
  const found = new Set<TableName>();
  const open = [name];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const table of run.manifest.tables) {
      if (table.kind !== "model" || found.has(table.name) || !(await isViewOf(run, table, next))) continue;
      found.add(table.name);
      open.push(table.name);
    }
  }
  // A view goes before the one it reads, which could not be replaced under it.
  return run.manifest.tables.filter((table): table is ModelTable => found.has(table.name)).toReversed();
}

/** Is the table published as a view that reads the other one? */
async function isViewOf(run: Run, { name, fingerprint, materialize, upstreams }: ModelTable, read: TableName): Promise<boolean> {
  const publication = run.publications.get(name);
  // One that is read from elsewhere shows what was checked there.
  if (publication === undefined || deferredFrom(publication) !== null) return false;
  if (publication.fingerprint === fingerprint) return materialize.kind === "view" && upstreams.includes(read);
  // It is defined otherwise by now, and may have been a view of other tables.
  if (!(read in publication.inputs)) return false;
  const session = await run.engine.session();
  try {
    return (await run.engine.kindOf(session, name)) === "view";
  } finally {
    session.close();
  }
}

async function freeze(run: Run, view: ModelTable): Promise<void> {
  const session = await run.engine.session();
  // Not the attempt's signal: other steps wait for this too.
  const letGo = cancelOn(run.control?.signal, session);
  // Another process may be about to freeze it, too.
  const turn = session.sql.turn(`freeze ${view.name}`);
  try {
    if (turn !== null) await session.execute({ text: turn });
    if ((await run.engine.kindOf(session, view.name)) !== "view") return;
    const { name: table, description } = view;
    // Columns as published: the definition may name others by now.
    const published = await session.describe(`select * from ${session.sql.table(table)}`);
    const text = `select ${columnList(published.map((column) => column.name))} from ${session.sql.table(table)}`;
    const columns = published.map(({ name, type }) => asPublished(name, parseColumnType(type) ?? { kind: "varchar" }));
    const candidate = { table, materialization: "table", select: { text }, columns, key: null, description } as const;
    await session.transaction(async () => {
      await run.engine.buildCandidate(session, candidate);
      await run.engine.publish(session, candidate);
    });
  } finally {
    letGo();
    // With the session its turn ends.
    session.close();
  }
}

/** What is not known of a column any more does not matter for the rows it shows. */
export function asPublished(name: string, type: ColumnType): ContractColumn {
  return { name, type, nullable: true, description: null, sensitive: false };
}
