import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { columnList, quoteText } from "../../define/quote.ts";
import type { ContractColumn } from "../../define/types.ts";
import type { Session } from "../../ports/engine.ts";
import type { SinkRows } from "../../ports/sink.ts";
import { fingerprintSql } from "./checksum.ts";

const megabyte = 1024 * 1024;
/** Typical width of a value in CSV; only the size of the parts depends on it. */
const bytesPerValue = 15;

/**
 * The rows of a relation as a sink takes them. `relation` is SQL for a FROM clause, e.g. what `quoteTable` gives. Both methods use the
 * session, one after the other.
 */
export function sinkRows(session: Session, relation: string, columns: readonly ContractColumn[]): SinkRows {
  return {
    exportCsv: async (folder, parts) => {
      const [count] = await session.query({ text: `select count(*)::varchar as rows from ${relation}` });
      const target = join(folder, "rows");
      await session.execute({ text: exportSql(relation, columns, target, partBytes(Number(count?.rows), columns.length, parts)) });
      return largestFirst(target);
    },
    fingerprint: async () => {
      const [row] = await session.query({ text: fingerprintSql(relation, columns) });
      return { rows: Number(row?.rows), checksum: String(row?.checksum) };
    },
  };
}

function partBytes(rows: number, columns: number, parts: number): number {
  const share = Math.ceil((rows * columns * bytesPerValue) / parts);
  return Math.min(Math.max(share, 4 * megabyte), 256 * megabyte);
}

function exportSql(relation: string, columns: readonly ContractColumn[], folder: string, bytes: number): string {
  const names = columnList(columns.map((column) => column.name));
  // A line of nothing but `\.` ends a COPY on PostgreSQL before 18, unless it is quoted.
  const quoted = columns.length === 1 ? `, force_quote (${names})` : "";
  return `copy (select ${names} from ${relation}) to ${quoteText(folder)} (format csv, header false, nullstr '', file_size_bytes ${bytes}${quoted})`;
}

async function largestFirst(folder: string): Promise<readonly string[]> {
  const paths = (await readdir(folder)).map((name) => join(folder, name));
  const sized = await Promise.all(paths.map(async (path) => ({ path, bytes: (await stat(path)).size })));
  return sized.sort((a, b) => b.bytes - a.bytes).map(({ path }) => path);
}
