import type { FunctionEngine } from "../define/sql-function.ts";
import type { ColumnType } from "../define/types.ts";

/** Schema of the project's functions; SQL calls them by {@link ProjectFunction.call} in it. */
export const functionSchema = "assay_functions";

/**
 * A function as an engine makes it. What it does is part of its `call`, so that one of another body is another function beside it: what was
 * built with the old one, views above all, stays as it is until it is built again.
 */
export interface ProjectFunction {
  /** As people write it. */
  readonly name: string;
  /** Its name in {@link functionSchema}: `<name>_<fingerprint>`. */
  readonly call: string;
  readonly params: readonly { readonly name: string; readonly type: ColumnType }[];
  readonly result: ColumnType;
  /** Expression over the parameters; calls of other functions by their `call`, these stand before it. */
  readonly bodies: Readonly<Partial<Record<FunctionEngine, string>>>;
}

/** A text for people, with functions by their names instead of their versions. */
export const withFunctionNames = (text: string): string => text.replace(/\bassay_functions\.([a-z][a-z0-9_]*)_[0-9a-f]{16}\b/g, "$1");
