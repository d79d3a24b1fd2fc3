import type { Manifest } from "../../src/compile/manifest.ts";
import type { TableName } from "../../src/terms.ts";
import type { Platform } from "./platform.ts";
import { contentsOf } from "./shadow.ts";
import { relations } from "./state-oracle.ts";
import { Violation } from "./violation.ts";

/** What a reader sees in the course of a run. */
export interface Glimpses {
  /** Looks at all tables there are. */
  look(): Promise<void>;
  /** Everything seen was what a table held before the run, or what it holds since. Returns how many looks there were. */
  check(before: ReadonlyMap<TableName, string>, after: ReadonlyMap<TableName, string>): number;
}

export function glimpsesOf(platform: Platform, manifest: Manifest): Glimpses {
  const seen = new Map<TableName, Set<string>>();
  let looks = 0;
  return {
    look: async () => {
      const rows = await platform.look.query({ text: `select folder || '.' || name as name ${relations}` });
      const there = new Set(rows.map((row) => row.name));
      const contents = await contentsOf(
        platform.look,
        manifest.tables.filter((table) => there.has(table.name)),
      );
      for (const [name, content] of contents) seen.set(name, (seen.get(name) ?? new Set()).add(content));
      looks++;
    },
    check: (before, after) => {
      for (const [name, contents] of seen) {
        const odd = [...contents].find((content) => content !== before.get(name) && content !== after.get(name));
        if (odd === undefined) continue;
        const kept = `${before.get(name) ?? "nothing"} before and ${after.get(name) ?? "nothing"} after the run`;
        throw new Violation("seen in the midst of a run", `${name} showed ${odd}; it holds ${kept}`);
      }
      return looks;
    },
  };
}
