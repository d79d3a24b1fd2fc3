import type { Expression, SelectNode } from "../../ports/syntax-tree.ts";
import type { Leaf } from "../tree.ts";
import type { ToValue } from "./conditions.ts";
import type { Rows, VersionCondition } from "./rows.ts";
import type { Binding } from "./values.ts";

/** An expression rows are grouped by, and the position in the select list it was named by. */
export interface GroupItem {
  readonly expression: Expression;
  readonly position: number | null;
}

/** What every table of the project stands for, by name in lower case. */
export type TableRows = ReadonlyMap<string, Rows>;

/** One SELECT with the rows of its FROM and WHERE, to be looked at. */
export interface SelectReading {
  readonly select: SelectNode;
  readonly rows: Rows;
  readonly bindings: readonly (Binding & { readonly leaf: Leaf })[];
  readonly toValue: ToValue;
  /** Null: neither grouped nor an aggregate. */
  readonly groups: readonly GroupItem[] | null;
}

/** Looks at a SELECT; the versions it returns are taken as said, so that an outer SELECT does not miss them again. */
export type Look = (reading: SelectReading) => readonly VersionCondition[];
