import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { errorCodes } from "../src/errors.ts";

interface Entry {
  readonly code: string;
  readonly exit: string;
  readonly retryable: string;
  readonly meaning: string;
}

/** Rows of the page's tables: code, exit, retryable, meaning, what to do. */
function entriesOf(page: string): readonly (Entry & { readonly advice: string })[] {
  return page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .map(([, code = "", exit = "", retryable = "", meaning = "", advice = ""]) => ({
      code: code.replaceAll("`", ""),
      exit,
      retryable,
      meaning,
      advice,
    }));
}

const page = readFileSync(new URL("../docs/reference/errors.md", import.meta.url), "utf8");
const entries = entriesOf(page);

const expected: readonly Entry[] = Object.entries(errorCodes).map(([code, { exit, retryable, meaning }]) => ({
  code,
  exit: String(exit),
  retryable: retryable ? "yes" : "no",
  meaning,
}));

describe("docs/reference/errors.md", () => {
  it.each(expected.map((entry) => [entry.code, entry] as const))("describes %s", (code, entry) => {
    expect(entries.find((candidate) => candidate.code === code)).toMatchObject(entry);
  });

  it("lists exactly the codes of src/errors.ts, each once, in its order", () => {
    expect(entries.map(({ code }) => code)).toEqual(expected.map(({ code }) => code));
  });

  it("says of every code what to do", () => {
    expect(entries.filter(({ advice }) => advice.length < 15).map(({ code }) => code)).toEqual([]);
  });
});
