import { isAbsolute, resolve } from "node:path";
import type { Text } from "../define/env.ts";
import { AssayError } from "../errors.ts";
import type { Location } from "../terms.ts";

/** The process environment. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Where relative paths start: literals at the project, values from the environment at the shell's folder. */
export interface Folders {
  readonly project: string;
  readonly current: string;
}

/** The text's value; null when an optional setting is not set. Throws SETTING_MISSING. */
export function resolveText(text: Text, variables: Variables, location?: Location): string | null {
  if (typeof text === "string") return text;
  const value = variables[text.name];
  if (value !== undefined && value !== "") return value;
  if (text.fallback !== null) return text.fallback;
  if (text.optional) return null;
  throw new AssayError("SETTING_MISSING", `the environment variable ${text.name} is not set`, {
    hint: `set it, e.g. ${text.name}=… assay run`,
    location,
  });
}

/** An absolute path. */
export function resolvePath(text: Text, variables: Variables, folders: Folders, location?: Location): string {
  const value = resolveText(text, variables, location) ?? ".";
  if (isAbsolute(value)) return value;
  const fromEnvironment = typeof text !== "string" && (variables[text.name] ?? "") !== "";
  return resolve(fromEnvironment ? folders.current : folders.project, value);
}
