import { counted } from "../../observe/group-digits.ts";
import type { ErrorReport } from "../../terms.ts";
import { errorLines } from "./error-lines.ts";
import type { RenderOptions } from "./paint.ts";

/** An error and those found with it; an `AssayError` is one. */
export interface ShownError extends ErrorReport {
  readonly others?: readonly ErrorReport[];
}

/** `error CODE  message`, `  at file:line`, `  hint: …`, for each error; several end with their number. No trailing line break. */
export function renderError(error: ShownError, options: RenderOptions): string {
  const all: readonly ErrorReport[] = [error, ...(error.others ?? [])];
  const blocks = all.map((one) => errorLines(one, { ...options, indent: 0, label: "error" }).join("\n"));
  return all.length === 1 ? blocks.join("") : [...blocks, counted(all.length, "error")].join("\n\n");
}
