import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseLocked, readDatabases } from "../adapters/duckdb/database.ts";
import type { ManifestTable } from "../compile/manifest.ts";
import { quoteIdentifier, quoteTable } from "../define/quote.ts";
import type { ComparedEnvironment } from "../execute/diff-environments.ts";
import type { DescribedColumn, Session } from "../ports/engine.ts";
import type { Publication } from "../ports/state-store.ts";
import { lockedError } from "./warehouse/owner.ts";
import { readTables, type Workspace } from "./workspace.ts";

/** Tables of two environments in one session of an embedded DuckDB. */
export interface OpenedBoth {
  readonly session: Session;
  readonly old: ComparedEnvironment;
  readonly new: ComparedEnvironment;
  readonly close: () => Promise<void>;
}

/** A table's rows as a CSV file. */
interface Copy {
  readonly table: string;
  readonly columns: readonly DescribedColumn[];
  readonly file: string;
}

/** One of the two, until they are open. */
interface Side {
  readonly workspace: Workspace;
  readonly name: "old" | "new";
  readonly publications: ReadonlyMap<string, Publication>;
  /** The tables' columns and rows, where DuckDB cannot read the environment itself. */
  readonly copies: readonly Copy[] | null;
}

/** Database files are read where they are; of other environments the tables' rows are copied. Throws NOTHING_BUILT, PROJECT_LOCKED. */
export async function openBoth(old: Workspace, now: Workspace, tables: readonly ManifestTable[]): Promise<OpenedBoth> {
  const scratch = join(old.platformFolder, "scratch");
  await mkdir(scratch, { recursive: true });
  const folder = await mkdtemp(join(scratch, "diff-"));
  const opened: (() => void)[] = [];
  const close = async (): Promise<void> => {
    for (const end of opened.toReversed()) end();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const sides = [await sideOf(old, "old", tables, folder), await sideOf(now, "new", tables, folder)] as const;
    const files = sides.flatMap(({ workspace, name }) =>
      workspace.warehouse.file === null ? [] : [{ name, path: workspace.warehouse.file }],
    );
    const database = await readDatabases(files, scratch).catch((error: unknown) => {
      if (!(error instanceof DatabaseLocked)) throw error;
      throw lockedError(old.platformFolder, files.map(({ path }) => path).join(" or "), error.processId);
    });
    opened.push(() => database.close());
    const session = await database.session();
    opened.push(() => session.close());
    const [first, second] = [await compared(session, sides[0]), await compared(session, sides[1])];
    return { session, old: first, new: second, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function sideOf(workspace: Workspace, name: Side["name"], tables: readonly ManifestTable[], folder: string): Promise<Side> {
  return readTables(workspace, async (session) => {
    const { publications } = await workspace.warehouse.store.read(session);
    if (workspace.warehouse.file !== null) return { workspace, name, publications, copies: null };
    const copies: Copy[] = [];
    for (const { name: table } of tables.filter((item) => publications.has(item.name))) {
      const file = join(folder, `${name} ${table}`);
      const columns = await session.describe(`select * from ${session.sql.table(table)}`);
      await session.copyOut(`select * from ${session.sql.table(table)}`, file);
      copies.push({ table, columns, file });
    }
    return { workspace, name, publications, copies };
  });
}

async function compared(session: Session, { workspace, name, publications, copies }: Side): Promise<ComparedEnvironment> {
  if (copies === null) {
    const relation = (table: string): string => `${quoteIdentifier(name)}.${quoteTable(table)}`;
    return { name: workspace.environment, publications, relation };
  }
  const relation = (table: string): string => quoteIdentifier(`${name} ${table}`);
  for (const { table, columns, file } of copies) {
    const typed = columns.map((column) => `${quoteIdentifier(column.name)} ${column.type}`);
    await session.execute({ text: `create temp table ${relation(table)} (${typed.join(", ")})` });
    const names = columns.map((column) => column.name);
    await session.copyIn(relation(table), names, file);
  }
  return { name: workspace.environment, publications, relation };
}
