import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "node_modules", ".examples");

/** The code of every `@example` of a file. */
function examplesOf(text: string): readonly string[] {
  const comments = text.match(/\/\*\*[\s\S]*?\*\//g) ?? [];
  return comments.flatMap((comment) => {
    const lines = comment.replace(/\s*\*\/$/, "").split("\n");
    const content = lines.map((line) => line.replace(/^\s*\/?\*{1,2} ?/, "")).join("\n");
    return [...content.matchAll(/^@example[^\n]*\n([\s\S]*?)(?=^@\w|(?![\s\S]))/gm)].map((match) => match[1] ?? "");
  });
}

interface Example {
  readonly name: string;
  readonly text: string;
}

function examplesOfSource(): readonly Example[] {
  const source = join(root, "src");
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return files.sort().flatMap((file) =>
    examplesOf(readFileSync(join(source, file), "utf8")).map((text, at) => ({
      name: `${file.replace(/\.ts$/, "").replaceAll("/", "-")}-${at + 1}.ts`,
      text,
    })),
  );
}

/** Compiles examples as files of a user's project; returns what the compiler says. */
function compile(examples: readonly Example[]): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const configuration = {
    extends: "../../tsconfig.json",
    compilerOptions: { paths: { assay: ["../../src/index.ts"] }, noUnusedLocals: false },
    include: [],
    files: examples.map(({ name }) => `./${name}`),
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(configuration));
  // An example without an import would share its names with all others.
  for (const { name, text } of examples) writeFileSync(join(folder, name), `${text}\nexport {};\n`);
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", folder, "--pretty", "false"], { cwd: folder, encoding: "utf8" });
  return `${stdout}${stderr}`.trim();
}

describe("examples in docstrings", () => {
  const example = 'import { env } from "assay";\nconst setting = env("URL");\n';

  it("are found", () => {
    const docstring = `/**\n * What it is.\n *\n * @example\n * const a = 1;\n *\n * @example second\n * const b = {\n *   c: 2,\n * };\n * @returns c\n */`;
    expect(examplesOf(docstring)).toEqual(["const a = 1;\n\n", "const b = {\n  c: 2,\n};\n"]);
    expect(examplesOf("/** @example none */ // @example\n")).toEqual([]);
  });

  it("are reported when they do not compile", () => {
    expect(compile([{ name: "good.ts", text: example }])).toBe("");
    expect(compile([{ name: "wrong-type.ts", text: example.replace('"URL"', "1") }])).toContain("wrong-type.ts(2,21): error TS2345");
    expect(compile([{ name: "wrong-name.ts", text: example.replace("{ env }", "{ environment }") }])).toContain("error TS");
  });

  it("compile", () => {
    const examples = examplesOfSource();
    expect(examples.length).toBeGreaterThan(5);
    expect(compile(examples)).toBe("");
  });
});
