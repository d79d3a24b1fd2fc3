import { AssayError } from "../errors.ts";
import { print } from "./output.ts";
import { tableAddress, tableSources } from "./project-source.ts";
import { type CommonOptions, openWorkspace, type Workspace } from "./workspace.ts";

export interface GrantsOptions extends CommonOptions {
  readonly role?: string;
  readonly reader?: readonly string[];
  readonly sources?: boolean;
}

/** `assay grants`: the SQL script of the rights that the platform needs in an environment. Connects to nothing. */
export async function grantsCommand(options: GrantsOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const { environment, warehouse } = workspace;
  if (options.sources === true) return printSourceGrants(workspace, options);
  const grants = warehouse.grants?.(options.role ?? null, options.reader ?? []) ?? null;
  if (grants === null) {
    throw new AssayError("USAGE", `environment ${environment} is a database file: whoever may write the file may run it`, {
      hint: "name an environment on a server: assay grants --env NAME",
    });
  }
  const { role, statements } = grants;
  const document = { env: environment, place: warehouse.place, role, statements };
  print(options.json, document, () => script(`What ${role} needs to run environment ${environment} (${warehouse.place}).`, statements));
  return 0;
}

/** One script for each database: it is for the owner of that one. */
async function printSourceGrants(workspace: Workspace, { json }: GrantsOptions): Promise<number> {
  const { environment } = workspace;
  const sources = await sourceGrants(workspace);
  if (sources.length === 0)
    throw new AssayError("USAGE", "no bronze table of the project reads another database", { hint: "leave --sources out" });
  print(json, { env: environment, sources }, () =>
    sources
      .map(({ role, place, statements }) => script(`What ${role} needs to read its source tables in ${place}.`, statements))
      .join("\n\n"),
  );
  return 0;
}

function script(title: string, statements: readonly string[]): string {
  const owner = "-- For the owner of the database; the roles have to be there already.";
  return [printableComment(`-- ${title}`), owner, ...statements.map((statement) => `${statement};`)].join("\n");
}

interface SourceGrants {
  readonly place: string;
  readonly role: string;
  readonly statements: readonly string[];
}

/** What the roles in the addresses of source tables need, by database. */
async function sourceGrants(workspace: Workspace): Promise<readonly SourceGrants[]> {
  const tables = tableSources(workspace);
  if (tables.length === 0) return [];
  const { tableGrants } = await import("../adapters/postgres/grants.ts");
  const found = tables.map((table): SourceGrants => {
    const { host, pathname, username } = new URL(tableAddress(table, workspace));
    const wanted = { database: decodeURIComponent(pathname.slice(1)), role: decodeURIComponent(username), table: table.source.table };
    return { place: `postgres://${host}${pathname}`, role: wanted.role, statements: tableGrants(wanted) };
  });
  const together = Map.groupBy(found, ({ place, role }) => JSON.stringify([place, role]));
  return [...together.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, statements: [...new Set([first, ...others].flatMap(({ statements }) => statements))] }],
  );
}

/** A line break would end the comment. */
const printableComment = (text: string): string => text.replace(/\s+/g, " ");
