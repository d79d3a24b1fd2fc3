import { commandLine, conformance, edit, type Mutant } from "./mutant.ts";

const bronze = [conformance("bronze tables")];
const history = [conformance("append and snapshot")];

/** Bronze loads, append and snapshot. */
export const historyMutants: readonly Mutant[] = [
  {
    name: "merge in the reverse order of files",
    why: "the first row of a key holds, not the last",
    file: "src/execute/merge-files.ts",
    edits: edit("order by _file desc) as _place", "order by _file) as _place"),
    tests: bronze,
  },
  {
    name: "tombstones are rows",
    why: "what the source deleted stays",
    file: "src/execute/merge-files.ts",
    edits: edit('const live = table.deleted === null ? "true"', 'const live = table.deleted !== undefined ? "true"'),
    tests: bronze,
  },
  {
    name: "a corrected file keeps its old place",
    why: "a full refresh undoes the correction",
    file: "src/execute/ingest.ts",
    edits: edit("return latest?.sha256 === file.sha256 ? latest.sequence : undefined;", "return latest?.sequence;"),
    tests: bronze,
  },
  {
    name: "append forgets files that are gone",
    why: "rows vanish with the files they came in",
    file: "src/execute/ingest.ts",
    edits: edit('if (table.load === "replace") return [];', 'if (table.load !== "merge") return [];'),
    tests: bronze,
  },
  {
    name: "two rows of one key in one file: one of them is taken",
    why: "which one holds is a matter of luck",
    file: "src/execute/merge-files.ts",
    edits: edit("if (found !== undefined) throw keyTwice(", "if (found === null) throw keyTwice("),
    tests: bronze,
  },
  {
    name: "rows of files that went away are no change",
    why: "what follows the table keeps them",
    file: "src/execute/bronze-difference.ts",
    edits: edit(
      "const removed = await run.engine.batchRows(session, table, pathsOf(gone));",
      "const removed = await run.engine.batchRows(session, table, []);",
    ),
    tests: [conformance("change tracking")],
  },
  {
    name: "a version holds up to and including its end",
    why: "at the moment of a change two versions hold, and rows are doubled",
    file: "src/define/as-of.ts",
    edits: edit("${time} < ${versions}.valid_to)", "${time} <= ${versions}.valid_to)"),
    tests: history,
  },
  {
    name: "one attribute does not make a version",
    why: "its changes are lost",
    file: "src/execute/snapshot-select.ts",
    edits: edit(
      ".filter((name) => name !== at && !key.includes(name));",
      ".filter((name) => name !== at && !key.includes(name)).slice(1);",
    ),
    tests: history,
  },
  {
    name: "an attribute that becomes absent makes no version",
    why: "the old value seems to hold on",
    file: "src/execute/snapshot-select.ts",
    edits: edit("${name} is distinct from lag(${name}) ${window}", "${name} <> lag(${name}) ${window}"),
    tests: history,
  },
  {
    name: "the first version begins at its own time",
    why: "facts from before it meet nothing",
    file: "src/execute/snapshot-select.ts",
    edits: edit("case when _place = 1 then", "case when _place = 0 then"),
    tests: history,
  },
  {
    name: "a deletion is a version",
    why: "what was deleted is current",
    file: "src/execute/snapshot-select.ts",
    edits: edit("as placed where not _deleted`", "as placed`"),
    tests: history,
  },
  {
    name: "late versions are dropped",
    why: "history depends on the order in which it was told",
    file: "src/execute/snapshot.ts",
    edits: edit("and o._at = v._at and ${same})`;", "and (o._at < v._at or o._at = v._at and ${same}))`;"),
    tests: history,
  },
  {
    name: "a corrected version stands beside the old one",
    why: "two versions hold at one time",
    file: "src/execute/snapshot.ts",
    edits: edit('where ${match("v", "n")} and v._at = n._at` });', 'where ${match("v", "n")} and v._at > n._at` });'),
    tests: history,
  },
  {
    name: "missing keys are not closed",
    why: "what the source has no more is current",
    file: "src/execute/snapshot.ts",
    edits: edit('if (missing === "close") {', 'if (missing !== "close") {'),
    tests: history,
  },
  {
    name: "append adds keys that are there",
    why: "a row that is sent again is there twice",
    file: "src/execute/append.ts",
    edits: edit("as fresh where not exists (select 1 from ${existing} as old where ${match})`", "as fresh`"),
    tests: history,
  },
  {
    name: "append computes its rows again when the definition changes",
    why: "what was added once is changed",
    file: "src/execute/append.ts",
    edits: edit("{ text: keptAndNew(session, table, known), params: paramsOf(run, table) }", "firstRows(run, table)"),
    tests: history,
  },
  {
    name: "a column of kept rows is dropped without a word",
    why: "what it held cannot be made again",
    file: "src/execute/kept-columns.ts",
    edits: edit(
      "if (column === undefined) refused.push(",
      "if (column === undefined) notes.push(`dropped`); else if (false) refused.push(",
    ),
    tests: history,
  },
  {
    name: "a column of kept rows is narrowed",
    why: "values are rounded that cannot be made again",
    file: "src/define/holds-numbers.ts",
    edits: edit("to.scale >= from.scale;", "true;"),
    tests: history,
  },
  {
    name: "files of one merge are not put in order",
    why: "a key has a row of each file",
    file: "src/execute/merge-files.ts",
    edits: edit("if (parts.length <= 1) {", "if (parts.length <= 2) {"),
    tests: [conformance("bronze tables > merge: of several files at once")],
  },
  {
    name: "the same row twice in a file is refused",
    why: "a harmless repetition stops the table",
    file: "src/execute/merge-files.ts",
    edits: edit("{ text: `select distinct * from ${staged}` }", "{ text: `select * from ${staged}` }"),
    tests: [conformance("bronze tables > merge: rows sent again")],
  },
  {
    name: "rows left out as repeated are not counted",
    why: "the ledger says they were published",
    file: "src/execute/merge-files.ts",
    edits: edit(
      "return fresh.reduce((sum, item) => sum + item.rows, 0) - countOf(counts.rows);",
      "return Math.min(0, countOf(counts.rows));",
    ),
    tests: [conformance("bronze tables > merge: rows sent again")],
  },
  {
    name: "rows replayed into a merged table come last",
    why: "an old record takes the place of what came after it",
    file: "src/execute/merge-files.ts",
    edits: edit("return replays(before) === replays(current);", "return replays(before) !== null || replays(current) !== null;"),
    tests: [commandLine("promises/replay", "with merge a replayed row")],
  },
];
