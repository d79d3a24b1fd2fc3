import { dirname, join, normalize } from "node:path/posix";
import { codeOf } from "./code-of.ts";

/** Path below `src` → text. */
export type Sources = ReadonlyMap<string, string>;

/** Says what breaks the rule, `file: problem`, in file order; nothing when it is kept. */
export type Rule = (sources: Sources) => readonly string[];

/** Rooms in the order of the data flow: each may import itself and those before it. */
const rooms = ["terms", "errors", "define", "ports", "compile", "plan", "execute", "observe", "serve", "cli"];
/** What an adapter or generator may import, besides itself. */
const edge = ["terms", "errors", "define", "ports"];
/** What adapters of SQL databases have in common. */
const shared = "adapters/sql";

const inOrder = (sources: Sources): readonly (readonly [string, string])[] => [...sources].sort(([a], [b]) => (a < b ? -1 : 1));

/** `define`, `adapters/duckdb`, `index` … */
function roomOf(file: string): string {
  const [first = "", second = ""] = file.split("/");
  return first === "adapters" ? `${first}/${second}` : first.replace(/\.ts$/, "");
}

const isEdge = (room: string): boolean => room === "generators" || room.startsWith("adapters/");

function allowedIn(room: string): ((imported: string) => boolean) | null {
  if (room === "index") return (imported) => ["terms", "errors", "define"].includes(imported);
  if (isEdge(room))
    return (imported) => imported === room || edge.includes(imported) || (room.startsWith("adapters/") && imported === shared);
  const rank = rooms.indexOf(room);
  if (rank < 0) return null;
  return (imported) => (rooms.includes(imported) && rooms.indexOf(imported) <= rank) || (room === "cli" && isEdge(imported));
}

/** Specifiers of every import and re-export. Texts are blank in `codeOf`, but as long as in the file, so their place tells them. */
function importsOf(text: string): readonly string[] {
  const code = codeOf(text);
  const pattern = /(?:^|[\s;}])(?:import|export)\b[^;"'`()=]*?\bfrom\s*["']|(?:^|[\s;}])import\s*["']|\bimport\s*\(\s*["']/g;
  return [...code.matchAll(pattern)].map((match) => {
    const start = match.index + match[0].length;
    const quote = text[start - 1] ?? '"';
    return text.slice(start, text.indexOf(quote, start));
  });
}

const fileImported = (file: string, specifier: string): string => normalize(join(dirname(file), specifier));

/** Imports go with the data flow; only `cli` knows adapters and generators. */
export const importDirection: Rule = (sources) =>
  inOrder(sources).flatMap(([file, text]) => {
    const room = roomOf(file);
    const allowed = allowedIn(room);
    if (allowed === null) return [`${file}: ${room} is no room of the architecture`];
    return importsOf(text).flatMap((specifier) => {
      if (specifier === "assay" || specifier.startsWith("assay/")) return [`${file}: imports assay by its own name`];
      if (!specifier.startsWith(".")) return [];
      const imported = fileImported(file, specifier);
      if (!sources.has(imported) && imported !== "index.ts") return [`${file}: imports ${imported}, which does not exist`];
      return allowed(roomOf(imported)) ? [] : [`${file}: ${room} may not import ${roomOf(imported)} (${specifier})`];
    });
  });

/** No file imports itself by way of others; types count too. */
export const importCycles: Rule = (sources) => {
  const finished = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (path.includes(file) || finished.has(file)) return;
    for (const specifier of importsOf(sources.get(file) ?? "")) {
      const imported = fileImported(file, specifier);
      if (specifier.startsWith(".") && sources.has(imported)) visit(imported, [...path, file]);
    }
    finished.add(file);
  };
  for (const [file] of inOrder(sources)) visit(file, []);
  return circles;
};

const forbidden: readonly (readonly [RegExp, string])[] = [
  [/\bexport\s+default\b|\bas\s+default\b/, "has a default export"],
  [/(?<![.\w$])any(?![\w$(:])/, "says any"],
  [/(?:^|[\s;}])(?:export\s+)?(?:const\s+)?enum\s+[A-Za-z]/, "declares an enum"],
];
const switchedOff = /^\s*(?:\/\/|\/\*)\s*(?:biome-ignore-all|@ts-ignore|@ts-nocheck|@ts-expect-error)/;

/** No default export, no `any`, no enum, no comment that switches the type check or a whole file's lint off. */
export const wordsOfCode: Rule = (sources) =>
  inOrder(sources).flatMap(([file, text]) => {
    const lines = text.split("\n");
    const words = codeOf(text)
      .split("\n")
      .flatMap((line, at) => forbidden.filter(([pattern]) => pattern.test(line)).map(([, problem]) => `${file}:${at + 1}: ${problem}`));
    const off = lines.flatMap((line, at) => (switchedOff.test(line) ? [`${file}:${at + 1}: switches a tool off`] : []));
    return [...words, ...off];
  });

const meaningless = ["utils", "util", "common", "core", "helpers", "helper", "misc", "shared", "lib"];

/** Kebab-case names that say what is in a file of at most 400 lines. */
export const fileNames: Rule = (sources) =>
  inOrder(sources).flatMap(([file, text]) => {
    const names = file.replace(/\.ts$/, "").split("/");
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    return [
      ...names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)).map((name) => `${file}: ${name} is not kebab-case`),
      ...names.filter((name) => meaningless.includes(name)).map((name) => `${file}: ${name} says nothing about what it holds`),
      ...(lines > 400 ? [`${file}: ${lines} lines, 400 is the limit`] : []),
    ];
  });
