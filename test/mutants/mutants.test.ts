import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { root } from "../support/project.ts";
import { allMutants } from "./all-mutants.ts";

test("every mutant has a name of its own", () => {
  const names = allMutants.map((mutant) => mutant.name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(30);
});

describe("every mutant still applies, or `npm run mutants` proves nothing", () => {
  it.each(allMutants)("$name", ({ file, edits, tests }) => {
    const source = readFileSync(join(root, file), "utf8");
    for (const { text, replacement } of edits) {
      expect(source.split(text), `${file} holds once: ${text}`).toHaveLength(2);
      expect(replacement).not.toBe(text);
    }
    expect(tests.length).toBeGreaterThan(0);
    for (const { file: path } of tests) expect(existsSync(join(root, path)), path).toBe(true);
  });
});
