import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { fileNames, importCycles, importDirection, type Rule, type Sources, wordsOfCode } from "./layout-rules.ts";

const root = fileURLToPath(new URL("../src", import.meta.url));

function readSources(): Sources {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return new Map(files.sort().map((file) => [file, readFileSync(join(root, file), "utf8")]));
}

const rules: Readonly<Record<string, Rule>> = { importDirection, importCycles, wordsOfCode, fileNames };

describe("layout of src", () => {
  const sources = readSources();

  it("is read", () => {
    expect(sources.size).toBeGreaterThan(10);
    expect(sources.has("index.ts")).toBe(true);
  });

  it.each(Object.keys(rules))("keeps %s", (name) => {
    expect(rules[name]?.(sources)).toEqual([]);
  });
});

const broken = (rule: Rule, files: Readonly<Record<string, string>>): readonly string[] => rule(new Map(Object.entries(files)));

describe("importDirection", () => {
  const empty = {
    "terms.ts": "",
    "errors.ts": "",
    "define/model.ts": "",
    "ports/engine.ts": "",
    "execute/run.ts": "",
    "observe/log.ts": "",
    "cli/main.ts": "",
    "adapters/duckdb/engine.ts": "",
    "adapters/files/csv.ts": "",
    "generators/olist.ts": "",
  };
  const from = (file: string, specifier: string): readonly string[] =>
    broken(importDirection, { ...empty, [file]: `import { x } from "${specifier}";` });

  it.each([
    ["define/model.ts", "../execute/run.ts", "define may not import execute"],
    ["terms.ts", "./errors.ts", "terms may not import errors"],
    ["execute/run.ts", "../observe/log.ts", "execute may not import observe"],
    ["execute/run.ts", "../adapters/duckdb/engine.ts", "execute may not import adapters/duckdb"],
    ["observe/log.ts", "../generators/olist.ts", "observe may not import generators"],
    ["adapters/duckdb/engine.ts", "../../execute/run.ts", "adapters/duckdb may not import execute"],
    ["adapters/duckdb/engine.ts", "../files/csv.ts", "adapters/duckdb may not import adapters/files"],
    ["generators/olist.ts", "../adapters/files/csv.ts", "generators may not import adapters/files"],
    ["index.ts", "./ports/engine.ts", "index may not import ports"],
    ["cli/main.ts", "../index.ts", "cli may not import index"],
    ["ports/engine.ts", "../nowhere.ts", "imports nowhere.ts, which does not exist"],
    ["define/model.ts", "assay", "imports assay by its own name"],
  ])("refuses %s importing %s", (file, specifier, problem) => {
    expect(from(file, specifier)).toEqual([expect.stringContaining(`${file}: ${problem}`)]);
  });

  it.each([
    ["errors.ts", "./terms.ts"],
    ["execute/run.ts", "../ports/engine.ts"],
    ["cli/main.ts", "../adapters/duckdb/engine.ts"],
    ["adapters/duckdb/engine.ts", "../../ports/engine.ts"],
    ["index.ts", "./define/model.ts"],
    ["define/model.ts", "node:fs"],
  ])("lets %s import %s", (file, specifier) => {
    expect(from(file, specifier)).toEqual([]);
  });

  it("reads every form of import", () => {
    const forms = [
      'import type { A } from "../cli/main.ts";',
      'import {\n  a,\n  b,\n} from "../cli/main.ts";',
      'import * as all from "../cli/main.ts";',
      'import "../cli/main.ts";',
      'export { a } from "../cli/main.ts";',
      'export * from "../cli/main.ts";',
      'const late = await import("../cli/main.ts");',
      'type Late = import("../cli/main.ts").Late;',
    ];
    for (const form of forms) expect(broken(importDirection, { ...empty, "ports/engine.ts": form }), form).toHaveLength(1);
  });

  it("reads no import in comments and texts", () => {
    const text =
      '/**\n * import { a } from "../cli/main.ts";\n */\n// import("../cli/main.ts")\nconst a = `\nimport { a } from "../cli/main.ts";\n`;';
    expect(broken(importDirection, { ...empty, "ports/engine.ts": text })).toEqual([]);
  });

  it("refuses a room it does not know", () => {
    expect(broken(importDirection, { "utils/text.ts": "", "extra.ts": "" })).toEqual([
      "extra.ts: extra is no room of the architecture",
      "utils/text.ts: utils is no room of the architecture",
    ]);
  });
});

describe("importCycles", () => {
  it("refuses files that import each other, and names the circle", () => {
    const files = {
      "plan/a.ts": 'import { b } from "./b.ts";',
      "plan/b.ts": 'import type { C } from "./c.ts";',
      "plan/c.ts": 'import { a } from "./a.ts";',
      "plan/d.ts": 'import { a } from "./a.ts";',
    };
    expect(broken(importCycles, files)).toEqual(["plan/a.ts → plan/b.ts → plan/c.ts → plan/a.ts"]);
  });

  it("accepts two ways to one file", () => {
    const files = { "a.ts": 'import "./b.ts";\nimport "./c.ts";', "b.ts": 'import "./d.ts";', "c.ts": 'import "./d.ts";', "d.ts": "" };
    expect(broken(importCycles, files)).toEqual([]);
  });
});

describe("wordsOfCode", () => {
  it.each([
    ["export default 1;", "has a default export"],
    ["const a = 1;\nexport { a as default };", "has a default export"],
    ["export const a: any = 1;", "says any"],
    ["export const a = 1 as any;", "says any"],
    ["export function f(a: Map<string, any>): void {}", "says any"],
    ["export type A = readonly any[];", "says any"],
    ["// @ts-expect-error because\nexport const a: string = 1;", "switches a tool off"],
    ["// biome-ignore-all lint: because\nexport const a = 1;", "switches a tool off"],
    ["export enum A { b }", "declares an enum"],
  ])("refuses %s", (text, problem) => {
    expect(broken(wordsOfCode, { "plan/a.ts": text })).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    "/** any default export */\nexport const a = 1; // any",
    ['export const a = "any"; export const b = `any $', '{a} any`; export const c = "\\" any";'].join(""),
    "export const a = Promise.any([]);",
    "export const a = /[\"'`/]any/.test(b) ? 'any' : `\\`any`;",
    "/**\n * @example\n * export default defineProject({});\n */\nexport const a = 1;",
  ])("accepts %s", (text) => {
    expect(broken(wordsOfCode, { "plan/a.ts": text })).toEqual([]);
  });

  it("reads code inside a template", () => {
    const text = ["export const a = `x $", "{`y $", "{b as any}`} any`;"].join("");
    expect(broken(wordsOfCode, { "plan/a.ts": text })).toHaveLength(1);
  });
});

describe("fileNames", () => {
  it("refuses long files, other cases and folders without meaning", () => {
    const files = {
      "plan/long.ts": "const a = 1;\n".repeat(401),
      "plan/full.ts": "const a = 1;\n".repeat(400),
      "plan/camelCase.ts": "",
      "plan/Upper.ts": "",
      "plan/snake_case.ts": "",
      "plan/kebab-case-2.ts": "",
      "plan/utils/text.ts": "",
      "cli/common/text.ts": "",
      "cli/core.ts": "",
      "cli/helpers.ts": "",
    };
    expect(broken(fileNames, files)).toEqual([
      "cli/common/text.ts: common says nothing about what it holds",
      "cli/core.ts: core says nothing about what it holds",
      "cli/helpers.ts: helpers says nothing about what it holds",
      "plan/Upper.ts: Upper is not kebab-case",
      "plan/camelCase.ts: camelCase is not kebab-case",
      "plan/long.ts: 401 lines, 400 is the limit",
      "plan/snake_case.ts: snake_case is not kebab-case",
      "plan/utils/text.ts: utils says nothing about what it holds",
    ]);
  });
});
