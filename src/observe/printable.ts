/** Control codes, marks that reorder text, and line separators: text from files and servers must not steer a terminal or forge a log line. */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Any text as one line: control codes become visible escapes (`\n`, `\x1b`, `\u202e`). */
export function printable(text: string): string {
  return text.toWellFormed().replace(unprintable, (character) => named[character] ?? escapeOf(character));
}

/** Text that may have several lines, each of them printable; tabs become two spaces. */
export function printableLines(text: string): readonly string[] {
  return text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => printable(line.replaceAll("\t", "  ")));
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
}
