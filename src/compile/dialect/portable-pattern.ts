/** A regular expression that means the same in RE2 and PostgreSQL, or what to change. */
export type Pattern = { readonly text: string; readonly groups: number } | { readonly fix: string };

interface Atom {
  readonly text: string;
  /** As JavaScript reads it, to find out which characters it takes. */
  readonly test: RegExp | null;
  readonly quantifier: string;
}

const advice = "use a constant pattern of characters, classes, groups, | and the quantifiers * + ? {n,m}";

/** Shorthands are ASCII in RE2 and depend on the locale in PostgreSQL. */
const shorthands: Readonly<Record<string, string>> = { d: "0-9", w: "A-Za-z0-9_", s: "\\t\\n\\f\\r " };

/** For questions of yes or no. */
export function portableMatch(pattern: string | number | null): Pattern {
  const parts = partsOf(pattern);
  if (parts === null) return { fix: advice };
  return { text: parts.map((part) => part.text + part.quantifier).join(""), groups: parts.filter((part) => part.text === "(").length };
}

/**
 * For what depends on the very characters that match: PostgreSQL takes the longest of all matches, RE2 the first it comes upon. They are the
 * same where what is repeated cannot be taken for what follows.
 */
export function portablePattern(pattern: string | number | null): Pattern {
  const parts = partsOf(pattern);
  if (parts === null) return { fix: advice };
  const ambiguous = parts.some((part, index) => {
    if (part.text === "|") return true;
    if (part.text === ")" && part.quantifier !== "") return true;
    return part.quantifier !== "" && overlapsNext(part, parts.slice(index + 1));
  });
  if (ambiguous) return { fix: "the two engines could match different characters: use no | here, and repeat only what cannot also follow" };
  return portableMatch(pattern);
}

/** Could a character that is repeated also start what follows? */
function overlapsNext(part: Atom, rest: readonly Atom[]): boolean {
  for (const next of rest) {
    if (next.test === null) continue;
    if (samples.some((character) => part.test?.test(character) === true && next.test?.test(character) === true)) return true;
    if (next.quantifier === "" || next.quantifier === "+") return false;
  }
  return false;
}

const samples = [...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)), "ā", "ß", "€", "漢", "😀"];

function partsOf(pattern: string | number | null): readonly Atom[] | null {
  if (typeof pattern !== "string" || pattern === "") return null;
  const parts: Atom[] = [];
  let at = 0;
  while (at < pattern.length) {
    const rest = pattern.slice(at);
    const found = atomOf(rest);
    if (found === null) return null;
    const quantifier = /^(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})/.exec(rest.slice(found.length))?.[0] ?? "";
    const after = rest.slice(found.length + quantifier.length);
    // Lazy and possessive forms mean other things in the two.
    if (/^[*+?{]/.test(after) || (quantifier !== "" && ["(", "(?:", "|", "^", "$"].includes(found.text))) return null;
    parts.push({ text: found.text, test: testOf(found.text), quantifier });
    at += found.length + quantifier.length;
  }
  return parts;
}

function atomOf(rest: string): { readonly text: string; readonly length: number } | null {
  if (rest.startsWith("(?:")) return { text: "(?:", length: 3 };
  if (rest.startsWith("(?")) return null;
  const [first = ""] = rest;
  if ("()|^$".includes(first)) return { text: first, length: 1 };
  if (first === ".") return { text: "[^\\n]", length: 1 };
  if (first === "[") return bracketOf(rest);
  if (first === "\\") {
    const escaped = rest[1] ?? "";
    const shorthand = Object.hasOwn(shorthands, escaped) ? shorthands[escaped] : undefined;
    if (shorthand !== undefined) return { text: `[${shorthand}]`, length: 2 };
    if (/[\\.^$|()[\]{}*+?/-]/.test(escaped)) return { text: `\\${escaped}`, length: 2 };
    return /[nt]/.test(escaped) ? { text: `\\${escaped}`, length: 2 } : null;
  }
  if ("*+?{}]".includes(first)) return null;
  const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
  return { text: character, length: character.length };
}

function bracketOf(rest: string): { readonly text: string; readonly length: number } | null {
  const match = /^\[(\^?)((?:[^\][\\]|\\[dwsnt\\\]^.-])+)\]/u.exec(rest);
  if (match === null) return null;
  const [whole, negated = "", body = ""] = match;
  const written = body.replace(/\\([dws])/g, (_, name: string) => shorthands[name] ?? "");
  return { text: `[${negated}${written}]`, length: whole.length };
}

function testOf(text: string): RegExp | null {
  return ["(", "(?:", ")", "|", "^", "$"].includes(text) ? null : new RegExp(`^${text}$`, "su");
}
