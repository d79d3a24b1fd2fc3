import { printable, printableLines } from "../../observe/printable.ts";
import type { ErrorReport } from "../../terms.ts";
import { paint, type RenderOptions } from "./paint.ts";
import { wrapText } from "./wrap-text.ts";

const narrowest = 40;

/** What happened, where, and what to do, as lines: `CODE  message` / `  at file:line` / `  hint: …`, indented. */
export function errorLines(
  error: ErrorReport,
  options: RenderOptions & { readonly indent: number; readonly label: string },
): readonly string[] {
  const outer = " ".repeat(options.indent);
  const inner = `${outer}  `;
  const wrapped = (line: string): readonly string[] => wrapText(line, Math.max(narrowest, options.width - inner.length - 1));
  const head = `${options.label} ${error.code}`.trimStart();
  const [summary = "", ...detail] = printableLines(error.message);
  const [first = "", ...rest] = wrapped(`${head} ${summary}`);
  const hint = error.hint === null ? [] : printableLines(`hint: ${error.hint}`);
  return [
    `${outer}${paint(options.color, "red", head)}  ${first.slice(head.length + 1)}`.trimEnd(),
    ...[...rest, ...detail.flatMap(wrapped)].map((line) => `${inner}${line}`),
    ...(error.location === null ? [] : [`${inner}at ${printable(error.location.file)}:${error.location.line}`]),
    ...hint.flatMap(wrapped).map((line) => `${inner}${line}`),
  ];
}
