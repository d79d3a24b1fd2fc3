import { AssayError } from "../errors.ts";

/** Options of a run or plan that is held against another environment. */
export interface AgainstOptions {
  readonly against?: string;
  /** File for the summary, beside `.assay/<environment>/summary.md`. */
  readonly summary?: string;
  readonly samples?: number;
}

/** `--summary` and `--samples` say how to tell what `--against` finds. Throws USAGE. */
export function requireAgainst(options: AgainstOptions): void {
  if (options.against !== undefined || options.summary === undefined) return;
  throw new AssayError("USAGE", "--summary tells what a run held against another environment changed", {
    hint: "add --against ENV, e.g. assay run --env ci --against pro --summary summary.md",
  });
}
