import { nearestName } from "../../define/nearest-name.ts";
import type { BindFailure } from "../../ports/sql-analyzer.ts";

/** What is wrong with a call of no function, and what may have been meant: one of the project's, else one of the engine's. */
export function unknownFunction(
  { name, candidates }: NonNullable<BindFailure["unknownFunction"]>,
  functions: readonly string[],
): { readonly message: string; readonly hint: string } {
  const near = nearestName(name, functions) ?? nearestName(name, candidates);
  return {
    message: `there is no function ${name}`,
    hint: near === null ? "neither DuckDB nor the project has it; functions of the project stand in functions/" : `did you mean ${near}?`,
  };
}
