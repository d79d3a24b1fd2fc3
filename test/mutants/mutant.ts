/** The platform broken on purpose: what the tests are for, tried out. */
export interface Mutant {
  readonly name: string;
  /** What goes wrong where this is wrong. */
  readonly why: string;
  readonly file: string;
  /** Each text stands in the file exactly once. */
  readonly edits: readonly { readonly text: string; readonly replacement: string }[];
  /** Of these one at least has to fail; tried in this order until it does, so the one most likely to comes first. */
  readonly tests: readonly TestFile[];
}

export interface TestFile {
  readonly file: string;
  /** Only tests whose names, with those of their groups before them (`group > test`), hold one of these texts. */
  readonly only?: readonly string[];
  /** Starts `bin/assay.js`, which has to be built from what is broken. */
  readonly built?: true;
}

export const edit = (text: string, replacement: string): Mutant["edits"] => [{ text, replacement }];

/** Tests of one file, all of them or those of certain names. */
export const tests = (file: string, ...only: readonly string[]): TestFile => ({
  file: `test/${file}.test.ts`,
  ...(only.length === 0 ? {} : { only }),
});

/** Sections of the conformance suite, on DuckDB; or tests in them: `section > test`. */
export const conformance = (...sections: readonly string[]): TestFile =>
  tests("conformance/duckdb", ...sections.map((section) => `as an engine > ${section}`));

/** Tests that drive a project through the command line. */
export const commandLine = (file: string, ...only: readonly string[]): TestFile => ({ ...tests(file, ...only), built: true });
