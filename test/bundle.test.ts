import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./support/project.ts";

const dist = join(root, "dist");
const pieces = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".js"));
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>;
};

/** `import … from "x"`, `import "x"`, `import("x")`, `__require("x")`. */
const named =
  /(?:^|;)(?:import|export)\b[^"'`;]*?from\s*"([^"]+)"|(?:^|;)import\s*"([^"]+)"|\bimport\(["`]([^"`]+)["`]\)|\b(?:__)?require\(["`]([^"`]+)["`]\)/gm;

function packagesOf(text: string): readonly string[] {
  const names = [...text.matchAll(named)].map((match) => match[1] ?? match[2] ?? match[3] ?? match[4] ?? "");
  return names
    .filter((name) => !name.startsWith(".") && !isBuiltin(name))
    .map((name) => name.split("/", name.startsWith("@") ? 2 : 1).join("/"));
}

test("the bundle imports only what is installed with the package", () => {
  const imported = new Set(pieces.flatMap((piece) => packagesOf(readFileSync(join(dist, piece), "utf8"))));
  expect(imported).toContain("@duckdb/node-bindings");
  // A definition file of the user's imports the package by its name.
  expect([...imported].filter((name) => dependencies[name] === undefined && name !== "assay")).toEqual([]);
});

test("the licenses of what is bundled are in the package", () => {
  const licenses = readFileSync(join(dist, "THIRD-PARTY-LICENSES.txt"), "utf8");
  for (const name of ["@duckdb/node-api", "commander", "yaml", "zod"]) expect(licenses).toMatch(new RegExp(`^${name}\\n\\n.*\\S`, "m"));
});
