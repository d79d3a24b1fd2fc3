import { resolveText, type Variables } from "../compile/settings.ts";
import type { Text } from "../define/env.ts";
import { AssayError } from "../errors.ts";
import type { Location } from "../terms.ts";

/** What has to be set for an address, to be shown where it is not. */
export const settingOf = (address: Text): string => (typeof address === "string" ? "its address" : address.name);

/** The address of a PostgreSQL database; null when an optional setting is not set. Throws SETTING_MISSING, and SETTING_INVALID without showing it. */
export function postgresAddress(text: Text, whose: string, variables: Variables, location: Location): string | null {
  const url = resolveText(text, variables, location);
  if (url === null || (URL.canParse(url) && /^postgres(?:ql)?:$/.test(new URL(url).protocol))) return url;
  const from = typeof text === "string" ? "" : ` (${text.name})`;
  throw new AssayError("SETTING_INVALID", `the address of ${whose}${from} is not a PostgreSQL address`, {
    hint: "write postgres://USER@HOST:5432/DATABASE with :PASSWORD after USER; percent-encode special characters",
    location,
  });
}
