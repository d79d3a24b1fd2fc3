import { writeFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import type { ManifestTable } from "../compile/manifest.ts";
import { AssayError } from "../errors.ts";
import { csvLine } from "../execute/csv-text.ts";
import { readsSensitive } from "../execute/engine-message.ts";
import { counted } from "../observe/group-digits.ts";
import { unmatched } from "../plan/choose-replay.ts";
import type { QuarantinedRow } from "../ports/quarantine.ts";
import { print } from "./output.ts";
import { knownTable } from "./table-name.ts";
import { type CommonOptions, compileWorkspace, openWorkspace, readTables } from "./workspace.ts";

/** `assay quarantine export TABLE`: open rows as a CSV to be edited. */
export async function quarantineExportCommand(
  name: string,
  options: CommonOptions & { readonly out: string; readonly rule?: string; readonly batch?: string; readonly reveal?: boolean },
): Promise<number> {
  const workspace = await openWorkspace(options);
  const { rule, batch } = options;
  const filter = { table: knownTable(workspace, name), rule, batch };
  const manifest = await compileWorkspace(workspace);
  const table = manifest.tables.find((item) => item.name === filter.table);
  if (table === undefined) throw new Error(`no ${filter.table} in the manifest`);
  if (readsSensitive(table, manifest) && options.reveal !== true) {
    throw new AssayError("USAGE", `${table.name} holds sensitive columns, whose values would stand in the file`, {
      hint: "--reveal exports them",
    });
  }
  const { rows } = await readTables(workspace, (session) =>
    workspace.warehouse.store.readQuarantine(session, { ...filter, states: ["open"] }, null),
  );
  if (rows.length === 0) throw unmatched(filter);
  const out = resolve(options.out);
  await write(out, exportText(table, rows));
  const shown = relative(workspace.folders.current, out);
  print(options.json, { table: table.name, rows: rows.length, out }, () =>
    table.kind === "model"
      ? `${counted(rows.length, "row")} of ${table.name} written to ${shown}; rows of a model are not edited`
      : `${counted(rows.length, "row")} of ${table.name} written to ${shown}; edited, it goes back with: assay replay ${table.name} --from ${shown}`,
  );
  return 0;
}

function exportText(table: ManifestTable, rows: readonly QuarantinedRow[]): string {
  const names = table.columns.map((column) => column.name);
  const header = csvLine(["_id", "_reason", "_rule", "_message", "_file", "_row", ...names, "_raw"]);
  const lines = rows.map((row) => {
    const values = row.record ?? (table.kind === "model" ? modelValues(row) : null);
    const place = [row.source_file, row.row_number === null ? null : String(row.row_number)];
    const own = names.map((name) => values?.[name] ?? null);
    return csvLine([row.id, row.reason, row.rule, row.message, ...place, ...own, values === null ? row.raw : null]);
  });
  return [header, ...lines].join("");
}

function modelValues({ raw }: QuarantinedRow): Readonly<Record<string, string | null>> {
  const values = JSON.parse(raw ?? "{}") as Readonly<Record<string, unknown>>;
  const text = (value: unknown): string | null => (value === null ? null : typeof value === "string" ? value : JSON.stringify(value));
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, text(value)]));
}

/** Never over a file that is there: it may hold somebody's edits. */
async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: "wx" });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EEXIST")
      throw new AssayError("USAGE", `${path} exists already`, { hint: "give another name to --out, or remove the file", cause: error });
    if (code === "ENOENT")
      throw new AssayError("STORAGE_UNWRITABLE", `the folder of ${path} does not exist`, { hint: "make it first", cause: error });
    throw error;
  }
}
