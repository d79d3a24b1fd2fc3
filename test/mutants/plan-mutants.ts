import { edit, type Mutant, tests } from "./mutant.ts";

const planned = [tests("plan/plan-run")];
const cleaned = [tests("plan/plan-clean")];
const retained = [tests("adapters/duckdb/retention-store")];

/** What the compiler refuses, what a plan leaves out, what a clean removes. */
export const planMutants: readonly Mutant[] = [
  {
    name: "any reason excuses every repeated measure",
    why: "sums are doubled by a join nobody looked at",
    file: "src/compile/multiplicity/fan-traps.ts",
    edits: edit("excused.has(table.toLowerCase()) ? []", "excused.size > 0 ? []"),
    tests: [tests("compile/multiplicity/fan-traps")],
  },
  {
    name: "the second branch of a join repeats nothing",
    why: "sums are doubled where two tables hang on a third",
    file: "src/compile/multiplicity/repeated-by.ts",
    edits: edit("if (isLookup && isMeantByRow(", "if (!isLookup || isMeantByRow("),
    tests: [tests("compile/multiplicity/fan-traps")],
  },
  {
    name: "a history's start and end may be held against two times",
    why: "several versions of a key meet one row, or none",
    file: "src/compile/multiplicity/point-in-time.ts",
    edits: edit('says("ends").some((end) => end.at === start.at)', 'says("ends").some((end) => end.source === start.source)'),
    tests: [tests("compile/multiplicity/point-in-time")],
  },
  {
    name: "the optional side of a LEFT join is never absent",
    why: "a contract promises values that are not there",
    file: "src/compile/tree.ts",
    edits: edit('leavesOf(ref.right, both || ref.join_type === "LEFT")', "leavesOf(ref.right, both)"),
    tests: [tests("compile/lineage"), tests("compile/lineage-soundness")],
  },
  {
    name: "a column that can be null fits a contract that says it cannot",
    why: "the mistake is found by a run, or not at all",
    file: "src/compile/contract.ts",
    edits: edit('if (!column.nullable && output?.nullability === "yes") {', 'if (column.nullable && output?.nullability === "yes") {'),
    tests: [tests("compile/contract", "can be null")],
  },
  {
    name: "a changed definition is not seen",
    why: "the table keeps what the old one made",
    file: "src/plan/plan-run.ts",
    edits: edit('if (publication.fingerprint !== table.fingerprint) return run("changed", "its definition changed");', ""),
    tests: planned,
  },
  {
    name: "another parameter is not seen",
    why: "the table keeps what it was made with",
    file: "src/plan/plan-run.ts",
    edits: edit("publication.params[name] !== input.params[name]", "publication.params[name] === undefined"),
    tests: planned,
  },
  {
    name: "files that are gone are not seen",
    why: "their rows stay",
    file: "src/plan/plan-run.ts",
    edits: edit('const gone = table.load !== "replace" ? []', 'const gone = table.load === "replace" ? []'),
    tests: planned,
  },
  {
    name: "an upstream that another run published is not caught up with",
    why: "the table stays behind until its upstream changes again",
    file: "src/plan/plan-run.ts",
    edits: edit(
      'if (newer !== undefined) return run("new_input", `${newer} has a newer version`);\n  return skip("unchanged", `unchanged since run ${publication?.run_id}`);',
      'return skip("unchanged", `unchanged since run ${publication?.run_id ?? newer}`);',
    ),
    tests: planned,
  },
  {
    name: "a sink with another target is not sent to again",
    why: "the new target stays empty",
    file: "src/plan/plan-run.ts",
    edits: edit('table.description ?? "", identity].join("|")', 'table.description ?? "", identity.slice(0, 0)].join("|")'),
    tests: planned,
  },
  {
    name: "row changes go before the slowest model has read them",
    why: "it takes what is left for all there was",
    file: "src/plan/plan-clean.ts",
    edits: edit("Math.min(oldest, slowest?.version ?? oldest)", "Math.max(oldest, slowest?.version ?? oldest)"),
    tests: cleaned,
  },
  {
    name: "the newest of the old row changes does not count",
    why: "what a clean says is not what it does",
    file: "src/plan/plan-clean.ts",
    edits: edit("version > after && version <= last ?", "version > after && version < last ?"),
    tests: cleaned,
  },
  {
    name: "a batch that only another environment reads goes",
    why: "that environment's tables read files that are gone",
    file: "src/plan/plan-clean.ts",
    edits: edit("const files = everyone(input).flatMap((state) => state.files);", "const files = (input.retained?.files ?? []).slice();"),
    tests: cleaned,
  },
  {
    name: "a clean takes files before state",
    why: "a fault in between leaves tables that read files which are gone",
    file: "src/execute/clean.ts",
    edits: edit(
      "  const { changes, runs, subjects, splits } = plan.state;\n",
      "  const { changes, runs, subjects, splits } = plan.state;\n  for (const folder of plan.batches) await lake.removeBatch(lake.absolute(folder));\n",
    ),
    tests: retained,
  },
  {
    name: "the last version whose changes were removed still counts as recorded",
    why: "a model that reads it finds no change, and keeps old rows",
    file: "src/adapters/sql/retention-store.ts",
    edits: edit("where subject = $table and version <= $up_to", "where subject = $table and version < $up_to"),
    tests: retained,
  },
];
