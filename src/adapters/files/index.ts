import type { FileSource } from "../../define/source.ts";
import type { Source } from "../../ports/source.ts";
import { compareCsv, compareJson, compareParquet } from "./compare-columns.ts";
import { brokenInCsv, openCsv, refusedByCsv, withoutInCsv } from "./csv-source.ts";
import { brokenInJson, openJson, refusedByJson, withoutInJson } from "./json-source.ts";
import { listFiles } from "./list-files.ts";
import { brokenInParquet, openParquet, type ParquetShapes, refusedByParquet, withoutInParquet } from "./parquet-source.ts";
import { withRecords } from "./refused-record.ts";

/** CSV, JSON and Parquet files on local disks. `clock` gives ms since 1970, the time of stamps; it also makes the names of temporary tables new. */
export function fileSource(clock: () => number): Source<FileSource> {
  let reads = 0;
  const shapes: ParquetShapes = new WeakMap();
  let scanned: Promise<unknown> = Promise.resolve();
  // Records are told apart on this thread: one file after the other, beside the engine's reading.
  const inTurn = <T>(scan: () => Promise<T>): Promise<T> => {
    const done = scanned.then(scan);
    scanned = done.catch(() => undefined);
    return done;
  };
  const rejectsNames = (): { table: string; scan: string } => {
    reads++;
    const suffix = `${clock().toString(36)}_${reads}`;
    return { table: `assay_rejects_${suffix}`, scan: `assay_rejects_scan_${suffix}` };
  };
  const refusalsOf: Source<FileSource>["refusals"] = async (source, file, read, columns, reader, rows) => {
    switch (source.kind) {
      case "csv":
        return refusedByCsv(source, file, read, columns, reader, rows);
      case "json":
        return refusedByJson(source, file, read, columns, reader, rows, rejectsNames());
      case "parquet":
        return refusedByParquet(file, read, columns, reader, rows, shapes);
      default:
        return unknownKind(source);
    }
  };
  const brokenIn: Source<FileSource>["broken"] = async (source, file, read, columns, rules, reader) => {
    switch (source.kind) {
      case "csv":
        return brokenInCsv(source, file, read, columns, rules, reader, rejectsNames());
      case "json":
        return brokenInJson(source, file, read, columns, rules, reader, rejectsNames());
      case "parquet":
        return brokenInParquet(file, columns, rules, reader, shapes);
      default:
        return unknownKind(source);
    }
  };
  return {
    list: (source, directory, known) => listFiles(source, directory, known, clock),
    fetch: async (_source, file) => file,
    async open(source, file, columns, reader) {
      switch (source.kind) {
        case "csv":
          return openCsv(source, file, columns, rejectsNames(), inTurn);
        case "json":
          return openJson(source, file, columns, reader);
        case "parquet":
          return openParquet(file, columns, reader, shapes);
        default:
          return unknownKind(source);
      }
    },
    async compare(source, file, columns, reader) {
      switch (source.kind) {
        case "csv":
          return compareCsv(source, file, columns, reader);
        case "json":
          return compareJson(source, file, columns, reader);
        case "parquet":
          return compareParquet(file, columns, reader, shapes);
        default:
          return unknownKind(source);
      }
    },
    async refusals(source, file, read, columns, reader, rows) {
      return withRecords(source, file, columns, await refusalsOf(source, file, read, columns, reader, rows));
    },
    async broken(source, file, read, columns, rules, reader) {
      return withRecords(source, file, columns, await brokenIn(source, file, read, columns, rules, reader));
    },
    async without(source, file, read, columns, records, reader) {
      switch (source.kind) {
        case "csv":
          return withoutInCsv(source, file, read, columns, records, reader, rejectsNames());
        case "json":
          return withoutInJson(source, file, read, columns, records, reader, rejectsNames());
        case "parquet":
          return withoutInParquet(file, columns, records, reader, shapes);
        default:
          return unknownKind(source);
      }
    },
  };
}

function unknownKind(source: never): never {
  throw new TypeError(`no source of kind ${(source as FileSource).kind}`);
}
