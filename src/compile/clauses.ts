/**
 * Where the clauses of a query's outermost SELECT stand in its text. The tree has no positions for clauses, so the text is read with a small
 * lexer; whoever cuts a text by these spans parses the result again and compares the trees, so a wrong span can never go unnoticed.
 */
export interface Clauses {
  /** Text before SELECT: the WITH clause, comments. */
  readonly prefix: string;
  /** Text of FROM without the keyword. */
  readonly from: string;
  /** Text of WHERE without the keyword; null when there is none. */
  readonly where: string | null;
}

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const afterFrom = new Set(["where", "group", "having", "qualify", "window", "order", "limit", "offset", "using"]);
const setOperations = new Set(["union", "except", "intersect"]);

/** The clauses, or null where the outermost query is not one plain SELECT … FROM …. */
export function clausesOf(text: string): Clauses | null {
  const words = outermostWords(text);
  if (words.some((word) => setOperations.has(word.text))) return null;
  const selects = words.filter((word) => word.text === "select");
  const [select] = selects;
  if (select === undefined || selects.length > 1) return null;
  const later = words.filter((word) => word.start > select.start);
  const fromAt = later.findIndex((word, index) => word.text === "from" && later[index - 1]?.text !== "distinct");
  const from = later[fromAt];
  if (from === undefined) return null;
  const clauses = later.slice(fromAt + 1).filter((word) => afterFrom.has(word.text) && !isUsingOfJoin(word, text));
  const [first, second] = clauses;
  const end = lastPosition(text);
  return {
    prefix: text.slice(0, select.start),
    from: text.slice(from.end, first?.start ?? end),
    where: first?.text === "where" ? text.slice(first.end, second?.start ?? end) : null,
  };
}

/** `join … using (…)` belongs to FROM; `using sample` ends it. */
function isUsingOfJoin(word: Word, text: string): boolean {
  return word.text === "using" && /^\s*\(/.test(text.slice(word.end));
}

/** The query without a closing semicolon and what stands behind it. */
export function withoutSemicolon(text: string): string {
  return text.slice(0, lastPosition(text));
}

function lastPosition(text: string): number {
  let end = text.length;
  for (const match of text.matchAll(token)) {
    if (match[0] === ";") end = Math.min(end, match.index);
    else if (!/^(?:--|\/\*)/.test(match[0])) end = text.length;
  }
  return end;
}

/** Comments, texts, names, numbers and brackets as a whole; anything else character by character. */
const token =
  /--[^\n]*|\/\*[\s\S]*?\*\/|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\1|\$?[\p{L}_][\p{L}\p{N}_]*|\d[\w.]*|[()[\]{}]|[^\s]/gu;

/** The text without its layout and comments, whatever the dialect: equal for texts that differ in nothing else. */
export function withoutLayout(text: string): string {
  const parts = [...text.matchAll(token)].map((match) => match[0]);
  return parts.filter((part) => !/^(?:--|\/\*)/.test(part)).join(" ");
}

/** The call that starts a text: `sum(x)` of `sum(x) as total, …`; null where no bracket follows a name. */
export function callText(text: string): string | null {
  let depth = 0;
  for (const match of text.matchAll(token)) {
    const part = match[0];
    if (part === "(") depth += 1;
    else if (depth === 0 && !/^[\p{L}_."]/u.test(part)) return null;
    else if (part === ")") depth -= 1;
    if (part === ")" && depth === 0) return text.slice(0, match.index + 1).replace(/\s+/g, " ");
  }
  return null;
}

/** Bare words outside parentheses, strings, quoted names and comments, in lower case. */
function outermostWords(text: string): readonly Word[] {
  const words: Word[] = [];
  let depth = 0;
  for (const match of text.matchAll(token)) {
    const part = match[0];
    if (part === "(" || part === "[" || part === "{") depth += 1;
    else if (part === ")" || part === "]" || part === "}") depth -= 1;
    else if (depth === 0 && /^[\p{L}_]/u.test(part) && !part.endsWith("'")) {
      words.push({ text: part.toLowerCase(), start: match.index, end: match.index + part.length });
    }
  }
  return words;
}
