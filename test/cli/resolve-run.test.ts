import { describe, expect, it } from "vitest";
import { resolveRun } from "../../src/cli/resolve-run.ts";
import { AssayError } from "../../src/errors.ts";

const runs = ["20261121T070000Z-bbbbbb", "20261121T060000Z-abcdef", "20261120T060000Z-abcdee"];

function refusal(text: string, known: readonly string[] = runs): string {
  try {
    return `found ${resolveRun(known, text)}`;
  } catch (error) {
    if (error instanceof AssayError) return `${error.code}: ${error.message} (${error.hint})`;
    throw error;
  }
}

describe("resolveRun", () => {
  it.each([
    ["an id", "20261121T060000Z-abcdef", runs[1]],
    ["the beginning of one", "20261120", runs[2]],
    ["the last run", "last", runs[0]],
    ["the same", "last~0", runs[0]],
    ["the one two before it", "last~2", runs[2]],
  ])("takes %s", (_, text, id) => {
    expect(resolveRun(runs, text)).toBe(id);
  });

  it("takes an id that is the beginning of another", () => {
    expect(resolveRun(["r1x", "r1"], "r1")).toBe("r1");
  });

  it.each([
    [
      "a typing mistake",
      "20261121T060000Z-abcdeg",
      /^RUN_UNKNOWN: no run has the id 20261121T060000Z-abcdeg \(did you mean 20261121T060000Z-abcdef\?\)$/,
    ],
    ["something else", "x", /^RUN_UNKNOWN: no run has the id x \(known: 20261121T070000Z-bbbbbb, /],
    ["an ambiguous beginning", "20261121", /^RUN_UNKNOWN: 20261121 is the beginning of 2 runs \(name one: 20261121T07.*, 20261121T06/],
    ["further back than there are", "last~3", /^RUN_UNKNOWN: no run is last~3: there are 3 runs \(assay runs list/],
    ["a misspelt last", "last-1", /^RUN_UNKNOWN: no run has the id last-1 \(the last run is last, the one before it last~1\)$/],
    ["nothing", "", /^RUN_UNKNOWN: no run has the id {2}\(known: /],
  ])("refuses %s", (_, text, says) => {
    expect(refusal(text)).toMatch(says);
  });

  it("says that there are no runs", () => {
    expect(refusal("last", [])).toBe("RUN_UNKNOWN: no run is last: there are 0 runs (assay runs list shows them)");
    expect(refusal("x", [])).toBe("RUN_UNKNOWN: no run has the id x (there are none)");
  });
});
