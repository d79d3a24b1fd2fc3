import type { Expression, QueryNode, TableRef } from "../../ports/syntax-tree.ts";
import { plainSelect } from "../incremental/exact-tree.ts";
import { type Carry, isAggregate, lowerName } from "./carry.ts";
import { type Scope, starOf, typesOf } from "./scope.ts";
import { familyOf } from "./sql-types.ts";
import { columnRef, constantOf } from "./tree-builders.ts";

interface FunctionRef {
  readonly type: "TABLE_FUNCTION";
  readonly alias: string;
  readonly function: Expression;
  readonly column_name_alias: readonly string[];
  readonly with_ordinality?: string;
}

/** What a FROM needs from the query around it. */
export interface FromContext {
  readonly carry: Carry;
  readonly scope: Scope;
  /** Names of WITH queries that can be seen, in lower case. */
  readonly ctes: ReadonlySet<string>;
  query(node: QueryNode, scope: Scope, ctes: ReadonlySet<string>): Promise<QueryNode>;
  /** Carries over a condition on the columns of a FROM. */
  expression(expression: Expression, from: TableRef | null): Promise<Expression>;
}

/** A FROM in the target's SQL. */
export async function carriedFrom(ref: TableRef | null, context: FromContext): Promise<TableRef | null> {
  if (ref === null || ref.type === "EMPTY") return ref;
  const { carry } = context;
  if (ref.sample !== null && ref.sample !== undefined) return carry.refuse(ref, "TABLESAMPLE", "filter by a hash of the key");
  switch (ref.type) {
    case "BASE_TABLE":
      return table(ref, context);
    case "JOIN":
      return join(ref, context);
    case "SUBQUERY": {
      carry.used("subquery in FROM");
      const node = await context.query(ref.subquery.node, context.scope, context.ctes);
      return {
        ...ref,
        alias: lowerName(ref.alias),
        subquery: { ...ref.subquery, node },
        column_name_alias: ref.column_name_alias.map(lowerName),
      };
    }
    case "TABLE_FUNCTION":
      return tableFunction(ref as unknown as FunctionRef, context);
    default:
      return carry.refuse(ref, ref.type, "write it with joins, CASE and aggregates");
  }
}

async function table(ref: TableRef & { readonly type: "BASE_TABLE" }, context: FromContext): Promise<TableRef> {
  const { carry, scope, ctes } = context;
  if (ref.at_clause !== null && ref.at_clause !== undefined) return carry.refuse(ref, "AT (VERSION …)", "read the table as it is");
  const alias = lowerName(ref.alias || ref.table_name);
  const names = ref.column_name_alias.map(lowerName);
  if (ref.schema_name === "" && ctes.has(lowerName(ref.table_name))) {
    return { ...ref, alias, table_name: lowerName(ref.table_name), column_name_alias: names };
  }
  const columns = await scope.describe(plainSelect([starOf("")], ref));
  if (columns === null) return carry.refuse(ref, `table ${ref.table_name}`, "its columns are not known");
  const { schema, name: table_name } = carry.relation(ref.schema_name, ref.table_name);
  const plain = { ...ref, schema_name: schema, table_name, catalog_name: "", alias, column_name_alias: names };
  if (columns.every(({ name }) => name === lowerName(name))) return plain;
  // Everything around it is in lower case.
  const items = columns.map(({ name }) => columnRef([name], lowerName(name)));
  const node = plainSelect(items, { ...plain, alias: "", column_name_alias: [] });
  const subquery = { type: "SUBQUERY", alias, sample: null, subquery: { node, named_param_map: [] }, column_name_alias: names };
  return subquery as unknown as TableRef;
}

const joins: Readonly<Record<string, string>> = {
  INNER: "JOIN",
  LEFT: "LEFT JOIN",
  RIGHT: "RIGHT JOIN",
  FULL: "FULL JOIN",
  OUTER: "FULL JOIN",
};

async function join(ref: TableRef & { readonly type: "JOIN" }, context: FromContext): Promise<TableRef> {
  const { carry } = context;
  const construct = ref.ref_type === "CROSS" ? "CROSS JOIN" : joins[ref.join_type];
  if (construct === undefined || (ref.ref_type !== "REGULAR" && ref.ref_type !== "CROSS")) {
    const exists = ref.join_type === "SEMI" || ref.join_type === "ANTI";
    const fix = exists ? "use WHERE [NOT] EXISTS (…)" : "use JOIN … ON with the condition written out";
    return carry.refuse(ref, `${exists ? ref.join_type : ref.ref_type} JOIN`, fix);
  }
  carry.used(construct);
  if (ref.using_columns.length > 0) carry.used("USING");
  const left = await carriedFrom(ref.left, context);
  const right = await carriedFrom(ref.right, context);
  const condition = ref.condition === null ? null : await context.expression(ref.condition, ref);
  return { ...ref, left, right, condition, using_columns: ref.using_columns.map(lowerName) } as TableRef;
}

const bounds = { integer: "bigint", timestamp: "timestamp" } as const;

/** range and generate_series of whole numbers or moments. */
async function tableFunction(ref: FunctionRef, context: FromContext): Promise<TableRef> {
  const { carry, scope } = context;
  const name = (ref.function.function_name ?? "").toLowerCase();
  const construct = `function ${name} in FROM`;
  const refuse = (fix: string) => carry.refuse(ref as unknown as TableRef, construct, fix);
  if (name !== "range" && name !== "generate_series") return refuse("read a table of the project");
  const args = ref.function.children ?? [];
  const types = await typesOf(args, null, scope, isAggregate);
  const families = types.map(familyOf).map((family) => (family === "date" ? "timestamp" : family));
  const kind = families[0] === "integer" ? "integer" : "timestamp";
  const wanted = kind === "integer" ? ["integer", "integer", "integer"] : ["timestamp", "timestamp", "interval"];
  const fits = families.every((family, index) => family === wanted[index]) && (kind === "integer" || args.length === 3);
  if (!fits || args.length > 3) return refuse("give whole numbers, or two timestamps and an interval");
  const step = args[2];
  if (kind === "integer" && step !== undefined && !(Number(constantOf(step)) > 0)) return refuse("give a step that is a constant above 0");
  if (ref.alias === "" || ref.with_ordinality === "WITH_ORDINALITY") return refuse("name it and its column: … AS days(day)");
  const trees: Expression[] = [];
  for (const arg of args) trees.push(await context.expression(arg, null));
  carry.used(construct);
  const template = seriesTemplate(name, kind, trees.length);
  const call = carry.fragments.placeholder(template, trees);
  const column = ref.column_name_alias[0] ?? name;
  return { ...ref, alias: lowerName(ref.alias), function: call, column_name_alias: [lowerName(column)] } as unknown as TableRef;
}

function seriesTemplate(name: string, kind: keyof typeof bounds, count: number): string {
  const type = bounds[kind];
  const last = (hole: string): string => {
    if (name === "generate_series") return `cast(${hole} as ${type})`;
    return kind === "integer" ? `cast(${hole} as bigint) - 1` : `cast(${hole} as timestamp) - interval '1 microsecond'`;
  };
  if (count === 1) return `generate_series(0::bigint, ${last("$1")})`;
  return `generate_series(cast($1 as ${type}), ${last("$2")}${count === 3 ? ", $3" : ""})`;
}
