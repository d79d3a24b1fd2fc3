import { AssayError } from "../errors.ts";
import { print } from "./output.ts";
import { type CommonOptions, openWorkspace } from "./workspace.ts";

export interface GrantsOptions extends CommonOptions {
  readonly role?: string;
  readonly reader?: readonly string[];
}

/** `assay grants`: the SQL script of the rights that the platform needs in an environment. Connects to nothing. */
export async function grantsCommand(options: GrantsOptions): Promise<number> {
  const { environment, warehouse } = await openWorkspace(options);
  const grants = warehouse.grants?.(options.role ?? null, options.reader ?? []) ?? null;
  if (grants === null) {
    throw new AssayError("USAGE", `environment ${environment} is a database file: whoever may write the file may run it`, {
      hint: "name an environment on a server: assay grants --env NAME",
    });
  }
  const { role, statements } = grants;
  print(options.json, { env: environment, place: warehouse.place, role, statements }, () =>
    [
      printableComment(`-- What ${role} needs to run environment ${environment} (${warehouse.place}).`),
      "-- For the owner of the database; the roles have to be there already.",
      ...statements.map((statement) => `${statement};`),
    ].join("\n"),
  );
  return 0;
}

/** A line break would end the comment. */
const printableComment = (text: string): string => text.replace(/\s+/g, " ");
