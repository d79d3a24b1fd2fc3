import { fingerprintOf } from "../../compile/fingerprint.ts";
import type { FixtureSelect } from "../../compile/model-test/fixture-select.ts";
import type { Lake } from "../../ports/lake.ts";
import type { DoorRule, FileReader, Refusal, Source, SourceFile } from "../../ports/source.ts";

/** Rows of tests as files of a source, so that they enter a table the way every row does. */
export interface FixtureFiles {
  /** A file for the rows; `name` is its identity: another file of that name takes its place. */
  add(name: string, fixture: FixtureSelect): SourceFile;
  /** Reads these files; every other one as `base` does. */
  source(base: Source): Source;
}

export function fixtureFiles(): FixtureFiles {
  const selects = new Map<string, FixtureSelect>();
  return {
    add: (name, fixture) => {
      const sha256 = fingerprintOf(fixture.select);
      const path = `test:${fixture.table}/${name}/${sha256}`;
      selects.set(path, fixture);
      return { path, name, bytes: fixture.select.length, stamp: sha256, stampedAt: 0, sha256 };
    },
    source: (base) => ({
      list: base.list,
      fetch: async (source, file, wanted) => (selects.has(file.path) ? file : base.fetch(source, file, wanted)),
      open: async (source, file, columns, reader) => {
        const fixture = selects.get(file.path);
        if (fixture === undefined) return base.open(source, file, columns, reader);
        return {
          select: fixture.select,
          selectFitting: fixture.select,
          rejects: null,
          records: fixture.records,
          largestRecord: 0,
          notes: [],
        };
      },
      compare: async (source, file, columns, reader) =>
        selects.has(file.path) ? { names: columns.map((column) => column.name), extra: [] } : base.compare(source, file, columns, reader),
      // What would not fit was refused before the test began.
      refusals: async (source, file, ...rest) => (selects.has(file.path) ? [] : base.refusals(source, file, ...rest)),
      broken: async (source, file, read, columns, rules, reader) => {
        const fixture = selects.get(file.path);
        return fixture === undefined ? base.broken(source, file, read, columns, rules, reader) : brokenFixtures(fixture, rules, reader);
      },
      // Rows of tests are never replayed.
      without: base.without,
    }),
  };
}

/** Rows of a test that a rule leaves out. */
async function brokenFixtures(fixture: FixtureSelect, rules: readonly DoorRule[], reader: FileReader): Promise<readonly Refusal[]> {
  const first = `case ${rules.map((rule, place) => `when ${rule.broken} then ${place}`).join(" ")} end`;
  const rows = await reader.query({
    text: `select _rule from (select ${first} as _rule from (${fixture.select})) where _rule is not null`,
  });
  return rows.flatMap((row) => {
    const rule = rules[Number(row._rule)];
    return rule === undefined
      ? []
      : [{ row_number: null, raw: null, column: rule.column, reason: rule.reason, rule: rule.rule, message: rule.message }];
  });
}

/** A lake in which tables of every layer have folders: given models lie there like bronze tables. */
export function layeredLake(lake: Lake): Lake {
  return { ...lake, openBatch: (table, date, runId) => lake.openBatch(`bronze.${table}`, date, runId) };
}
