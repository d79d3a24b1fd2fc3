import { conformance, edit, type Mutant, tests } from "./mutant.ts";

const chunks = (...only: readonly string[]): Mutant["tests"] => [conformance(...only.map((name) => `chunks of a file > ${name}`))];
const onPostgres = (name: string): Mutant["tests"] => [tests("conformance/postgres", `as an engine > chunks of a file > ${name}`)];

/** Files that are loaded in chunks. */
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
];
