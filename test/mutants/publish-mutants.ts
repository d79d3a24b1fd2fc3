import { conformance, edit, type Mutant } from "./mutant.ts";

const checked = conformance("checks before publish");

/** Checks, publication, views, the ledger and faults. */
export const publishMutants: readonly Mutant[] = [
  {
    name: "checks after publish",
    why: "readers see rows that were refused",
    file: "src/execute/build-in-full.ts",
    edits: [
      { text: "    throwOnFailure(table, facts);\n", replacement: "" },
      { text: "  remember(run, committed);", replacement: "  throwOnFailure(table, committed.result);\n  remember(run, committed);" },
    ],
    ...checked,
  },
  {
    name: "a failed check does not stop a refresh",
    why: "readers see rows that were refused",
    file: "src/execute/publish-difference.ts",
    edits: edit("  throwOnFailure(table, facts);\n", ""),
    ...checked,
  },
  {
    name: "a failed check does not stop an ingest",
    why: "readers see rows that were refused",
    file: "src/execute/publish-bronze.ts",
    edits: edit("    throwOnFailure(table, complete);\n", ""),
    ...checked,
  },
  {
    name: "new rows of a refresh are not checked",
    why: "a rule holds for full builds only",
    file: "src/execute/checks.ts",
    edits: edit("if (added.length > 0) Object.assign(", "if (added.length < 0) Object.assign("),
    ...checked,
  },
  {
    name: "the key check is skipped in a refresh",
    why: "a key has two rows",
    file: "src/execute/checks.ts",
    edits: edit("if (!isScoped(key.severity)) continue;", "if (key !== null) continue;"),
    ...checked,
  },
  {
    name: "keys of a refresh are compared among the new rows only",
    why: "a new row gets the key of an old one",
    file: "src/execute/checks.ts",
    edits: edit(
      "`${subject.relation} as r semi join ${subject.added} as a on ${match}`",
      "`${subject.added} as r semi join ${subject.added} as a on ${match}`",
    ),
    ...checked,
  },
  {
    name: "views are not frozen",
    why: "a view shows rows of its upstream before its own checks have run",
    file: "src/execute/freeze-views.ts",
    edits: edit("for (const view of viewsOver(run, changing)) {", "for (const view of viewsOver(run, changing).slice(0, 0)) {"),
    ...conformance("tables and views"),
  },
  {
    name: "views over views are not frozen",
    why: "they show what the view between them does not show yet",
    file: "src/execute/freeze-views.ts",
    edits: edit("      open.push(table.name);\n", ""),
    ...conformance("tables and views"),
  },
  {
    name: "tables below a failed one are built",
    why: "they are published from rows that were refused, or from old ones as if they were new",
    file: "src/execute/execute-plan.ts",
    edits: edit('(results.get(name)?.status ?? "succeeded") !== "succeeded")', 'results.get(name)?.status === "running")'),
    ...conformance("checks before publish", "independent steps"),
  },
  {
    name: "steps begin before what they read is finished",
    why: "they read the version before",
    file: "src/execute/execute-plan.ts",
    edits: edit("active.size >= run.concurrency || upstreams.includes(undefined)) continue;", "active.size >= run.concurrency) continue;"),
    ...conformance("independent steps"),
  },
  {
    name: "a batch whose commit went through is removed when its answer is lost",
    why: "the table reads files that are gone",
    file: "src/execute/ingest.ts",
    edits: edit("folder !== null && !(await isPublished(run, session, batchId))", "folder !== null"),
    ...conformance("resume after a fault"),
  },
  {
    name: "refused rows are dropped from the ledger",
    why: "rows are lost without a word",
    file: "src/execute/ingest.ts",
    edits: edit("quarantined: sum((file) => file.refused.length * replicas) + unsplit,", "quarantined: unsplit,"),
    ...conformance("bronze tables"),
  },
  {
    name: "refused rows are not kept",
    why: "nobody can look at them or send them again",
    file: "src/execute/publish-bronze.ts",
    edits: edit("quarantined: ingested.rows,", "quarantined: [],"),
    ...conformance("bronze tables"),
  },
  {
    name: "rows left out by WHERE are not counted",
    why: "the ledger does not say where they went",
    file: "src/execute/model-ledger.ts",
    edits: edit("rows: joined - passed }", "rows: 0 }"),
    ...conformance("the record of a run"),
  },
  {
    name: "an unbalanced ledger passes",
    why: "lost rows are published",
    file: "src/execute/step-failure.ts",
    edits: edit("if (facts.rows_in === null) return;", "if (facts.rows_in !== undefined) return;"),
    tests: ["test/execute/step-failure.test.ts"],
  },
];
