import { AssayError } from "../../errors.ts";
import type { Location } from "../../terms.ts";

/** PostgreSQL's names hold 63 bytes, and the longest of the platform's schemas follows. */
const longest = 63 - "_assay_functions".length;

/** A prefix of schema names, or null for none. Throws SETTING_INVALID for one that cannot begin a plain name. */
export function requireSchemaPrefix(environment: string, prefix: string | null, location: Location): string | null {
  if (prefix === null) return null;
  const fault = faultOf(prefix);
  if (fault === null) return prefix;
  throw new AssayError("SETTING_INVALID", `environment ${environment}: schemaPrefix ${JSON.stringify(prefix)} ${fault}`, {
    hint: "use small letters, digits and _, beginning with a letter, e.g. ada for the schemas ada_bronze, ada_silver, ada_gold",
    location,
  });
}

function faultOf(prefix: string): string | null {
  if (!/^[a-z_][a-z0-9_]*$/.test(prefix)) return "is no plain name";
  if (prefix.length > longest) return `has ${prefix.length} characters; ${longest} are allowed`;
  if (prefix.startsWith("pg_")) return "begins with pg_, which PostgreSQL keeps for itself";
  // assay_bronze would be two things.
  return /(?:^|_)assay$/.test(prefix) ? "ends with assay, which the platform keeps for itself" : null;
}
