import type { BronzeTable } from "../compile/manifest.ts";
import { columnList, quoteIdentifier } from "../define/quote.ts";
import { AssayError } from "../errors.ts";
import type { Row, Session } from "../ports/engine.ts";
import type { IngestedFile } from "../ports/state-store.ts";
import { comparable, sameRows, type TableDifference, wholeTable } from "./bronze-difference.ts";
import { countOf, oneRow, type Run } from "./context.ts";
import { describeRow } from "./describe-row.ts";
import { freezeViews } from "./freeze-views.ts";
import type { Ingested } from "./ingested.ts";
import { applyDifference, countChanges, createDifference, dropDifference } from "./row-changes.ts";
import { StepFailure } from "./step-result.ts";
import { createTemporary, dropTemporary } from "./temporary-table.ts";

const latest = quoteIdentifier("latest");

/**
 * Merges files into a table by key, in the order in which they were ingested: the last row of a key holds, or removes it. Nothing but the
 * new files is read, unless the table has to be made from all of them again. Returns the relation that holds the result.
 */
export async function mergeFiles(
  run: Run,
  session: Session,
  table: BronzeTable,
  ingested: Ingested,
): Promise<{ readonly difference: TableDifference; readonly relation: string }> {
  const relation = session.sql.table(table.name);
  const isNew = (file: IngestedFile): boolean => !ingested.before.some((item) => item.name === file.name && item.files === file.files);
  // A replayed row takes its place among the files: what came after it holds.
  const isAsBefore = comparable(run, table, ingested.before) && !run.fullRefresh && sameReplays(ingested);
  // Files of a table that was not merged so far were shown by a view.
  const partly = isAsBefore && (await run.engine.kindOf(session, table.name)) === "table";
  const files = ingested.current.filter((file) => !partly || isNew(file));
  const repeated = await latestRows(run, session, table, files, ingested, isNew);
  const live = table.deleted === null ? "true" : `((${table.deleted}\n) is not true)`;
  const columns = columnList(table.columns.map((column) => column.name));
  if (!partly) {
    const candidate = {
      table: table.name,
      materialization: "table",
      columns: table.columns,
      key: table.grain,
      description: table.description,
    } as const;
    const select = { text: `select ${columns} from ${latest} where ${live}` };
    await run.engine.buildCandidate(session, { ...candidate, select });
    await freezeViews(run, table.name);
    await run.engine.publish(session, { ...candidate, select });
    await dropTemporary(session, latest);
    return { difference: { ...wholeTable, repeated }, relation };
  }
  const key = table.grain.map((name) => `o.${quoteIdentifier(name)} = n.${quoteIdentifier(name)}`).join(" and ");
  const held = quoteIdentifier("held");
  // One look at the table: the rows whose keys the files name.
  await createTemporary(session, held, {
    text: `select o.* from ${session.sql.havingPartner(`${relation} as o`, `${latest} as n`, key)}`,
  });
  await createDifference(session, table, `select ${columns} from ${held}`, { text: `select ${columns} from ${latest} where ${live}` });
  await dropTemporary(session, held);
  await dropTemporary(session, latest);
  const { inserted, updated, deleted, rows } = await countChanges(session, table);
  if (rows === 0) {
    await dropDifference(session);
    return { difference: { ...sameRows, repeated }, relation };
  }
  await freezeViews(run, table.name);
  await applyDifference(session, table);
  return { difference: { kind: "changes", changes: { inserted, updated, deleted }, repeated }, relation };
}

function sameReplays({ before, current }: Ingested): boolean {
  const replays = (files: readonly IngestedFile[]): string =>
    JSON.stringify(files.flatMap((file) => (file.replay_of === null ? [] : [[file.files, file.sequence]])));
  return replays(before) === replays(current);
}

/** The last row of every key in the files, as a temporary table; returns how many rows of new files were left out as repeated. Throws CHECK_FAILED for a key that a file gives twice. */
async function latestRows(
  run: Run,
  session: Session,
  table: BronzeTable,
  files: readonly IngestedFile[],
  ingested: Ingested,
  isNew: (file: IngestedFile) => boolean,
): Promise<number> {
  const columns = columnList(table.columns.map((column) => column.name));
  const keys = columnList(table.grain);
  const inOrder = files.filter((file) => file.files !== "").toSorted((a, b) => a.sequence - b.sequence);
  const parts: string[] = [];
  for (const [part, file] of inOrder.entries()) {
    const rows = await run.engine.batchRows(session, table, [run.lake.absolute(file.files)]);
    parts.push(`select ${part} as _part, ${file.sequence} as _file, ${columns} from ${rows} as batch`);
  }
  const staged = quoteIdentifier("staged");
  const none = `select 0 as _part, 0 as _file, ${columns} from ${await run.engine.batchRows(session, table, [])} as batch`;
  const all = parts.length === 0 ? none : parts.join(" union all ");
  await createTemporary(session, staged, { text: `select _part, _file, ${columns} from (${all}) as files` });
  const twice = `select _file, ${keys}, count(*) as _times from ${staged} group by _file, ${keys} having count(*) > 1`;
  const example = async (): Promise<Row | undefined> =>
    (await session.query({ text: `select * from (${twice}) as twice order by _times desc, _file, ${keys} limit 1` }))[0];
  if ((await example()) !== undefined) {
    // The same row twice is one row, one of them replayed or not.
    const once = quoteIdentifier("staged once");
    await createTemporary(session, once, {
      text: `select min(_part) as _part, _file, ${columns} from ${staged} group by _file, ${columns}`,
    });
    await dropTemporary(session, staged);
    await session.execute({ text: `alter table ${session.sql.temporary(once)} rename to ${staged}` });
    const found = await example();
    if (found !== undefined) throw keyTwice(table, inOrder, found, ingested);
  }
  const fresh = inOrder.flatMap((file, part) => (isNew(file) ? [{ part, rows: file.rows }] : []));
  const counts = await oneRow(
    session,
    `select count(*) as rows from ${staged} where _part in (${[-1, ...fresh.map((item) => item.part)].join(", ")})`,
  );
  if (parts.length <= 1) {
    await dropTemporary(session, latest);
    await session.execute({ text: `alter table ${session.sql.temporary(staged)} rename to ${latest}` });
  } else {
    const placed = `select ${columns}, row_number() over (partition by ${keys} order by _file desc) as _place from ${staged}`;
    await createTemporary(session, latest, { text: `select ${columns} from (${placed}) as placed where _place = 1` });
    await dropTemporary(session, staged);
  }
  return fresh.reduce((sum, item) => sum + item.rows, 0) - countOf(counts.rows);
}

function keyTwice(table: BronzeTable, files: readonly IngestedFile[], example: Row, { facts }: Ingested): StepFailure {
  const { _file, _times, ...key } = example;
  const name = files.find((file) => file.sequence === Number(_file))?.path ?? "a file";
  const message = `${table.name}: ${name} gives ${_times} different rows for the key ${describeRow(key, table.columns)}`;
  return new StepFailure(
    new AssayError("CHECK_FAILED", message, {
      hint: "one file holds one row a key: it cannot be told which one holds. Correct the file, or declare the key the rows really have; what was published before stands",
      location: table.location,
    }),
    facts,
  );
}
