import { basename } from "node:path";
import type { LineCounter } from "yaml";
import type { Check } from "../define/check.ts";
import { parseColumnType } from "../define/column-type.ts";
import { append, incremental, type Materialization, snapshot, table, view } from "../define/materialization.ts";
import type { MaxRejected } from "../define/max-rejected.ts";
import type { ModelDefinition } from "../define/model.ts";
import { didYouMean } from "../define/nearest-name.ts";
import type { Column } from "../define/types.ts";
import { type WorkOptions, workOptions } from "../define/work-options.ts";
import { AssayError } from "../errors.ts";
import type { TableName } from "../terms.ts";
import type { Front } from "./front-schema.ts";
import { checkFromYaml } from "./sql-file-checks.ts";

/**
 * A model from a plain `.sql` file: `models/<layer>/…/<name>.sql` is the table `<layer>.<name>`. An opening block comment may hold YAML:
 * `description`, `grain`, `columns` (name → type, or name → { type, nullable, description, sensitive }), `materialize`, `checks`,
 * `maxRejected`, `indexes`, `tags`, `fanOut`, `retries`, `timeout`, `pool`, `priority`.
 * Without `columns` the contract is inferred from the SQL. Throws PROJECT_INVALID.
 */
export async function modelFromSqlFile(file: string, text: string): Promise<ModelDefinition> {
  const location = { file, line: 1 };
  const { front, lineAt } = await frontMatter(file, text);
  return {
    kind: "model",
    name: tableNameOf(file),
    description: front.description ?? null,
    grain: front.grain ?? null,
    columns: front.columns === undefined ? null : columnsOf(file, front.columns, lineAt),
    materialize: materializationOf(file, front.materialize ?? "table"),
    checks: (front.checks ?? []).map((check, index) => checkOf(file, check, lineAt(["checks", index]))),
    maxRejected: maxRejectedOf(front.maxRejected),
    indexes: front.indexes ?? {},
    tags: front.tags ?? [],
    fanOut: front.fanOut ?? {},
    // What YAML says is judged where what TypeScript says is.
    work: workOptions(front as WorkOptions),
    sql: { kind: "sql", text, location },
    location,
  };
}

/** Line of the file, from 1, on which a part of the front matter stands. */
type LineAt = (path: readonly PropertyKey[]) => number;

async function frontMatter(file: string, text: string): Promise<{ readonly front: Front; readonly lineAt: LineAt }> {
  const [opening = "", before = "", comment] = /^(\s*)\/\*([\s\S]*?)\*\//.exec(text) ?? [];
  if (opening === "" || comment === undefined) return { front: {}, lineAt: () => 1 };
  const { isNode, LineCounter, parseDocument } = await import("yaml");
  const { frontSchema } = await import("./front-schema.ts");
  const lines = new LineCounter();
  const document = parseDocument(comment, { lineCounter: lines });
  const lineOf = (offset: number | undefined): number => lineIn(lines, offset) + before.split("\n").length - 1;
  const [error] = document.errors;
  if (error !== undefined) throw invalid(file, `the opening comment is not YAML: ${firstSentence(error.message)}`, lineOf(error.pos[0]));
  const data: unknown = document.toJS();
  // An ordinary comment is not a contract.
  if (typeof data !== "object" || data === null) return { front: {}, lineAt: () => 1 };
  const lineAt: LineAt = (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node)) return lineOf(node.range?.[0]);
    }
    return lineOf(0);
  };
  const result = frontSchema.safeParse(data);
  if (result.success) return { front: result.data, lineAt };
  const [issue] = result.error.issues;
  const path = issue?.path ?? [];
  const place = path.length === 0 ? "" : `${path.join(".")}: `;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const meant = unknown.map(
    (key) => `; ${didYouMean(key, path.length === 0 ? frontKeys : ["type", "nullable", "description", "sensitive"])}`,
  );
  throw invalid(
    file,
    `the opening comment is not a contract: ${place}${issue?.message ?? ""}${meant.join("")}`,
    lineAt([...path, ...unknown]),
  );
}

const frontKeys = [
  "description",
  "grain",
  "columns",
  "materialize",
  "checks",
  "maxRejected",
  "indexes",
  "tags",
  "fanOut",
  "retries",
  "timeout",
  "pool",
  "priority",
];

const lineIn = (lines: LineCounter, offset: number | undefined): number => (offset === undefined ? 1 : lines.linePos(offset).line);

const firstSentence = (message: string): string => (message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");

function columnsOf(file: string, columns: NonNullable<Front["columns"]>, lineAt: LineAt): Record<string, Column> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, value]) => {
      const column = typeof value === "string" ? { type: value } : value;
      const type = parseColumnType(column.type);
      if (type === null) throw invalid(file, `column ${name} has no known type: ${column.type}`, lineAt(["columns", name]));
      const {
        nullable = false,
        description = null,
        sensitive = false,
      } = column as { nullable?: boolean; description?: string; sensitive?: boolean };
      return [name, { type, nullable, description, sensitive }];
    }),
  );
}

function materializationOf(file: string, written: NonNullable<Front["materialize"]>): Materialization {
  if (written === "table") return table();
  if (written === "view") return view();
  if (written === "append") return append();
  if ("snapshot" in written) {
    const { at, deleted, missing } = written.snapshot;
    return snapshot({ at, ...(deleted === undefined ? {} : { deleted }), ...(missing === undefined ? {} : { missing }) });
  }
  const { by, touches = {}, ignoreChanges = [], chunks } = written.incremental;
  const queries = Object.entries(touches).map(([name, text]) => [name, { kind: "sql", text, location: { file, line: 1 } }] as const);
  return incremental({
    by,
    touches: Object.fromEntries(queries),
    ignoreChanges: ignoreChanges.map((name) => ({ name })),
    ...(chunks === undefined
      ? {}
      : { chunks: { values: chunks.values, ...(chunks.concurrency === undefined ? {} : { concurrency: chunks.concurrency }) } }),
  });
}

function maxRejectedOf(written: Front["maxRejected"]): MaxRejected | null {
  if (written === undefined || typeof written === "number") return written ?? null;
  const { rows, share } = written;
  return { ...(rows === undefined ? {} : { rows }), ...(share === undefined ? {} : { share }) };
}

function checkOf(file: string, entry: Readonly<Record<string, unknown>>, line: number): Check {
  const result = checkFromYaml(entry);
  if ("fault" in result) throw invalid(file, result.fault, line);
  return result.check;
}

function tableNameOf(file: string): TableName {
  const parts = file.split(/[\\/]/);
  const layer = parts[parts.lastIndexOf("models") + 1];
  if (layer !== "silver" && layer !== "gold") {
    throw invalid(file, "a .sql model stands in models/silver/ or models/gold/, which gives its layer", 1);
  }
  return `${layer}.${basename(file, ".sql")}`;
}

function invalid(file: string, message: string, line: number): AssayError {
  return new AssayError("PROJECT_INVALID", message, {
    hint: "see docs/reference/definitions.md, plain .sql files",
    location: { file, line },
  });
}
