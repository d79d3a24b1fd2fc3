import type { BaseTableRef, JoinRef, SubqueryRef, TableRef } from "../../ports/syntax-tree.ts";
import type { ColumnOf, Leaf, QueryColumn, Source } from "./query.ts";
import { columnNamed, type Visible } from "./resolve-column.ts";

/** A join whose conditions are read when the whole FROM is known. */
export interface PendingJoin {
  readonly ref: JoinRef;
  readonly left: Visible;
  readonly right: Visible;
  /** Second sight of an ASOF join's right side: the rows among which it chooses. */
  readonly choice: number | null;
}

/** What is known of a leaf's source, and of its columns as the FROM names them. */
export interface LeafSource {
  readonly source: Source;
  readonly columns: readonly QueryColumn[] | null;
  readonly cte: string | null;
}

/** Where the leaves of a FROM go. */
export interface FromReader {
  readonly leaves: Leaf[];
  readonly joins: PendingJoin[];
  readonly block: number;
  sourceOf(ref: BaseTableRef | SubqueryRef): Promise<LeafSource>;
  /** Called with what makes the whole SELECT untraceable. */
  refuse(reason: string): void;
}

interface Side {
  readonly nullable: boolean;
  readonly probe: boolean;
}

const nothing: Visible = { leaves: [], merged: new Map() };

/** Reads a FROM into leaves and pending joins; gives what its columns are. */
export async function readFrom(ref: TableRef | null, reader: FromReader, side: Side): Promise<Visible> {
  if (ref === null) return nothing;
  switch (ref.type) {
    case "EMPTY":
      return nothing;
    case "JOIN":
      return readJoin(ref, reader, side);
    case "BASE_TABLE":
    case "SUBQUERY":
      return readLeaf(ref, reader, side);
    case "EXPRESSION_LIST":
      reader.refuse("it reads VALUES");
      return nothing;
    case "TABLE_FUNCTION":
      reader.refuse("it reads a table function");
      return nothing;
    default:
      reader.refuse(`it reads ${ref.type.toLowerCase()}`);
      return nothing;
  }
}

async function readLeaf(ref: BaseTableRef | SubqueryRef, reader: FromReader, side: Side): Promise<Visible> {
  if (ref.sample !== null) reader.refuse("it reads a sample");
  const { source, columns, cte } = await reader.sourceOf(ref);
  const alias = ref.alias || (ref.type === "BASE_TABLE" ? ref.table_name : "");
  const id = reader.leaves.length;
  reader.leaves.push({ id, alias, source, columns, block: reader.block, ...side, chosen: false, ref, cte });
  return { leaves: [id], merged: new Map() };
}

const joinTypes = new Set(["INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"]);

async function readJoin(ref: JoinRef, reader: FromReader, side: Side): Promise<Visible> {
  const { join_type: type, ref_type: kind } = ref;
  if (ref.alias !== "") reader.refuse("a join has an alias");
  if (kind === "NATURAL" || kind === "POSITIONAL") reader.refuse(`it reads through a ${kind} join: write the columns with USING or ON`);
  else if (!["REGULAR", "CROSS", "ASOF"].includes(kind) || !joinTypes.has(type)) reader.refuse(`it reads through a ${kind} ${type} join`);
  const isAsof = kind === "ASOF";
  if (isAsof && type !== "INNER" && type !== "LEFT") reader.refuse(`it reads through an ASOF ${type} join`);
  const hidden = type === "SEMI" || type === "ANTI";
  const left = await readFrom(ref.left, reader, { ...side, nullable: side.nullable || type === "RIGHT" || type === "FULL" });
  const right = await readFrom(ref.right, reader, {
    nullable: side.nullable || type === "LEFT" || type === "FULL",
    probe: side.probe || hidden,
  });
  const choice = isAsof ? secondSight(right, reader) : null;
  reader.joins.push({ ref, left, right, choice });
  const merged = mergedColumns(ref, left, right, reader.leaves);
  return { leaves: hidden ? left.leaves : [...left.leaves, ...right.leaves], merged };
}

/** An ASOF join takes one row of many: the others take part as a probe. */
function secondSight(right: Visible, reader: FromReader): number | null {
  const [id, ...others] = right.leaves;
  const leaf = id === undefined ? undefined : reader.leaves[id];
  if (leaf === undefined || others.length > 0) {
    reader.refuse("the right side of an ASOF join is a join itself");
    return null;
  }
  reader.leaves[leaf.id] = { ...leaf, chosen: true };
  const choice = reader.leaves.length;
  reader.leaves.push({ ...leaf, id: choice, probe: true, ref: null });
  return choice;
}

/** What bare names mean after a join: a column of USING is that of the side which is always there. */
function mergedColumns(ref: JoinRef, left: Visible, right: Visible, leaves: readonly Leaf[]): ReadonlyMap<string, ColumnOf | null> {
  const hidden = ref.join_type === "SEMI" || ref.join_type === "ANTI";
  const merged = new Map([...(hidden ? [] : right.merged), ...left.merged]);
  for (const [index, name] of ref.using_columns.entries()) {
    const ofLeft = columnNamed(name, left, leaves);
    const ofRight = columnNamed(name, right, leaves);
    const found = ref.join_type === "RIGHT" ? ofRight : ofLeft;
    // Neither side is always there, or the last column of an ASOF join is compared by order.
    const mixed = ref.join_type === "FULL" || (ref.ref_type === "ASOF" && index === ref.using_columns.length - 1);
    merged.set(name.toLowerCase(), mixed || typeof found === "string" ? null : found);
  }
  return merged;
}
