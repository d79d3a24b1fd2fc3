import type { Location } from "../../terms.ts";
import { withoutSemicolon } from "../clauses.ts";
import { lineOf } from "../parse-models.ts";

/** Lines of the author's text, which stands within another. */
export function placeWithin(whole: string, part: string, location: Location): (offset: number | null) => Location {
  const text = withoutSemicolon(part);
  const start = Buffer.byteLength(whole.slice(0, Math.max(0, whole.lastIndexOf(text))));
  return (offset) => ({
    ...location,
    line: offset === null || offset < start ? location.line : lineOf({ kind: "sql", text, location }, offset - start),
  });
}
