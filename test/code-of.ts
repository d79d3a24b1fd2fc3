const beforeRegex = /(?:^|[=(,:;!&|?{}[+\-*%~^<>]|\b(?:return|typeof|case|in|of|new|void|await|yield))\s*$/;

/** End of a text in quotes or a regular expression that starts at `start`; `close` ends it, a backslash guards the next character. */
function endOf(text: string, start: number, close: string): number {
  let inClass = false;
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text[at];
    if (character === "\n") return at;
    if (character === "\\") at += 1;
    else if (close === "/" && character === "[") inClass = true;
    else if (close === "/" && character === "]") inClass = false;
    else if (character === close && !inClass) return at;
  }
  return text.length;
}

/** Place behind the next `mark`; behind the whole text and one character when there is none. */
function after(text: string, start: number, mark: string): number {
  const found = text.indexOf(mark, start);
  return found < 0 ? text.length + 1 : found + mark.length;
}

/** TypeScript with the inside of comments, texts and regular expressions blanked; every character keeps its place and line. */
export function codeOf(text: string): string {
  let code = "";
  /** Depth of braces at which each open `${` of a template closes. */
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  const keep = (): void => {
    code += text[at] ?? "";
    at += 1;
  };
  const blankTo = (end: number): void => {
    code += text.slice(at, end).replace(/[^\n]/g, " ");
    at = Math.min(end, text.length);
  };
  const template = (): void => {
    while (at < text.length && text[at] !== "`" && !text.startsWith("${", at)) blankTo(at + (text[at] === "\\" ? 2 : 1));
    if (text[at] === "`") keep();
    else {
      templates.push(depth);
      blankTo(at + 2);
    }
  };

  while (at < text.length) {
    const character = text[at] ?? "";
    if (text.startsWith("//", at)) blankTo(after(text, at, "\n") - 1);
    else if (text.startsWith("/*", at)) blankTo(after(text, at + 2, "*/"));
    else if (character === '"' || character === "'") {
      const end = endOf(text, at, character);
      keep();
      blankTo(end);
      keep();
    } else if (character === "/" && beforeRegex.test(code.slice(-80))) {
      const end = endOf(text, at, "/");
      keep();
      blankTo(end);
      keep();
    } else if (character === "`") {
      keep();
      template();
    } else if (character === "}" && templates.at(-1) === depth) {
      templates.pop();
      blankTo(at + 1);
      template();
    } else {
      if (character === "{") depth += 1;
      if (character === "}") depth -= 1;
      keep();
    }
  }
  return code;
}
