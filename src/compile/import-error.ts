import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, relative } from "node:path";
import { nearestName } from "../define/nearest-name.ts";
import { AssayError, messageOf } from "../errors.ts";
import type { Location } from "../terms.ts";

interface Fault {
  readonly message: string;
  readonly hint: string;
  readonly location: Location;
}

/** What Node.js raised while it loaded a definition file, as an error at the place in the project where it has to be corrected. */
export function importError(file: string, folder: string, current: string, error: unknown): AssayError {
  const { message, hint, location } = notFound(error, current) ?? raised(file, folder, error);
  const shown = relative(current, location.file) || location.file;
  return new AssayError("PROJECT_INVALID", `${shown} cannot be loaded: ${message}`, { hint, location, cause: error });
}

function notFound(error: unknown, current: string): Fault | null {
  const [, what, name, importer] = /^Cannot find (module|package) '([^']+)' imported from (.+)$/m.exec(messageOf(error)) ?? [];
  if (name === undefined || importer === undefined) return null;
  const location = { file: importer, line: lineOf(importer, basename(name)) };
  if (what === "package") return { message: `there is no package ${name}`, hint: `install it: npm install ${name}`, location };
  return { message: `it imports ${relative(current, name)}, which does not exist`, hint: missingFileHint(name), location };
}

function missingFileHint(path: string): string {
  const typed = [`${path}.ts`, path.replace(/\.js$/, ".ts")].find(
    (candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile() === true,
  );
  if (typed !== undefined) return `imports name files with their ending: ${basename(typed)}`;
  const folder = dirname(path);
  const there = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(folder) : [];
  const nearest = nearestName(basename(path), there);
  return nearest === null ? "correct the path, or add the file" : `did you mean ${nearest}?`;
}

function lineOf(file: string, text: string): number {
  const lines = readFileSync(file, "utf8").split("\n");
  return Math.max(1, lines.findIndex((line) => line.includes(text)) + 1);
}

function raised(file: string, folder: string, error: unknown): Fault {
  const location = placeInStack(error, folder) ?? { file, line: 1 };
  return { message: messageOf(error).split("\n")[0] ?? "", hint: raisedHint(error), location };
}

function raisedHint(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX")
    return "Node.js only takes the types away: no enum, namespace or parameter property; write a union of texts or a plain object";
  if (/does not provide an export named/.test(messageOf(error))) return "correct the name, or export it there";
  if (error instanceof SyntaxError && !/ JSON\b/.test(error.message)) return "correct the syntax in that line or just before it";
  return "the file's own code raised this while it was loaded";
}

/** The first place of a stack that lies in the project. */
function placeInStack(error: unknown, folder: string): Location | null {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const [, path = "", line] of stack.matchAll(/(?:^|file:\/\/|\()(\/[^\n():]+):(\d+)/gm)) {
    const file = decodeURIComponent(path);
    if (file.startsWith(`${folder}/`) && !file.includes("/node_modules/")) return { file, line: Number(line) };
  }
  return null;
}
