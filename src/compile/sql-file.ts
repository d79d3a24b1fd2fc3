import { basename } from "node:path";
import type { Check } from "../define/check.ts";
import { parseColumnType } from "../define/column-type.ts";
import { type ModelDefinition, table, view } from "../define/model.ts";
import type { Column } from "../define/types.ts";
import { AssayError } from "../errors.ts";
import type { TableName } from "../terms.ts";
import { didYouMean } from "../define/nearest-name.ts";

/**
 * A model from a plain `.sql` file: `models/<layer>/…/<name>.sql` is the table `<layer>.<name>`. An opening block comment may hold YAML:
 * `description`, `grain`, `columns` (name → type, or name → { type, nullable, description, sensitive }), `materialize`, `checks`, `indexes`, `tags`.
 * Without `columns` the contract is inferred from the SQL. Throws PROJECT_INVALID.
 */
export async function modelFromSqlFile(file: string, text: string): Promise<ModelDefinition> {
  const location = { file, line: 1 };
  const comment = /^\s*\/\*([\s\S]*?)\*\//.exec(text)?.[1];
  const front = comment === undefined ? {} : await frontMatter(file, comment);
  return {
    kind: "model",
    name: tableNameOf(file),
    description: front.description ?? null,
    grain: front.grain ?? null,
    columns: front.columns === undefined ? null : columnsOf(file, front.columns),
    materialize: front.materialize === "view" ? view() : table(),
    checks: (front.checks ?? []).map((check) => checkOf(file, check)),
    indexes: front.indexes ?? {},
    tags: front.tags ?? [],
    sql: { kind: "sql", text, location },
    location,
  };
}

type Front = import("zod").infer<Awaited<ReturnType<typeof frontSchema>>>;

async function frontSchema() {
  const { z } = await import("zod");
  const column = z.union([
    z.string(),
    z.strictObject({
      type: z.string(),
      nullable: z.boolean().optional(),
      description: z.string().optional(),
      sensitive: z.boolean().optional(),
    }),
  ]);
  return z.strictObject({
    description: z.string().optional(),
    grain: z.array(z.string()).optional(),
    columns: z.record(z.string(), column).optional(),
    materialize: z.enum(["table", "view"]).optional(),
    checks: z.array(z.record(z.string(), z.unknown())).optional(),
    indexes: z.record(z.string(), z.array(z.string())).optional(),
    tags: z.array(z.string()).optional(),
  });
}

let schema: Promise<Awaited<ReturnType<typeof frontSchema>>> | undefined;

async function frontMatter(file: string, comment: string): Promise<Front> {
  const { parse } = await import("yaml");
  schema ??= frontSchema();
  let data: unknown;
  try {
    data = parse(comment);
  } catch (error) {
    throw invalid(file, `the opening comment is not YAML: ${String(error).split("\n")[0]}`);
  }
  // An ordinary comment is not a contract.
  if (typeof data !== "object" || data === null) return {};
  const result = (await schema).safeParse(data);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(file, `the opening comment is not a contract: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim());
}

function columnsOf(file: string, columns: NonNullable<Front["columns"]>): Record<string, Column> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, value]) => {
      const column = typeof value === "string" ? { type: value } : value;
      const type = parseColumnType(column.type);
      if (type === null) throw invalid(file, `column ${name} has no known type: ${column.type}`);
      const { nullable = false, description = null, sensitive = false } = column as { nullable?: boolean; description?: string; sensitive?: boolean };
      return [name, { type, nullable, description, sensitive }];
    }),
  );
}

const text = (value: unknown): string => String(value);
const listOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(text) : []);
const bound = (value: unknown): string | number | null => (typeof value === "number" ? value : value === undefined || value === null ? null : text(value));
const count = (value: unknown): number | null => (typeof value === "number" ? value : null);

type CheckReader = (value: Readonly<Record<string, unknown>>) => Omit<Check, "severity">;

const checkReaders: Readonly<Record<Check["kind"], CheckReader>> = {
  not_null: (value) => ({ kind: "not_null", column: text(value.column) }),
  unique: (value) => ({ kind: "unique", column: text(value.column) }),
  unique_combination: (value) => ({ kind: "unique_combination", columns: listOf(value.columns) }),
  accepted_values: (value) => ({ kind: "accepted_values", column: text(value.column), values: listOf(value.values) }),
  between: (value) => ({ kind: "between", column: text(value.column), min: bound(value.min), max: bound(value.max) }),
  matches: (value) => ({ kind: "matches", column: text(value.column), pattern: text(value.pattern) }),
  row_count: (value) => ({ kind: "row_count", min: count(value.min), max: count(value.max) }),
  relationships: (value) => ({ kind: "relationships", column: text(value.column), to: text(value.to), field: text(value.field) }),
  expression: (value) => ({ kind: "expression", name: text(value.name), expression: text(value.expression) }),
  conserves: (value) => ({
    kind: "conserves",
    column: text(value.column),
    upstream: text(value.upstream),
    measure: text(value.measure ?? value.column),
    where: value.where === undefined ? null : text(value.where),
  }),
  sql: (value) => ({ kind: "sql", name: text(value.name), query: text(value.query) }),
};

/** `- not_null: customer_id` or `- between: { column: price, min: 0, severity: warn }`. */
function checkOf(file: string, entry: Readonly<Record<string, unknown>>): Check {
  const [kind, value] = Object.entries(entry)[0] ?? ["", null];
  const read = Object.hasOwn(checkReaders, kind) ? checkReaders[kind as Check["kind"]] : undefined;
  if (read === undefined) throw invalid(file, `there is no check ${kind}; ${didYouMean(kind, Object.keys(checkReaders))}`);
  const fields: Readonly<Record<string, unknown>> =
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : { column: value, columns: value };
  return { ...read(fields), severity: fields.severity === "warn" ? "warn" : "error" } as Check;
}

function tableNameOf(file: string): TableName {
  const parts = file.split(/[\\/]/);
  const layer = parts[parts.lastIndexOf("models") + 1];
  if (layer !== "silver" && layer !== "gold") {
    throw invalid(file, "a .sql model stands in models/silver/ or models/gold/, which gives its layer");
  }
  return `${layer}.${basename(file, ".sql")}`;
}

function invalid(file: string, message: string): AssayError {
  return new AssayError("PROJECT_INVALID", message, { hint: "see docs/reference/models.md, plain .sql files", location: { file, line: 1 } });
}
