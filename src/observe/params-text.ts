import type { Params } from "../terms.ts";

/** `scale_data=true, scale_multiplier=3`; empty without parameters. */
export function paramsText(params: Params): string {
  return Object.entries(params)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
}
