import { redact } from "../define/redact.ts";
import { AssayError, messageOf } from "../errors.ts";
import { colorSupported } from "./render/color-supported.ts";
import type { RenderOptions } from "./render/paint.ts";
import { renderError } from "./render/render-error.ts";

/** How text for people is laid out on a stream. */
export function renderOptions(stream: NodeJS.WriteStream = process.stdout): RenderOptions {
  return { color: colorSupported(stream), width: stream.columns ?? 120 };
}

/** One document on stdout: JSON for machines, otherwise text for people. */
export function print(json: boolean | undefined, data: unknown, text: () => string): void {
  process.stdout.write(json === true ? `${JSON.stringify(data)}\n` : `${text()}\n`);
}

/** Shows an error and returns the exit code: never a stack trace for a person's mistake, always one for a fault of ours. */
export function reportError(error: unknown, json: boolean): number {
  const known = error instanceof AssayError ? error : internalError(error);
  const secrets: readonly string[] = [];
  const clean = (text: string): string => redact(text, secrets);
  const shown = [known, ...known.others].map((item) => {
    const { code, message, hint, location } = item.report();
    return { code, message: clean(message), hint: hint === null ? null : clean(hint), location };
  });
  const [first, ...others] = shown;
  if (first === undefined) return 1;
  if (json) process.stdout.write(`${JSON.stringify({ error: { ...first, others } })}\n`);
  const options = renderOptions(process.stderr);
  for (const item of shown.slice(0, 20)) process.stderr.write(`${renderError(item, options)}\n`);
  if (shown.length > 20) process.stderr.write(`… and ${shown.length - 20} more errors\n`);
  if (known.code === "INTERNAL" && known.cause instanceof Error) process.stderr.write(`${clean(known.cause.stack ?? "")}\n`);
  return known.exitCode;
}

function internalError(error: unknown): AssayError {
  const code = (error as { readonly code?: unknown } | null)?.code;
  if (code === "ENOSPC") return new AssayError("DISK_FULL", messageOf(error), { hint: "free some space and run again", cause: error });
  if (code === "EACCES" || code === "EROFS" || code === "EPERM") {
    return new AssayError("STORAGE_UNWRITABLE", messageOf(error), { hint: "give this user write permission on it", cause: error });
  }
  return new AssayError("INTERNAL", messageOf(error), {
    hint: "this is a fault of Assay; please report it with the lines below",
    cause: error,
  });
}
