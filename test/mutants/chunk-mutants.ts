import { conformance, edit, type Mutant, tests } from "./mutant.ts";

const chunks = (...only: readonly string[]): Mutant["tests"] => [conformance(...only.map((name) => `chunks of a file > ${name}`))];
const values = (...only: readonly string[]): Mutant["tests"] => [conformance(...only.map((name) => `chunks of values > ${name}`))];
const onPostgres = (name: string): Mutant["tests"] => [tests("conformance/postgres", `as an engine > chunks of a file > ${name}`)];

/** Files that are loaded, and models that are built, in chunks. */
export const chunkMutants: readonly Mutant[] = [
  {
    name: "chunks that are loaded are loaded again",
    why: "a run that goes on does everything again, and rows are there twice",
    file: "src/execute/mapped-steps.ts",
    edits: edit(".filter(({ chunk }) => !loaded.has(chunk))", ""),
    tests: chunks("while chunks come readers"),
  },
  {
    name: "the gathering does not wait for the chunks",
    why: "half a file is published, or nothing ever is",
    file: "src/execute/mapped-steps.ts",
    edits: edit("isOpen: (source) => (groups.get(source)?.open ?? 0) > 0,", "isOpen: () => false,"),
    tests: chunks("no more chunks at a time"),
  },
  {
    name: "a chunk that failed does not stop the gathering",
    why: "the failure is told as another one, of the table as a whole",
    file: "src/execute/mapped-steps.ts",
    edits: edit('if (status !== "succeeded") group.broken ??= step.step;', "group.broken ??= null;"),
    tests: chunks("while chunks come readers"),
  },
  {
    name: "any number of chunks at a time",
    why: "a database or a service is overrun",
    file: "src/execute/mapped-steps.ts",
    edits: edit("group.waiting.slice(0, Math.max(0, group.limit - group.active))", "[...group.waiting]"),
    tests: chunks("no more chunks at a time"),
  },
  {
    name: "what was extracted from a file as it was is taken for the file as it is",
    why: "the table holds what the source no longer says",
    file: "src/execute/extract.ts",
    edits: [
      ...edit(" || extract.input !== input) return false;", ") return false;"),
      ...edit("if (!observation.files.every(isRead)) return false;", "void isRead;"),
    ],
    tests: chunks("a file that changed meanwhile"),
  },
  {
    name: "what a full refresh has extracted is taken for what any run would",
    why: "a run publishes files that it has not been asked to read again",
    file: "src/execute/extract.ts",
    edits: edit("fullRefresh: run.fullRefresh", "fullRefresh: false"),
    tests: chunks("what a full refresh has extracted"),
  },
  {
    name: "what a killed run extracted is removed",
    why: "its chunks cannot be loaded, or all are loaded again",
    file: "src/execute/execute-plan.ts",
    edits: edit("new Set([...committedFolders(context), ...extracted])", "committedFolders(context)"),
    tests: chunks("a run that is killed"),
  },
  {
    name: "readers see rows that are on their way",
    why: "half a file is visible, unchecked",
    file: "src/adapters/postgres/bronze-store.ts",
    edits: edit("\n      where ${fileColumn} <= ${last}`", "`"),
    tests: onPostgres("while chunks come readers"),
  },
  {
    name: "the chunks of a model are gathered without being counted",
    why: "a table is published that lacks rows, or has them twice",
    file: "src/execute/gather-rows.ts",
    edits: edit("prepare: () => requireAll(run, session, table, split, relation),", "prepare: async () => void requireAll,"),
    tests: values("rows of a chunk that are not there"),
  },
  {
    name: "a model's chunk and its record are not one transaction",
    why: "what was made before a kill is made again, and is there twice",
    file: "src/execute/make-chunk.ts",
    edits: edit(
      "return session.transaction(async () => {",
      "return (async <T>(work: () => Promise<T>): Promise<T> => work())(async () => {",
    ),
    tests: values("a run that is killed"),
  },
  {
    name: "chunks of rows as they were are gone on with",
    why: "half of a table is what its upstreams no longer say",
    file: "src/execute/split-model.ts",
    edits: edit("before.input === input && ", ""),
    tests: values("what it reads, its definition or a wish"),
  },
  {
    name: "the input of a split does not know the versions",
    why: "half of a table is what its upstreams no longer say, and the gathering does not see it",
    file: "src/execute/model-input.ts",
    edits: edit("    versions,\n    fingerprint", "    fingerprint"),
    tests: values("what it reads, its definition or a wish"),
  },
  {
    name: "how a model is built is part of its definition",
    why: "tables are built again when chunks come or go",
    file: "src/compile/definition-parts.ts",
    edits: edit("const { chunks, ...meant } = materialize;", "const meant = materialize;"),
    tests: values("the chunks of a model make the table"),
  },
  {
    name: "the rows of a model's chunks stay when they are published",
    why: "the next build in chunks finds them in its way, and the database grows",
    file: "src/execute/gather-rows.ts",
    edits: edit(
      "finish: () => session.execute({ text: dropChunkTables(session.sql, table.name) }),",
      "finish: async () => void dropChunkTables,",
    ),
    tests: values("the chunks of a model make the table"),
  },
  {
    name: "chunks look through a view that stands still",
    why: "some rows of a table are newer than the others",
    file: "src/execute/splice-now.ts",
    edits: edit("behind === null ? splice", "behind !== undefined ? splice"),
    tests: values("a view whose own step did not run"),
  },
];
