import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Database, memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbEngine } from "../../src/adapters/duckdb/engine.ts";
import { duckdbAnalyzer } from "../../src/adapters/duckdb/sql-analyzer.ts";
import { compileProject } from "../../src/compile/compile.ts";
import { loadProject } from "../../src/compile/project.ts";
import { quoteText } from "../../src/define/quote.ts";
import type { Session } from "../../src/ports/engine.ts";
import { root } from "../support/project.ts";

const below20 =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen";
const small = below20.split(" ");
const tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const largest = 999_999_999;

interface Style {
  readonly hyphen: boolean;
  readonly and: boolean;
  readonly article: boolean;
  readonly comma: boolean;
  readonly sign: "minus " | "negative " | "-" | "Minus  ";
  readonly letters: "lower" | "upper" | "title";
}

function belowHundred(value: number, style: Style): string {
  if (value < 20) return small[value] ?? "";
  const unit = value % 10;
  return `${tens[Math.floor(value / 10)]}${unit === 0 ? "" : `${style.hyphen ? "-" : " "}${small[unit]}`}`;
}

function belowThousand(value: number, style: Style): string {
  const [hundreds, rest] = [Math.floor(value / 100), value % 100];
  if (hundreds === 0) return belowHundred(rest, style);
  const first = `${style.article && hundreds === 1 ? "a" : small[hundreds]} hundred`;
  return rest === 0 ? first : `${first}${style.and ? " and " : " "}${belowHundred(rest, style)}`;
}

/** The words of a number, written from the largest part down. */
function say(value: number, style: Style): string {
  if (value < 0) return `${style.sign}${say(-value, style)}`;
  if (value === 0) return "zero";
  const groups: readonly (readonly [number, string])[] = [
    [Math.floor(value / 1_000_000), " million"],
    [Math.floor(value / 1000) % 1000, " thousand"],
    [value % 1000, ""],
  ];
  const parts = groups.flatMap(([group, name]) => (group === 0 ? [] : [`${belowThousand(group, style)}${name}`]));
  const last = value % 1000;
  const and = style.and && last > 0 && last < 100 && parts.length > 1;
  const all = and ? [parts.slice(0, -1).join(style.comma ? ", " : " "), parts.at(-1)].join(" and ") : parts.join(style.comma ? ", " : " ");
  if (style.letters === "upper") return all.toUpperCase();
  return style.letters === "title" ? all.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()) : all;
}

/** Reads words one after the other, or says that they are no number. */
function read(text: string): number | null {
  const words = text.split(" ");
  let at = 0;
  const accept = (word: string): boolean => {
    if (words[at] !== word) return false;
    at += 1;
    return true;
  };
  const end = (): boolean => at === words.length;
  const hundred = (): number | null => {
    const ten = tens.indexOf(words[at] ?? "-");
    if (ten >= 2) {
      at += 1;
      const unit = small.indexOf(words[at] ?? "-");
      if (unit < 1 || unit > 9) return ten * 10;
      at += 1;
      return ten * 10 + unit;
    }
    const value = small.indexOf(words[at] ?? "-");
    if (value < 1) return null;
    at += 1;
    return value;
  };
  /** A group; `article`: "a" may stand for one before the group's name. */
  const thousand = (article: boolean): number | null => {
    const start = at;
    if (accept("a")) {
      if (accept("hundred")) return 100 + rest();
      if (article) return 1;
      at = start;
      return null;
    }
    const first = hundred();
    if (first === null || words[at] !== "hundred") return first;
    if (first > 9) return first;
    at += 1;
    return first * 100 + rest();
  };
  const rest = (): number => {
    const start = at;
    accept("and");
    const value = hundred();
    if (value === null) at = start;
    return value ?? 0;
  };
  if (words.length === 1 && words[0] === "zero") return 0;
  let total = 0;
  let isFirst = true;
  for (const [name, factor] of [
    ["million", 1_000_000],
    ["thousand", 1000],
    ["", 1],
  ] as const) {
    const start = at;
    if (!isFirst) accept("and");
    const value = thousand(name !== "");
    if (value === null || (name !== "" && !accept(name))) {
      at = start;
      continue;
    }
    total += value * factor;
    isFirst = false;
    if (end()) return total;
  }
  return null;
}

let database: Database;
let session: Session;
beforeAll(async () => {
  const project = await loadProject(join(root, "examples", "forex-transactions"), root);
  const analyzer = await duckdbAnalyzer(await memoryDatabase());
  const { functions } = await compileProject(project, analyzer).finally(() => analyzer.close());
  database = await memoryDatabase();
  session = await database.session();
  await duckdbEngine(database).defineFunctions(session, functions);
});
afterAll(() => {
  session.close();
  database.close();
});

/** What number_from_words makes of each text. */
async function numbersOf(texts: readonly string[]): Promise<readonly (number | null)[]> {
  const values = texts.map((text, index) => `(${index}, ${quoteText(text)})`).join(", ");
  const found = await session.query({
    text: `select number_from_words(text) as number from (values ${values}) as texts(place, text) order by place`,
  });
  return found.map((row) => (row.number === null ? null : Number(row.number)));
}

const styles: fc.Arbitrary<Style> = fc.record({
  hyphen: fc.boolean(),
  and: fc.boolean(),
  article: fc.boolean(),
  comma: fc.boolean(),
  sign: fc.constantFrom("minus ", "negative ", "-", "Minus  "),
  letters: fc.constantFrom("lower", "upper", "title"),
});
const numbers = fc.oneof(
  fc.integer({ min: -largest, max: largest }),
  fc.integer({ min: -1200, max: 1200 }),
  // Many zeroes.
  fc.tuple(fc.integer({ min: -999, max: 999 }), fc.constantFrom(1, 10, 100, 1000, 10_000, 1_000_000)).map(([a, b]) => a * b),
);

test("every number up to 999,999,999, however it is written, is read back", async () => {
  const written = fc.array(fc.tuple(numbers, styles), { minLength: 100, maxLength: 300, size: "max" });
  await fc.assert(
    fc.asyncProperty(written, async (items) => {
      expect(await numbersOf(items.map(([value, style]) => say(value, style)))).toEqual(items.map(([value]) => (value === 0 ? 0 : value)));
    }),
    { numRuns: 30 },
  );
}, 120_000);

test("the ends and every number up to 1,200", async () => {
  const style: Style = { hyphen: true, and: true, article: false, comma: false, sign: "minus ", letters: "title" };
  const values = [-largest, largest, ...Array.from({ length: 2401 }, (_, index) => index - 1200)];
  expect(await numbersOf(values.map((value) => say(value, style)))).toEqual(values);
});

test("words in any other order are no number, or the one that a reader of words finds", async () => {
  const word = fc.constantFrom(..."zero a and hundred thousand million one four ten fifteen twenty ninety billion ones".split(" "));
  const anyhow = fc.array(word, { minLength: 1, maxLength: 7 });
  // Numbers in plain words with one word taken away, put in or changed.
  const style: Style = { hyphen: false, and: true, article: true, comma: false, sign: "-", letters: "lower" };
  const nearly = fc
    .tuple(fc.integer({ min: 0, max: largest }), fc.nat({ max: 12 }), fc.nat({ max: 1 }), fc.array(word, { maxLength: 1 }))
    .map(([value, place, taken, put]) =>
      say(value, style)
        .split(" ")
        .toSpliced(place, taken, ...put),
    );
  const text = fc.oneof(anyhow, nearly).map((words) => words.join(" "));
  const texts = fc.array(text, { minLength: 100, maxLength: 300, size: "max" });
  let readable = 0;
  await fc.assert(
    fc.asyncProperty(texts, async (items) => {
      const expected = items.map(read);
      readable += expected.filter((value) => value !== null).length;
      expect(await numbersOf(items)).toEqual(expected);
    }),
    { numRuns: 30 },
  );
  // Enough of them are numbers for this to say something.
  expect(readable).toBeGreaterThan(500);
}, 120_000);

test("text that is no words is no number", async () => {
  const texts = [
    "",
    " ",
    "-",
    "--five",
    "five-",
    "five--six",
    "minus minus five",
    "5",
    "five 5",
    "fünf",
    "two,hundred,",
    ", two",
    "o h",
    "1",
    "8 5",
    "NaN",
    "a",
    "and",
    "minus",
    "two\thundred\u00a0",
    "ten'; drop table x",
  ];
  const expected = texts.map(() => null as number | null);
  expected[texts.indexOf("two\thundred\u00a0")] = 200;
  expect(await numbersOf(texts)).toEqual(expected);
});
