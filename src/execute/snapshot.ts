import { touchedName } from "../compile/incremental/relation-names.ts";
import type { ModelTable } from "../compile/manifest.ts";
import { columnList, quoteIdentifier, quoteText } from "../define/quote.ts";
import { AssayError, messageOf } from "../errors.ts";
import { deferredFrom } from "../plan/against.ts";
import type { RefreshMode } from "../plan/build-mode.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { buildInFull } from "./build-in-full.ts";
import { remember } from "./commit-table.ts";
import { countOf, isoTime, oneRow, paramsOf, type Run } from "./context.ts";
import { describeRow } from "./describe-row.ts";
import { migratedColumns, sameName } from "./kept-columns.ts";
import { publishDifference } from "./publish-difference.ts";
import { createDifference } from "./row-changes.ts";
import { type SnapshotTable, snapshotTable, validitySelect } from "./snapshot-select.ts";
import { buildError } from "./step-failure.ts";
import { noFacts, StepFailure } from "./step-result.ts";
import { createTemporary, dropTemporary } from "./temporary-table.ts";
import { NotRefreshable, type TouchedPart, touchedPart } from "./touched-values.ts";
import { typedColumns } from "./typed-columns.ts";

const observed = quoteIdentifier("observed");
const keysTouched = quoteIdentifier("touched keys");

/** Key of the snapshot's own shape among the inputs of its publication. */
export const shapeInput = "snapshot";

/**
 * Builds a snapshot: what the SQL yields now is added to the versions kept so far, and the validity of every key that got a new or another
 * version is made again from all of its versions. Versions are never lost: they are not in the upstreams any more.
 */
export async function buildSnapshot(
  run: Run,
  session: Session,
  step: Step,
  position: number,
  table: ModelTable,
  mode: RefreshMode | null,
  reasons: readonly string[],
): Promise<StepResult> {
  const started = run.clock();
  const snapshot = snapshotTable(session.sql, table);
  const shape = JSON.stringify({ key: snapshot.key, at: snapshot.at });
  const before = run.publications.get(table.name);
  const known = before?.inputs[shapeInput];
  if (known !== undefined && known !== shape) throw otherShape(table);
  const moreInputs = { [shapeInput]: shape };
  let notes: readonly string[] = [];
  if (
    before === undefined ||
    known === undefined ||
    before.fingerprint !== table.fingerprint ||
    deferredFrom(before) !== null ||
    run.fullRefresh
  ) {
    return buildInFull(run, session, step, position, table, {
      select: { text: validitySelect(session.sql, snapshot, null) },
      prepare: async () => {
        const migrated = await prepareVersions(run, session, table, snapshot);
        notes = [...migrated, ...(await observe(run, session, table, snapshot, null))];
      },
      notes: () => [...reasons, ...notes],
      moreInputs,
    });
  }
  const committed = await session.transaction(async () => {
    const part = mode === null ? null : await touchedPart(run, session, table, mode);
    notes = await observe(run, session, table, snapshot, part);
    await part?.drop();
    const keys = snapshot.key.map((name) => `o.${quoteIdentifier(name)} = k.${quoteIdentifier(name)}`).join(" and ");
    const columns = columnList(table.columns.map((column) => column.name));
    const old = `select ${columns} from ${session.sql.havingPartner(`${session.sql.table(table.name)} as o`, `${keysTouched} as k`, keys)}`;
    await createDifference(session, table, old, { text: validitySelect(session.sql, snapshot, keysTouched) });
    const values = countOf((await oneRow(session, `select count(*) as keys from ${keysTouched}`)).keys);
    const all = table.upstreams.map((name) => ({ table: name, read: run.publications.get(name)?.rows ?? 0, used: null }));
    return publishDifference(run, session, step, position, table, {
      started,
      touched: { values, of: null },
      upstreams: part?.upstreams ?? all,
      notes: [...reasons, ...notes],
      moreInputs,
    });
  });
  remember(run, committed);
  return committed.result;
}

/** Columns of the versions beside those of the SQL. */
const platformColumns = ["_at", "_deleted", "_inferred"];

/** The table that keeps all versions, with the columns the SQL has now. Returns notes. Throws DESTRUCTIVE_CHANGE. */
async function prepareVersions(run: Run, session: Session, table: ModelTable, snapshot: SnapshotTable): Promise<readonly string[]> {
  const types = snapshot.columns.map((column) => `${quoteIdentifier(column.name)} ${session.sql.type(column.type)}`).join(", ");
  const fresh = `(${types}, _at timestamp, _deleted boolean, _inferred boolean)`;
  const found = run.publications.has(table.name)
    ? await session.query({
        text: "select 1 as found from information_schema.tables where table_schema = $schema and table_name = $name",
        params: { schema: session.sql.schema("assay_versions"), name: table.name },
      })
    : [];
  if (found.length === 0) {
    await session.execute({ text: `create table ${snapshot.versions} ${fresh}` });
    return [];
  }
  const described = await session.describe(`select * from ${snapshot.versions}`);
  const own = described.filter((column) => !platformColumns.includes(column.name));
  const notes = migratedColumns(session, table, snapshot.versions, own, snapshot.columns);
  const kept = [
    ...snapshot.columns.flatMap((now) => own.filter((old) => sameName(old, now)).map((old) => ({ old: old.name, now: now.name }))),
    ...platformColumns.map((name) => ({ old: name, now: name })),
  ];
  const list = (side: "old" | "now"): string => columnList(kept.map((column) => column[side]));
  const old = quoteIdentifier("old versions");
  await createTemporary(session, old, { text: `select ${list("old")} from ${snapshot.versions}` });
  await session.execute({ text: `drop table ${snapshot.versions}` });
  await session.execute({ text: `create table ${snapshot.versions} ${fresh}` });
  await session.execute({ text: `insert into ${snapshot.versions} (${list("now")}) select ${list("old")} from ${old}` });
  await dropTemporary(session, old);
  return notes;
}

/** Adds what the SQL yields to the versions; fills the temporary table of touched keys. Returns notes. */
async function observe(
  run: Run,
  session: Session,
  table: ModelTable,
  snapshot: SnapshotTable,
  part: TouchedPart | null,
): Promise<readonly string[]> {
  const { text, params = {} } = part?.made ?? { text: table.select, params: paramsOf(run, table) };
  const { key, versions, missing } = snapshot;
  const own = snapshot.columns.map((column) => column.name);
  const keys = columnList(key);
  const deleted = snapshot.deleted === null ? "false" : `((${snapshot.deleted}\n) is true)`;
  const at = quoteIdentifier(snapshot.at);
  const now = `timestamp ${quoteText(isoTime(run.clock()).replace("T", " ").replace("Z", ""))}`;
  try {
    await createTemporary(session, observed, {
      text: `select distinct ${typedColumns(session.sql, snapshot.columns)}, cast(${at} as timestamp) as _at, ${deleted} as _deleted, false as _inferred from (${text}\n) as made`,
      params,
    });
  } catch (error) {
    throw part === null ? buildError(run, table, error) : new NotRefreshable(messageOf(error));
  }
  await refuseUnplaceable(session, table, snapshot);
  const match = (a: string, b: string): string =>
    key.map((name) => `${a}.${quoteIdentifier(name)} = ${b}.${quoteIdentifier(name)}`).join(" and ");
  // The source may be ahead of the clock: what is inferred now comes after everything known.
  const after = (alias: string): string => `greatest(${now}, ${alias}._at + interval '1 microsecond')`;
  const last = `(select * from (select *, row_number() over (partition by ${keys} order by _at desc) as _place from ${versions}) as placed where _place = 1)`;
  const inPart = part === null ? "" : ` and exists (select 1 from ${touchedName} as t where ${match("t", "v")})`;
  if (missing === "close") {
    // A key that came back with a time before its inferred end holds again from now on; seen once more, it is the version made then.
    await session.execute({
      text: `update ${observed} as o set _at = case when v._deleted then ${after("v")} else v._at end, _inferred = true from ${last} as v
        where ${match("o", "v")} and v._inferred and o._at <= v._at and not (v._deleted and o._deleted)
          and o._at = (select max(m._at) from ${observed} as m where ${match("m", "o")})`,
    });
    await session.execute({
      text: `insert into ${observed} select ${own.map((name) => `v.${quoteIdentifier(name)}`).join(", ")}, ${after("v")}, true, true from ${last} as v
        where not v._deleted${inPart} and not exists (select 1 from ${observed} as o where ${match("o", "v")})`,
    });
  }
  const same = [...own, "_deleted"]
    .map((name) => session.sql.sameValue(`o.${quoteIdentifier(name)}`, `v.${quoteIdentifier(name)}`))
    .join(" and ");
  const news = `select o.* from ${observed} as o where not exists (select 1 from ${versions} as v where ${match("o", "v")} and o._at = v._at and ${same})`;
  const fresh = quoteIdentifier("new versions");
  await createTemporary(session, fresh, { text: news });
  const counts = await oneRow(
    session,
    `select count(*) filter (where exists (select 1 from ${versions} as v where ${match("n", "v")} and v._at > n._at)) as late from ${fresh} as n`,
  );
  await createTemporary(session, keysTouched, { text: `select distinct ${keys} from ${fresh}` });
  await session.execute({ text: `delete from ${versions} as v using ${fresh} as n where ${match("v", "n")} and v._at = n._at` });
  await session.execute({ text: `insert into ${versions} select * from ${fresh}` });
  for (const name of [fresh, observed]) await dropTemporary(session, name);
  const late = countOf(counts.late);
  if (late === 0) return [];
  return [`${late} ${late === 1 ? "version is" : "versions are"} older than what was known of the key: put in the middle of its history`];
}

/** Versions without a key or time, or two at one time that differ, have no place in a history. */
async function refuseUnplaceable(session: Session, table: ModelTable, snapshot: SnapshotTable): Promise<void> {
  const keys = columnList(snapshot.key);
  const refuse = (message: string, hint: string): StepFailure =>
    new StepFailure(new AssayError("CHECK_FAILED", `${table.name}: ${message}`, { hint, location: table.location }), noFacts);
  const absent = [...snapshot.key.map(quoteIdentifier), "_at"].map((name) => `${name} is null`).join(" or ");
  const [without] = await session.query({ text: `select ${keys}, _at from ${observed} where ${absent} limit 1` });
  if (without !== undefined) {
    const { _at, ...key } = without;
    const what =
      _at === null
        ? `a version of ${describeRow(key, table.columns)} has no ${snapshot.at}`
        : `a version has no key: ${describeRow(key, table.columns)}`;
    throw refuse(what, "a version needs its key and the source's time: filter such rows in the SQL, or send them to quarantine");
  }
  const [twice] = await session.query({
    text: `select ${keys}, cast(_at as varchar) as _time, count(*) as _times from ${observed} group by ${keys}, _at having count(*) > 1 order by ${keys}, _at limit 1`,
  });
  if (twice === undefined) return;
  const { _time, _times, ...key } = twice;
  throw refuse(
    `${_times} different versions of ${describeRow(key, table.columns)} have the same ${snapshot.at}, ${_time}`,
    "it cannot be told which one holds: pick one in the SQL, e.g. qualify row_number() over (partition by key and time order by …) = 1",
  );
}

function otherShape(table: ModelTable): AssayError {
  return new AssayError("CONTRACT_MISMATCH", `${table.name}: the key or the time column of the snapshot changed`, {
    hint: "the versions kept so far are told apart by the old ones: give the model a new name to start a new history, or change them back",
    location: table.location,
  });
}
