import pg from "pg";
import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { polyglotTranspiler } from "../../src/adapters/polyglot/transpiler.ts";
import { postgresDialect } from "../../src/compile/dialect/postgres-dialect.ts";
import type { Session } from "../../src/ports/engine.ts";
import type { NotPortable, SqlDialect, Translated } from "../../src/ports/sql-dialect.ts";
import type { Params } from "../../src/terms.ts";
import { testAnalyzer } from "../compile/analyzer.ts";
import { type PostgresOptions, startPostgres } from "../services/postgres.ts";
import type { Example } from "./examples/example.ts";
import { duckdbTables, postgresTables, tables } from "./tables.ts";

/** The same tables in DuckDB and in PostgreSQL, and the dialect between them. */
export interface Engines {
  readonly dialect: SqlDialect;
  /** Translates a query and runs both texts; throws what was refused. */
  both(text: string, params?: Params): Promise<{ readonly duckdb: Rows; readonly postgres: Rows; readonly translated: Translated }>;
  close(): Promise<void>;
}

export interface Rows {
  readonly names: readonly string[];
  /** Each value as {@link comparable} writes it. */
  readonly rows: readonly (readonly string[])[];
}

/** A line for each row; in an order of their own where the query has none. */
export function inOrder({ rows }: Rows, { ordered = false }: Example): readonly string[] {
  const texts = rows.map((row) => row.join(" | "));
  return ordered ? texts : texts.sort();
}

/** A collation that is not DuckDB's: what depends on the database's would differ. */
const initdb = ["--locale-provider=icu", "--icu-locale=en-US", "--locale=C"];

export async function openEngines(options: Pick<PostgresOptions, "version"> = {}): Promise<Engines> {
  const server = await startPostgres({ ...options, settings: { fsync: "off", timezone: "America/New_York" }, initdb });
  const client = new pg.Client({ connectionString: server.url, types: { getTypeParser: () => (text: string) => text } });
  await client.connect();
  await client.query(postgresTables);
  const database = await memoryDatabase();
  const session = await database.session();
  await session.execute({ text: duckdbTables });
  const { analyzer } = await testAnalyzer(tables);
  const dialect = postgresDialect(analyzer, polyglotTranspiler());
  return {
    dialect,
    both: async (text, params = {}) => {
      const outcome = await dialect.translate({ text, params, relations: new Map() });
      if ("refused" in outcome) throw new Error(`refused: ${outcome.refused.map(sentence).join("; ")}`);
      const types = (await session.query({ text: `describe ${text}`, params })).map((row) => String(row.column_type));
      const digits = outcome.constructs.some((construct) => approximate.test(construct)) ? 12 : 17;
      const [duckdb, postgres] = [
        await duckdbRows(session, text, params, types, digits),
        await postgresRows(client, outcome.text, params, types, digits),
      ];
      return { duckdb, postgres, translated: outcome };
    },
    close: async () => {
      await client.end();
      session.close();
      database.close();
      analyzer.close();
      await server.stop();
    },
  };
}

const sentence = ({ construct, fix }: NotPortable): string => `${construct}: ${fix}`;

async function duckdbRows(session: Session, text: string, params: Params, types: readonly string[], digits: number): Promise<Rows> {
  const result = await session.result({ text, params });
  return {
    names: result.columns,
    rows: result.rows.map((row) => row.map((value, index) => comparable(value, types[index] ?? "", digits))),
  };
}

async function postgresRows(client: pg.Client, text: string, params: Params, types: readonly string[], digits: number): Promise<Rows> {
  const names = Object.keys(params);
  const values = names.filter((name) => text.includes(`$${name}`));
  const numbered = values.reduce((result, name, index) => result.replaceAll(`$${name}`, `$${index + 1}`), text);
  const result = await client
    .query({ text: numbered, values: values.map((name) => params[name]), rowMode: "array" })
    .catch((error: Error) => {
      throw new Error(`${error.message}\n${text}`);
    });
  const rows = result.rows as readonly (readonly unknown[])[];
  return {
    names: result.fields.map((field) => field.name),
    rows: rows.map((row) => row.map((value, index) => comparable(value, types[index] ?? "", digits))),
  };
}

/** What the two compute in other ways: such doubles are compared to 12 digits, all others to the last. */
const approximate = /^(?:aggregate|window) (?:stddev|var|covar)|^function (?:log2|ln|log|log10|exp|pow|power)$|^operator (?:\*\*|\^)$/;

/** A value as text: numbers by value, the rest as written. */
export function comparable(value: unknown, type: string, digits = 17): string {
  if (value === null || value === undefined) return "∅";
  const text = String(value);
  if (type === "BOOLEAN") return text.startsWith("t") ? "true" : "false";
  if (type === "DOUBLE" || type === "FLOAT") return Number.isFinite(Number(text)) ? String(Number(Number(text).toPrecision(digits))) : text;
  if (/^(?:DECIMAL|TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)/.test(type)) return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return text;
}
