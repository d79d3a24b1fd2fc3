import type { RunResult } from "../../terms.ts";

export interface NextCommand {
  readonly command: string;
  readonly purpose: string;
}

/** Commands worth typing after a run; `flags` are the arguments each of them needs. */
export function nextCommands(run: RunResult, flags: readonly string[]): readonly NextCommand[] {
  const command = (words: readonly string[]): string => ["assay", ...words, ...flags].map(shellWord).join(" ");
  const built = run.steps.findLast((step) => step.kind === "build" && step.status === "succeeded");
  const refused = run.steps.some((step) => step.quarantined > 0);
  const broken = run.status === "failed" || run.status === "interrupted" || run.status === "cancelled";
  return [
    ...(broken ? [{ command: command(["run"]), purpose: "what succeeded is not repeated" }] : []),
    ...(refused ? [{ command: command(["quarantine", "list"]), purpose: "the rows that were refused" }] : []),
    ...(broken || built === undefined
      ? []
      : [{ command: command(["query", `select * from ${built.table} limit 10`]), purpose: "look at the result" }]),
    { command: command(["runs", "show", run.run_id]), purpose: "this run with every check" },
  ];
}

/** A word as a POSIX shell takes it. */
function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return /["$`\\!\n]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
}
