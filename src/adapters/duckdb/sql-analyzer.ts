import { columnTypeName } from "../../define/column-type.ts";
import { quoteIdentifier, quoteTable, quoteText } from "../../define/quote.ts";
import { messageOf } from "../../errors.ts";
import type { Session } from "../../ports/engine.ts";
import { functionSchema, withFunctionNames } from "../../ports/project-function.ts";
import type { BindFailure, BindOutcome, DeclaredTable, ParseOutcome, SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { SyntaxTree } from "../../ports/syntax-tree.ts";
import type { Params } from "../../terms.ts";
import type { Database } from "./database.ts";
import { firstLine } from "./errors.ts";
import { createFunction } from "./functions.ts";

interface Serialized {
  readonly error: boolean;
  readonly error_message?: string;
  readonly position?: string;
  readonly statements?: readonly SyntaxTree[];
}

/** Connections that bind at the same time: binding is short and single-threaded. */
const connections = 3;

/** DuckDB's parser and binder on a database of empty tables. The analyzer owns the database. */
export async function duckdbAnalyzer(database: Database): Promise<SqlAnalyzer> {
  const sessions = await Promise.all(Array.from({ length: connections }, () => database.session()));
  const pool = sessionPool(sessions);
  // Only types are wanted: a plan would be made to be thrown away.
  for (const session of sessions) await session.execute({ text: "pragma disable_optimizer" });
  await pool((session) =>
    session.execute({ text: `create schema bronze; create schema silver; create schema gold; create schema ${functionSchema}` }),
  );
  return {
    parse: (texts) => pool((session) => parse(session, texts)),
    print: (identities) => pool((session) => print(session, identities)),
    declare: async (tables) => {
      if (tables.length > 0) await pool((session) => session.execute({ text: tables.map(createTable).join("; ") }));
    },
    defineFunctions: async (functions) => {
      for (const item of functions) await pool((session) => session.execute({ text: createFunction(item, true) }));
    },
    describe: (text, params) => pool((session) => describe(session, text, params)),
    close: () => {
      for (const session of sessions) session.close();
      database.close();
    },
  };
}

function createTable(table: DeclaredTable): string {
  const columns = table.columns.map((column) => `${quoteIdentifier(column.name)} ${columnTypeName(column.type)}`);
  return `create table ${quoteTable(table.name)} (${columns.join(", ")})`;
}

/** Gives each piece of work a session of its own, in the order of the calls. */
function sessionPool(sessions: readonly Session[]): <T>(work: (session: Session) => Promise<T>) => Promise<T> {
  const free = [...sessions];
  const waiting: ((session: Session) => void)[] = [];
  return async (work) => {
    const session = free.pop() ?? (await new Promise<Session>((resolve) => waiting.push(resolve)));
    try {
      return await work(session);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free.push(session);
      else next(session);
    }
  };
}

async function describe(session: Session, text: string, params: Params): Promise<BindOutcome> {
  try {
    if (Object.keys(params).length === 0) return { columns: await session.describe(text) };
    // With values for its parameters a query has types for them too.
    const rows = await session.query({ text: `describe ${text}`, params });
    return { columns: rows.map((row) => ({ name: String(row.column_name), type: String(row.column_type) })) };
  } catch (error) {
    return { failure: bindFailure(withFunctionNames(messageOf(error))) };
  }
}

async function parse(session: Session, texts: readonly string[]): Promise<readonly ParseOutcome[]> {
  if (texts.length === 0) return [];
  const values = texts.map((text, index) => `(${index}, ${quoteText(text)})`).join(", ");
  const rows = await session.query({
    text: `select json_serialize_sql(text) as tree from (values ${values}) as texts(position, text) order by position`,
  });
  return rows.map((row) => {
    const json = String(row.tree);
    return outcomeOf(JSON.parse(json) as Serialized, withoutPlaces(json));
  });
}

async function print(session: Session, identities: readonly string[]): Promise<readonly (string | null)[]> {
  if (identities.length === 0) return [];
  const values = identities.map((identity, index) => `(${index}, ${quoteText(identity)}::json)`).join(", ");
  const printed = `select position, json_deserialize_sql(tree) as text from (values ${values}) as trees(position, tree)`;
  try {
    const rows = await session.query({ text: `select text, json_serialize_sql(text) as tree from (${printed}) order by position` });
    return rows.map((row, index) =>
      nodeOf(withoutPlaces(String(row.tree))) === nodeOf(identities[index] ?? "") ? String(row.text) : null,
    );
  } catch {
    // One that cannot be written spoils the whole query.
    if (identities.length === 1) return [null];
    const texts: (string | null)[] = [];
    for (const identity of identities) texts.push(...(await print(session, [identity])));
    return texts;
  }
}

/** The query in an identity; the rest numbers its parameters. */
function nodeOf(identity: string): string {
  const node = identity.slice(identity.indexOf('"node":'), identity.lastIndexOf(',"named_param_map":'));
  // DuckDB writes control characters as \u001F, JavaScript as \u001f.
  return node.replace(/\\u00[01][0-9A-F]/gi, (written) => written.toLowerCase());
}

function withoutPlaces(json: string): string {
  return json.replace(/,"query_location":\d+/g, "");
}

function outcomeOf(result: Serialized, identity: string): ParseOutcome {
  if (result.error) {
    const offset = result.position === undefined ? null : Number(result.position);
    return { failure: { message: parseMessage(result.error_message ?? "syntax error"), offset } };
  }
  const [tree, second] = result.statements ?? [];
  if (tree === undefined) return { failure: { message: "there is no statement", offset: null } };
  if (second !== undefined) return { failure: { message: "there is more than one statement; a model is one SELECT", offset: null } };
  return { tree, identity };
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
  const unknownFunction = /Function with name "?([^"\s]+)"? does not exist/.exec(message);
  const near = /Did you mean "(?:main\.)?([^"]+)"/.exec(message);
  return {
    message: macroMessage(message) ?? firstLine(message),
    line: line === null ? null : Number(line[1]),
    candidates: [...(candidates?.[1] ?? "").matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? ""),
    unknownColumn: unknown?.[1] ?? unknown?.[2] ?? null,
    unknownFunction:
      unknownFunction?.[1] === undefined ? null : { name: unknownFunction[1], candidates: near?.[1] === undefined ? [] : [near[1]] },
  };
}

/** Arguments of other types than a function of the project has. */
function macroMessage(message: string): string | null {
  const [, name, signature] = /Macro (\S+)_\w{16}\(\) does not support the supplied arguments[\s\S]*?\n\t\S+?(\(.*)/.exec(message) ?? [];
  return name === undefined ? null : `${name}() does not take these arguments: it is ${name}${signature}`;
}
