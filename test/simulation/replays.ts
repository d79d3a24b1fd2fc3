import { createHash } from "node:crypto";
import { duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import type { Manifest } from "../../src/compile/manifest.ts";
import type { ReplayRequest } from "../../src/execute/replay-request.ts";
import { selectTables } from "../../src/plan/selection.ts";
import type { QuarantinedRow } from "../../src/ports/quarantine.ts";
import type { TableName } from "../../src/terms.ts";
import type { Mend, SentFile } from "./bronze-reference.ts";
import type { Dice } from "./dice.ts";
import type { Platform } from "./platform.ts";
import type { BronzeSpec, ProjectSpec } from "./scenario.ts";
import { fileText } from "./source-files.ts";

/** What a replay is asked for. */
export interface Replay {
  readonly requests: ReadonlyMap<TableName, readonly ReplayRequest[]>;
  /** The tables with such rows and what reads them, as far as they were ever built. */
  readonly select: readonly TableName[];
  readonly mends: ReadonlyMap<TableName, readonly Mend[]>;
}

/** Some of the rows in quarantine, most of them mended; null: there are none. */
export async function replayOf(platform: Platform, manifest: Manifest, project: ProjectSpec, dice: Dice): Promise<Replay | null> {
  const store = duckdbStateStore();
  if (!(await store.isPresent(platform.look))) return null;
  const { rows } = await store.readQuarantine(platform.look, { states: ["open"] }, null);
  const wished = rows
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((row) => {
      const spec = project.bronze.find(({ name }) => name === row.table);
      return spec === undefined || !dice.chance(0.7) ? [] : [{ row, spec, qty: dice.pick(["5", "6", "7", "none", null]) }];
    });
  if (wished.length === 0) return null;
  const requests = wished.map(({ row, qty }): ReplayRequest => ({ row, edited: qty === null ? null : { qty } }));
  const names = [...new Set(wished.map(({ row }) => row.table))];
  const { publications } = await store.read(platform.look);
  const downstream = selectTables(
    manifest,
    names.map((name) => `${name}+`),
  );
  return {
    requests: Map.groupBy(requests, ({ row }) => row.table),
    select: [...downstream].filter((name) => publications.has(name)),
    mends: new Map(
      names.map((name) => [
        name,
        wished.flatMap(({ row, spec, qty }) => (row.table === name ? [mendOf(spec, row, qty === "none" ? null : qty)] : [])),
      ]),
    ),
  };
}

/** `qty`: null where the row does not fit now either. */
function mendOf(spec: BronzeSpec, row: QuarantinedRow, qty: string | null): Mend {
  const place = placeOf(spec, row);
  return {
    isOf: (file) => file.name === row.file_name && contentOf(spec, file) === row.file_sha256,
    place,
    row: qty === null ? null : { ...row.record, qty },
  };
}

/** The header of a CSV file is a record. */
export const placeOf = ({ format }: BronzeSpec, { row_number }: Pick<QuarantinedRow, "row_number">): number =>
  Number(row_number) - (format === "csv" ? 2 : 1);

/** As quarantine names the content of a file. */
export const contentOf = (spec: BronzeSpec, { rows }: Pick<SentFile, "rows">): string =>
  createHash("sha256").update(fileText(spec, rows)).digest("hex");
