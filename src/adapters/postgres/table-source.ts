import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type CsvSource, csv, type FileSource, type PostgresTable } from "../../define/source.ts";
import type { Source, SourceFile } from "../../ports/source.ts";
import { type Target, targetOf } from "./connection.ts";
import { readTable } from "./read-table.ts";

/** Where a table's rows lie after they were brought. */
interface Fetched {
  readonly path: string;
  readonly names: readonly string[];
}

/** Tables read at the same time. */
const atOnce = 2;

/**
 * Adds tables of other databases to files: a table is brought as CSV, and from there read by `files`. `addressOf` gives a table's connection
 * address; it throws where that is not set.
 */
export function withTables(files: Source<FileSource>, addressOf: (source: PostgresTable) => string): Source {
  const fetched = new WeakMap<SourceFile, Fetched>();
  const inTurn = turns(atOnce);
  const here = (file: SourceFile): SourceFile => ({ ...file, path: placeOf(fetched, file).path });
  return {
    list: async (source, directory, known, columns) => {
      if (source.kind !== "postgres") return files.list(source, directory, known, columns);
      const target = targetOf(addressOf(source));
      const file = { path: pathOf(target, source), name: source.table, bytes: 0, stamp: "", stampedAt: 0 };
      return inTurn(() =>
        readTable(target, source.table, { columns }, async (snapshot) => [
          // What was never read need not be compared with anything.
          { ...file, sha256: known.has(file.name) ? await snapshot.sha256() : "" },
        ]),
      );
    },
    fetch: async (source, file, wanted) => {
      if (source.kind !== "postgres") return files.fetch(source, file, wanted);
      await mkdir(wanted.folder, { recursive: true });
      const path = join(wanted.folder, "rows.csv");
      return inTurn(() =>
        readTable(targetOf(addressOf(source)), source.table, wanted, async ({ names, sha256, copy }) => {
          // One snapshot: the hash is that of these very rows.
          const content = await sha256();
          await copy(wanted.key, path);
          const now = { ...file, bytes: (await stat(path)).size, sha256: content };
          fetched.set(now, { path, names });
          return now;
        }),
      );
    },
    open: async (source, file, columns, reader) =>
      source.kind === "postgres" ? files.open(rowsOf(source), here(file), columns, reader) : files.open(source, file, columns, reader),
    compare: async (source, file, columns, reader) => {
      if (source.kind !== "postgres") return files.compare(source, file, columns, reader);
      const { names } = placeOf(fetched, file);
      const isOwn = (name: string): boolean => columns.some((column) => column.name.toLowerCase() === name.toLowerCase());
      return { names, extra: names.filter((name) => !isOwn(name)).map((name) => ({ name, types: [], unusable: null })) };
    },
    refusals: async (source, file, ...rest) =>
      source.kind === "postgres" ? files.refusals(rowsOf(source), here(file), ...rest) : files.refusals(source, file, ...rest),
    broken: async (source, file, ...rest) =>
      source.kind === "postgres" ? files.broken(rowsOf(source), here(file), ...rest) : files.broken(source, file, ...rest),
    without: async (source, file, ...rest) =>
      source.kind === "postgres" ? files.without(rowsOf(source), here(file), ...rest) : files.without(source, file, ...rest),
  };
}

/** The CSV that COPY writes: a row may be as long as the server's are, and an empty text is none that is absent. */
function rowsOf(source: PostgresTable): CsvSource {
  return { ...csv(source.table), maxRowBytes: Number.MAX_SAFE_INTEGER, emptyText: true };
}

/** Where the table is, for people; no user and no password. */
const pathOf = ({ host, port, database }: Target, { table }: PostgresTable): string => `postgres://${host}:${port}/${database}/${table}`;

function placeOf(fetched: WeakMap<SourceFile, Fetched>, file: SourceFile): Fetched {
  const place = fetched.get(file);
  if (place === undefined) throw new Error(`${file.name} is read before it was fetched`);
  return place;
}

/** Runs work, no more than `limit` at the same time. */
function turns(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const lanes: Promise<unknown>[] = Array.from({ length: limit }, () => Promise.resolve());
  let next = 0;
  return (work) => {
    const lane = next++ % limit;
    const done = (lanes[lane] ?? Promise.resolve()).then(work);
    lanes[lane] = done.catch(() => undefined);
    return done;
  };
}
