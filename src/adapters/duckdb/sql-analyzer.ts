import { columnTypeName } from "../../define/column-type.ts";
import { quoteIdentifier, quoteTable, quoteText } from "../../define/quote.ts";
import { messageOf } from "../../errors.ts";
import type { Session } from "../../ports/engine.ts";
import type { BindFailure, ParseOutcome, SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { SyntaxTree } from "../../ports/syntax-tree.ts";
import type { Database } from "./database.ts";
import { firstLine } from "./errors.ts";

interface Serialized {
  readonly error: boolean;
  readonly error_message?: string;
  readonly position?: string;
  readonly statements?: readonly SyntaxTree[];
}

/** DuckDB's parser and binder on a database of empty tables. The analyzer owns the database. */
export async function duckdbAnalyzer(database: Database): Promise<SqlAnalyzer> {
  const session = await database.session();
  await session.execute({ text: "create schema bronze; create schema silver; create schema gold" });
  return {
    parse: (texts) => parse(session, texts),
    declare: async (table, columns) => {
      const list = columns.map((column) => `${quoteIdentifier(column.name)} ${columnTypeName(column.type)}`).join(", ");
      await session.execute({ text: `create table ${quoteTable(table)} (${list})` });
    },
    describe: async (text, params) => {
      try {
        const rows = await session.query({ text: `describe ${text}`, params });
        return { columns: rows.map((row) => ({ name: String(row.column_name), type: String(row.column_type) })) };
      } catch (error) {
        return { failure: bindFailure(messageOf(error)) };
      }
    },
    aggregates: async () => {
      const rows = await session.query({ text: "select distinct function_name from duckdb_functions() where function_type = 'aggregate'" });
      return new Set(rows.map((row) => String(row.function_name)));
    },
    close: () => {
      session.close();
      database.close();
    },
  };
}

async function parse(session: Session, texts: readonly string[]): Promise<readonly ParseOutcome[]> {
  if (texts.length === 0) return [];
  const values = texts.map((text, index) => `(${index}, ${quoteText(text)})`).join(", ");
  const rows = await session.query({
    text: `select json_serialize_sql(text) as tree from (values ${values}) as texts(position, text) order by position`,
  });
  return rows.map((row) => outcomeOf(JSON.parse(exactIntegers(String(row.tree))) as Serialized));
}

/** Integers JavaScript would round become texts: two constants that differ in the last digit are two definitions. */
function exactIntegers(json: string): string {
  const isLong = /[:[,]-?(?!18446744073709551615\b)\d{16}/;
  if (!isLong.test(json)) return json;
  return json.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (part) => (/^-?\d{16,}$/.test(part) ? `"${part}"` : part));
}

function outcomeOf(result: Serialized): ParseOutcome {
  if (result.error) {
    const offset = result.position === undefined ? null : Number(result.position);
    return { failure: { message: parseMessage(result.error_message ?? "syntax error"), offset } };
  }
  const [tree, second] = result.statements ?? [];
  if (tree === undefined) return { failure: { message: "there is no statement", offset: null } };
  if (second !== undefined) return { failure: { message: "there is more than one statement; a model is one SELECT", offset: null } };
  return { tree };
}

/** In the parser's words, less the rest of the text it may quote. */
function parseMessage(message: string): string {
  if (message.startsWith("Only SELECT statements")) return "this is not one SELECT statement";
  return message.replace(/ at or near "[^"\n]*\n[\s\S]*$/, "");
}

function bindFailure(message: string): BindFailure {
  const line = /\nLINE (\d+):/.exec(message);
  const candidates = /Candidate bindings: :? ?(.*)/.exec(message);
  const unknown = /Referenced column "([^"]+)" not found|does not have a column named "([^"]+)"/.exec(message);
  return {
    message: firstLine(message),
    line: line === null ? null : Number(line[1]),
    candidates: [...(candidates?.[1] ?? "").matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? ""),
    unknownColumn: unknown?.[1] ?? unknown?.[2] ?? null,
  };
}
