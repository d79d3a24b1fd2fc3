import { DuckDBInstance } from "@duckdb/node-api";
import { measureSuccess } from "./measure.ts";
import { assay } from "./places.ts";

/** Runs statements on a database file; returns the first value of the last one. */
export async function inDatabase(path: string, statements: readonly string[]): Promise<string> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    let value = "";
    for (const text of statements) value = String((await connection.runAndReadAll(text)).getRowsJson()[0]?.[0]);
    return value;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The first value of a query, as `assay query` gives it. */
export async function inProject(project: string, query: string): Promise<string> {
  const { stdout } = await measureSuccess(assay(["query", query, "--project", project, "--json"]));
  return String((JSON.parse(stdout) as { readonly rows: readonly (readonly string[])[] }).rows[0]?.[0]);
}

/** Throws unless all contestants made the same: no ratio is quoted for other work. */
export function assertAgree(made: readonly { readonly name: string; readonly contents: string }[]): void {
  const [first, ...others] = made;
  const other = others.find(({ contents }) => contents !== first?.contents);
  if (other !== undefined) throw new Error(`no ratio: ${first?.name} made ${first?.contents}, ${other.name} ${other.contents}`);
}
