import { displayWidth, splitAtWidth } from "./display-width.ts";

/** One line as several of at most `width` columns, broken at spaces; longer words are broken anywhere. A line that fits stays as it is. */
export function wrapText(line: string, width: number): readonly string[] {
  if (displayWidth(line) <= width) return [line];
  const indent = /^ */.exec(line)?.[0] ?? "";
  const lines: string[] = [];
  let current = indent;
  for (const word of line.replace(/^ +| +$/g, "").split(/ +/)) {
    const joined = isBlank(current) ? `${current}${word}` : `${current} ${word}`;
    if (displayWidth(joined) <= width) {
      current = joined;
      continue;
    }
    if (!isBlank(current)) lines.push(current);
    let rest = `${indent}${word}`;
    while (displayWidth(rest) > width) {
      const [first, next] = splitAtWidth(rest, width);
      if (next === "") break;
      lines.push(first);
      rest = next;
    }
    current = rest;
  }
  return [...lines, current];
}

const isBlank = (text: string): boolean => /^ *$/.test(text);
