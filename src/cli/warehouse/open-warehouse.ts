import { join } from "node:path";
import { type Folders, resolvePath, resolveText, type Variables } from "../../compile/settings.ts";
import type { Environment } from "../../define/project.ts";
import { AssayError } from "../../errors.ts";
import type { Warehouse } from "../../ports/warehouse.ts";
import type { Location } from "../../terms.ts";
import { postgresAddress, settingOf } from "../postgres-address.ts";
import { duckdbWarehouse } from "./duckdb-warehouse.ts";
import { requireSchemaPrefix } from "./schema-prefix.ts";

export interface WarehouseSettings {
  readonly variables: Variables;
  readonly folders: Folders;
  /** Of the project's configuration. */
  readonly location: Location;
}

/** The warehouse of an environment. This is the only place that knows which engines there are. Throws SETTING_MISSING, SETTING_INVALID. */
export async function openWarehouse(name: string, { engine }: Environment, settings: WarehouseSettings): Promise<Warehouse> {
  const { variables, folders, location } = settings;
  switch (engine.kind) {
    case "duckdb":
      return duckdbWarehouse(resolvePath(engine.path, variables, folders, location), join(folders.project, ".assay"));
    case "postgres": {
      const url = postgresAddress(engine.url, `environment ${name}`, variables, location);
      if (url === null) {
        throw new AssayError("SETTING_MISSING", `environment ${name}: ${settingOf(engine.url)} is not set`, {
          hint: "it is the address of the database: postgres://USER:PASSWORD@HOST:5432/DATABASE",
          location,
        });
      }
      const prefix = engine.schemaPrefix === null ? null : resolveText(engine.schemaPrefix, variables, location);
      const { postgresWarehouse } = await import("./postgres-warehouse.ts");
      return postgresWarehouse(url, requireSchemaPrefix(name, prefix, location));
    }
    default:
      return engine satisfies never;
  }
}
