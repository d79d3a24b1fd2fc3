import { fileURLToPath } from "node:url";
import type { Location } from "../terms.ts";

/** Where the user's code called the function `callee`: the first stack frame above it. */
export function callSite(callee: (...args: never[]) => unknown): Location {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(holder, callee);
  Error.stackTraceLimit = limit;
  // `at name (place:line:column)` or `at place:line:column`; a place may hold parentheses of its own.
  const match = /^ *at (?:.*? \((.+):(\d+):\d+\)|(?:async )?(.+):(\d+):\d+)$/m.exec(holder.stack ?? "");
  if (match === null) return { file: "unknown", line: 1 };
  const place = (match[1] ?? match[3] ?? "").replace(/[?].*$/, "");
  return { file: place.startsWith("file:") ? fileURLToPath(place) : place, line: Number(match[2] ?? match[4]) };
}
