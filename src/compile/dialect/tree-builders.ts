import type { Expression } from "../../ports/syntax-tree.ts";

/** An expression with the fields that only some classes have. */
export interface AnyExpression extends Expression {
  readonly is_operator?: boolean;
  readonly start_expr?: Expression | null;
  readonly end_expr?: Expression | null;
  readonly offset_expr?: Expression | null;
  readonly default_expr?: Expression | null;
  readonly filter_expr?: Expression | null;
  readonly ignore_nulls?: boolean;
  readonly exclude_clause?: string;
}

export interface OrderKey {
  readonly type: string;
  readonly null_order: string;
  readonly expression: Expression;
}

/** A column, by its name or by table and name. */
export function columnRef(names: readonly string[], alias = ""): Expression {
  return { class: "COLUMN_REF", type: "COLUMN_REF", alias, column_names: names } as unknown as Expression;
}

export function textConstant(text: string): Expression {
  return constant("VARCHAR", text);
}

export function integerConstant(value: number): Expression {
  return constant("INTEGER", value);
}

function constant(id: string, value: string | number): Expression {
  const typed = { type: { id, type_info: null }, is_null: false, value };
  return { class: "CONSTANT", type: "VALUE_CONSTANT", alias: "", value: typed } as unknown as Expression;
}

export function functionCall(name: string, children: readonly Expression[]): Expression {
  return {
    class: "FUNCTION",
    type: "FUNCTION",
    alias: "",
    function_name: name,
    schema: "",
    children,
    filter: null,
    order_bys: { type: "ORDER_MODIFIER", orders: [] },
    distinct: false,
    is_operator: false,
    export_state: false,
    catalog: "",
  } as unknown as Expression;
}

/** Text of a VARCHAR constant, number of an integer one; null for anything else. */
export function constantOf(expression: Expression | undefined): string | number | null {
  if (expression?.class !== "CONSTANT" || expression.value?.is_null === true) return null;
  const { value } = expression.value ?? {};
  return typeof value === "string" || (typeof value === "number" && Number.isSafeInteger(value) && isInteger(expression)) ? value : null;
}

function isInteger(expression: Expression): boolean {
  const { type } = expression.value as { readonly type?: { readonly id: string } };
  return type?.id === "INTEGER" || type?.id === "BIGINT";
}
