import { didYouMean } from "../define/nearest-name.ts";
import { AssayError } from "../errors.ts";

/**
 * The run a person means: its id, the beginning of one, `last`, or `last~1` for the one before it. `runs` are all ids, newest first.
 * Throws RUN_UNKNOWN.
 */
export function resolveRun(runs: readonly string[], text: string): string {
  const fromLast = /^last(?:~(\d+))?$/.exec(text);
  if (fromLast !== null) {
    const found = runs[Number(fromLast[1] ?? 0)];
    if (found !== undefined) return found;
    const count = runs.length === 1 ? "there is 1 run" : `there are ${runs.length} runs`;
    throw new AssayError("RUN_UNKNOWN", `no run is ${text}: ${count}`, { hint: "assay runs list shows them" });
  }
  if (runs.includes(text)) return text;
  const [first, second] = text === "" ? [] : runs.filter((id) => id.startsWith(text));
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined) {
    const all = runs.filter((id) => id.startsWith(text));
    throw new AssayError("RUN_UNKNOWN", `${text} is the beginning of ${all.length} runs`, { hint: `name one: ${listed(all)}` });
  }
  const hint = text.startsWith("last") ? "the last run is last, the one before it last~1" : didYouMean(text, runs);
  throw new AssayError("RUN_UNKNOWN", `no run has the id ${text}`, { hint });
}

const listed = (ids: readonly string[]): string => `${ids.slice(0, 5).join(", ")}${ids.length > 5 ? ", …" : ""}`;
