/** The platform broken on purpose: what the tests are for, tried out. */
export interface Mutant {
  readonly name: string;
  /** What goes wrong where this is wrong. */
  readonly why: string;
  readonly file: string;
  /** Each text stands in the file exactly once. */
  readonly edits: readonly { readonly text: string; readonly replacement: string }[];
  /** Test files of which one at least has to fail. */
  readonly tests: readonly string[];
  /** Only tests whose full names match (a regular expression). */
  readonly only?: string;
}

export const edit = (text: string, replacement: string): Mutant["edits"] => [{ text, replacement }];

/** The sections of the conformance suite, on DuckDB. */
export const conformance = (...sections: readonly string[]): Pick<Mutant, "tests" | "only"> => ({
  tests: ["test/conformance/duckdb.test.ts"],
  only: `as an engine (?:${sections.join("|")})`,
});
