import { commandLine, edit, type Mutant, tests } from "./mutant.ts";

const uncertain = [tests("adapters/postgres/uncertain-commit")];

/** Commits whose answer is lost. */
export const commitMutants: readonly Mutant[] = [
  {
    name: "a commit that was lost on its way counts as done",
    why: "a table that nobody published is on record, and what reads it is built from old rows",
    file: "src/adapters/postgres/session.ts",
    edits: edit('if (outcome === "aborted") throw error;', ""),
    tests: uncertain,
  },
  {
    name: "a commit whose answer is lost counts as failed, unasked",
    why: "the step is done again, and what it appends is there twice",
    file: "src/adapters/postgres/session.ts",
    edits: edit("if (!isUncertain(error)) throw error;", "throw error;"),
    tests: uncertain,
  },
  {
    name: "a transaction that nobody ends any more goes on",
    why: "its locks stop the next run",
    file: "src/adapters/postgres/uncertain-commit.ts",
    edits: edit("if (performance.now() - started > patience.end) await client.query(endSql, [pid, id]);", ""),
    tests: uncertain,
  },
  {
    name: "whatever a server process does is ended with the transaction it no longer has",
    why: "another step's, or another program's, work is lost",
    file: "src/adapters/postgres/uncertain-commit.ts",
    edits: edit("where pid = $1 and backend_xid = $2::xid8::xid", "where pid = $1 and $2::text <> ''"),
    tests: uncertain,
  },
  {
    name: "a step of which nobody knows whether it succeeded is on record as failed",
    why: "the record contradicts the table",
    file: "src/execute/run-attempt.ts",
    edits: edit('(error.code === "COMMIT_UNKNOWN" || error.code === "RUN_SUPERSEDED")', 'error.code === "RUN_SUPERSEDED"'),
    tests: [commandLine("promises/lost-commits", "where nobody can be asked")],
  },
  {
    name: "a run that lost its environment goes on publishing",
    why: "it knows nothing of what the next run has published",
    file: "src/execute/fenced-store.ts",
    edits: edit("await hold(session);", ""),
    tests: [commandLine("promises/lost-lock", "a run whose lock broke")],
  },
];
