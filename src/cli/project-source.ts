import { fileSource } from "../adapters/files/index.ts";
import type { PostgresTable } from "../define/source.ts";
import { AssayError } from "../errors.ts";
import type { Source } from "../ports/source.ts";
import type { Location } from "../terms.ts";
import { postgresAddress, settingOf } from "./postgres-address.ts";
import type { Workspace } from "./workspace.ts";

type Places = Pick<Workspace, "project" | "variables">;

/** A bronze table of a project that reads a table of another database. */
export interface TableSource {
  readonly source: PostgresTable;
  readonly location: Location;
}

/** Everything a project's bronze tables can read. */
export async function projectSource(places: Places): Promise<Source> {
  const files = fileSource(Date.now);
  const tables = tableSources(places);
  if (tables.length === 0) return files;
  const { withTables } = await import("../adapters/postgres/table-source.ts");
  return withTables(files, (source) => {
    const declared = tables.find((item) => item.source === source) ?? tables.find((item) => item.source.table === source.table);
    return tableAddress({ source, location: declared?.location ?? places.project.config.location }, places);
  });
}

export function tableSources({ project }: Pick<Places, "project">): readonly TableSource[] {
  return project.bronze.flatMap(({ from, location }) => (from.kind === "postgres" ? [{ source: from, location }] : []));
}

/** The address of the database in which a source table is. Throws SETTING_MISSING, SETTING_INVALID. */
export function tableAddress({ source, location }: TableSource, { variables }: Pick<Places, "variables">): string {
  const url = postgresAddress(source.url, `source ${source.table}`, variables, location);
  if (url !== null) return url;
  const name = settingOf(source.url);
  throw new AssayError("SETTING_MISSING", `${source.table}: ${name} is not set`, {
    hint: `set ${name} to the address of its database`,
    location,
  });
}
