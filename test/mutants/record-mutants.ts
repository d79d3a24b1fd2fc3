import { commandLine, conformance, edit, type Mutant, tests } from "./mutant.ts";

const stored = (...only: readonly string[]): Mutant["tests"] => [tests("adapters/duckdb/state-store", ...only)];

/** State, stamps of files, what a crash leaves, quarantine and replay, verify and diff. */
export const recordMutants: readonly Mutant[] = [
  {
    name: "a publication stands beside the one before",
    why: "a cursor may be read that has moved on long ago",
    file: "src/adapters/sql/state-store.ts",
    edits: edit(
      'if (replaces)\n      await session.execute({\n        text: `delete from ${session.sql.table("assay.publications")',
      'if (!replaces)\n      await session.execute({\n        text: `delete from ${session.sql.table("assay.publications")',
    ),
    tests: stored("publications and files"),
  },
  {
    name: "files that no longer count stay on record",
    why: "a file that comes back is not read",
    file: "src/adapters/sql/state-store.ts",
    edits: edit(
      'if (replaces)\n      await session.execute({\n        text: `delete from ${session.sql.table("assay.files")',
      'if (!replaces)\n      await session.execute({\n        text: `delete from ${session.sql.table("assay.files")',
    ),
    tests: stored("publications and files"),
  },
  {
    name: "every publication is written as if it were the first",
    why: "old cursors and files stay beside the new ones",
    file: "src/execute/commit-table.ts",
    edits: edit("replaces: run.publications.has(table.name)", "replaces: !run.publications.has(table.name)"),
    tests: [conformance("incremental models > late")],
  },
  {
    name: "state rows are written by a connection of their own",
    why: "they are there when the transaction they belong to is not",
    file: "src/adapters/duckdb/session.ts",
    edits: edit(
      "if (rows.length > 0) await guarded(() => appendRows(connection, target, rows));",
      "if (rows.length > 0) await appendRows(await other(), target, rows);",
    ).concat(
      edit(
        "  return sessionOf(await instance.connect());",
        '  return sessionOf(await instance.connect(), async () => {\n    const other = await instance.connect();\n    if (instance !== null) await other.run("use warehouse").catch(() => undefined);\n    return other;\n  });',
      ),
      edit(
        "function sessionOf(connection: DuckDBConnection): Session {",
        "function sessionOf(connection: DuckDBConnection, other: () => Promise<DuckDBConnection>): Session {",
      ),
    ),
    tests: stored("vanish with the transaction"),
  },
  {
    name: "large numbers are cut on their way into the state",
    why: "times and sizes on record are others than were told",
    file: "src/adapters/duckdb/append-rows.ts",
    edits: edit(
      'typeof value === "number" ? Math.round(value) : String(value)',
      'typeof value === "number" ? Math.trunc(value) | 0 : String(value)',
    ),
    tests: stored("publications and files"),
  },
  {
    name: "an absent value is written as one",
    why: "what was not measured reads as 0",
    file: "src/adapters/duckdb/append-rows.ts",
    edits: edit(
      "if (value === null || value === undefined) appender.appendNull();",
      'if (value === undefined || (value === null && type === "VARCHAR")) appender.appendNull();',
    ),
    tests: stored("runs", "publications and files"),
  },
  {
    name: "touched files are not stamped anew",
    why: "every run looks into all of them again",
    file: "src/execute/execute-plan.ts",
    edits: edit("stampedAt > file.stamped_at ?", "stampedAt < file.stamped_at ?"),
    tests: [commandLine("promises/changes", "files were touched but hold what they held")],
  },
  {
    name: "a stamp is trusted however fresh the file was",
    why: "a change of the same size in the same instant is never seen",
    file: "src/adapters/files/list-files.ts",
    edits: edit(" && touched < known.stampedAt - racyMilliseconds)", ")"),
    tests: [tests("adapters/files/list-files")],
  },
  {
    name: "a stamp is of the file's size alone",
    why: "a corrected digit is never seen",
    file: "src/adapters/files/list-files.ts",
    edits: edit("`${status.size}:${status.mtimeNs}:${status.ctimeNs}:${status.ino}`", "`${status.size}`"),
    tests: [tests("adapters/files/list-files"), commandLine("promises/changes", "a changed price of equal length")],
  },
  {
    name: "what a killed run left is not looked for",
    why: "the lake fills with batches that nothing reads",
    file: "src/execute/execute-plan.ts",
    edits: edit("await context.lake.removeRun(unfinished.run_id, keep);", ""),
    tests: [conformance("resume after a fault > a crash")],
  },
  {
    name: "all that a killed run left is removed",
    why: "tables read batches that it had published, and that are gone",
    file: "src/execute/execute-plan.ts",
    edits: edit("removeRun(unfinished.run_id, keep)", "removeRun(unfinished.run_id, new Set())"),
    tests: [conformance("resume after a fault > a crash")],
  },
  {
    name: "rows that break a rule pass the door",
    why: "quarantine stays empty, and the rule is for nothing",
    file: "src/execute/land-file.ts",
    edits: edit("return rules.length === 0 ? select :", "return rules.length >= 0 ? select :"),
    tests: [commandLine("promises/quarantine", "rows that break a rule go to quarantine")],
  },
  {
    name: "absent values pass the door",
    why: "a required column holds nulls",
    file: "src/execute/land-file.ts",
    edits: edit(
      "(column) => column.nullable || !attempt.columnsWithNulls.has(column.name)",
      "(column) => column.nullable || attempt.rows >= 0",
    ),
    tests: [conformance("bronze tables > a required value")],
  },
  {
    name: "rows of files that changed stay in quarantine",
    why: "rows that are right by now are replayed in their old shape",
    file: "src/adapters/sql/quarantine-store.ts",
    edits: edit("and f.sha256 = q.file_sha256 and (q.state", "and (q.state"),
    tests: stored("quarantine"),
  },
  {
    name: "rows that a rule let pass stay in quarantine",
    why: "they stand in the table and in quarantine",
    file: "src/adapters/sql/quarantine-store.ts",
    edits: edit("and state = 'open'${judged} and id not in", "and state = 'closed'${judged} and id not in"),
    tests: stored("quarantine of a model"),
  },
  {
    name: "replayed rows stay open",
    why: "they can be entered a second time",
    file: "src/execute/replay.ts",
    edits: edit('return { ...row, state: "replayed", batch_id, closed_run_id };', "return { ...row, batch_id, closed_run_id };"),
    tests: [commandLine("promises/replay", "edited rows enter")],
  },
  {
    name: "a replayed record is also taken from its file",
    why: "the row is there twice",
    file: "src/execute/replay.ts",
    edits: edit("row.row_number === null || row.record === null ? []", "row.row_number !== null || row.record === null ? []"),
    tests: [commandLine("promises/replay", "keep their edit when the original would fit by now")],
  },
  {
    name: "verify compares keys only",
    why: "wrong values are called verified",
    file: "src/execute/verify-table.ts",
    edits: edit('if (proves === "keys" ? comparison.added === 0 : isEqual(comparison))', "if (proves !== null && comparison.added === 0)"),
    tests: [tests("execute/verify-table")],
  },
  {
    name: "verify takes a stale table for a wrong one",
    why: "a difference is recorded that the next run would have made good",
    file: "src/execute/verify-table.ts",
    edits: edit("(stale.length > 0 && !context.stale)", "(stale.length < 0 && !context.stale)"),
    tests: [tests("execute/verify-table")],
  },
  {
    name: "a value that becomes absent is no difference",
    why: "verify and diff do not see it",
    file: "src/execute/comparison-statements.ts",
    edits: edit(
      "`o.${quoteIdentifier(name)} is distinct from n.${quoteIdentifier(name)}`;",
      "`o.${quoteIdentifier(name)} <> n.${quoteIdentifier(name)}`;",
    ),
    tests: [tests("execute/compare-tables")],
  },
  {
    name: "a diff of runs begins with the changes of the first",
    why: "what the older run did is shown as done since",
    file: "src/execute/diff-runs.ts",
    edits: edit("position(commit) > start && position(commit) <= end", "position(commit) >= start && position(commit) <= end"),
    tests: [tests("execute/diff-runs")],
  },
  {
    name: "backfill moves the cursor",
    why: "changes of the values that it did not build are lost",
    file: "src/execute/backfill.ts",
    edits: edit("keepInputs: true", "keepInputs: false"),
    tests: [commandLine("promises/backfill", "values that it does not build")],
  },
];
