import { columnTypeName } from "../../define/column-type.ts";
import { quoteText } from "../../define/quote.ts";
import type { ColumnType } from "../../define/types.ts";

/**
 * SQL: `text` cast to a column's type when the type holds it exactly, else null. Zeros that end a fraction and a time of midnight that ends
 * a date lose nothing; a time with an offset is converted to UTC.
 */
export function exactCast(text: string, type: ColumnType): string {
  return tryCast(exactText(text, type, { unfit: "null", scientific: (scale) => plainNumber(text, scale) }), type);
}

/**
 * SQL: the same, but the statement fails where a value does not fit, and for numbers with an exponent. Costs little more than the cast
 * alone: spellings in use pass a cheap test.
 */
export function strictCast(text: string, type: ColumnType): string {
  const unfit = `error(${text})`;
  return `cast(${exactText(text, type, { unfit, scientific: () => unfit })} as ${columnTypeName(type)})`;
}

/** SQL: what would be left of `text` in a column's type; null when it is no such value at all. */
export function roundingCast(text: string, type: ColumnType): string {
  const number = ["smallint", "integer", "bigint", "decimal"].includes(type.kind);
  const cast = tryCast(text, type);
  return number ? `case when ${hasExponent(text)} then ${tryCast(`try_cast(${text} as double)`, type)} else ${cast} end` : cast;
}

/** SQL: `value` in a column's type as DuckDB casts it, null when it does not fit. */
export function tryCast(value: string, type: ColumnType): string {
  return `try_cast(${value} as ${columnTypeName(type)})`;
}

/** SQL: a text without null bytes, else null: not every engine's texts can hold one. */
export const plainText = (text: string): string => `case when not contains(${text}, chr(0)) then ${text} end`;

/** SQL: a JSON value of whose texts none has a null byte, else null. */
export function plainJson(value: string): string {
  const escaped = matches(`${value}::varchar`, String.raw`(^|[^\\])(\\\\)*\\u0000`);
  return `case when not (contains(${value}::varchar, '\\u0000') and ${escaped}) then ${value} end`;
}

interface Otherwise {
  /** What stands for a text of which something would be lost. */
  readonly unfit: string;
  /** What stands for a number with an exponent in a column with `scale` digits after the point. */
  scientific(scale: number): string;
}

/** The text, or one that means the same, when a cast loses nothing of it. */
function exactText(text: string, type: ColumnType, otherwise: Otherwise): string {
  const { unfit } = otherwise;
  const when = (...cases: readonly (readonly [string, string])[]): string =>
    `case ${cases.map(([fits, value]) => `when ${fits} then ${value}`).join(" ")} else ${unfit} end`;
  switch (type.kind) {
    case "smallint":
    case "integer":
    case "bigint":
      return when([isWhole(text), text], [hasExponent(text), integerWithLetters(text, otherwise)], [isShort(text, 0), text]);
    case "decimal":
      return when(
        [type.scale === 0 ? isWhole(text) : endsEarly(text, type.scale), text],
        [hasExponent(text), otherwise.scientific(type.scale)],
        [isShort(text, type.scale), text],
      );
    case "double":
      return when([`strlen(${text}) < 300 and not ${hasExponent(text)}`, text], [staysFinite(text), text]);
    case "date":
      return when([`${text} like '____-__-__' and strpos(${text}, '-') = 5`, text], [isDay(text), text]);
    case "timestamp":
      return when(
        [`${text} like '____-__-__ __:__:__'`, text],
        [isUtcTime(text), text],
        [hasOffset(text), `coalesce(${inUtc(text)}, ${unfit})`],
      );
    case "time":
      return when([matches(text, `^\\s*${clock}${utc}$`), text]);
    case "varchar":
    case "boolean":
    case "json":
      return text;
    default:
      return type satisfies never;
  }
}

const matches = (text: string, pattern: string): string => `regexp_matches(${text}, ${quoteText(pattern)})`;
const hasExponent = (text: string): string => `(contains(${text}, 'e') or contains(${text}, 'E'))`;

/** No point, and no exponent below 0: that needs four characters, a minus among them. */
const isWhole = (text: string): string =>
  `not contains(${text}, '.') and (strlen(${text}) < 4 or not contains(${text}, '-') or not ${hasExponent(text)})`;

/** No more than `scale` characters after the point. An exponent below 0 needs three: it cannot hide in fewer. */
const endsEarly = (text: string, scale: number): string =>
  `strpos(${text}, '.') >= strlen(${text}) - ${scale}${scale < 3 ? "" : ` and not ${hasExponent(text)}`}`;

/** Only zeros after `scale` digits behind the point. */
const isShort = (text: string, scale: number): string =>
  `(not contains(${text}, '.') or not ${matches(text, String.raw`\.(_?[0-9]){${scale}}[0-9_]*[1-9]`)})`;

const integerWithLetters = (text: string, { scientific }: Otherwise): string =>
  `case when ${matches(text, String.raw`^\s*[-+]?0[xXbB]`)} then ${text} else ${scientific(0)} end`;

/**
 * A number with an exponent, written without one, if its last digit other than 0 stands at most `scale` places after the point; else null.
 * DuckDB's own cast of such a text to a decimal refuses some that fit and takes some that do not.
 */
function plainNumber(text: string, scale: number): string {
  const form = String.raw`^\s*([-+]?)([0-9_]*)\.?([0-9_]*)[eE]([-+]?[0-9]+)\s*$`;
  const parts = `regexp_extract(${text}, ${quoteText(form)}, ['sign', 'whole', 'fraction', 'exponent'])`;
  // A field by its name in brackets: `p.sign` would be looked for in the file's columns first.
  const number = `{ 'sign': p['sign'], 'digits': replace(p['whole'] || p['fraction'], '_', ''),
    'places': strlen(replace(p['fraction'], '_', '')) - try_cast(p['exponent'] as integer) }`;
  const significant = "strlen(rtrim(n['digits'], '0'))";
  const padded = "lpad(n['digits'], greatest(strlen(n['digits']), n['places'])::integer, '0')";
  const plain = `case when n['digits'] = '' or n['places'] < -38 and ${significant} > 0 then null
    when ${significant} = 0 then '0'
    when n['places'] - (strlen(n['digits']) - ${significant}) > ${scale} then null
    when n['places'] <= 0 then n['sign'] || n['digits'] || repeat('0', -n['places'])
    else n['sign'] || left(${padded}, -n['places']) || '.' || right(${padded}, n['places']) end`;
  return `list_transform(list_transform([${parts}], lambda p: ${number}), lambda n: ${plain})[1]`;
}

/** Doubles round by their nature; what does not fit is a number that would become infinite or zero. */
function staysFinite(text: string): string {
  const value = `try_cast(${text} as double)`;
  const infinite = `isinf(${value}) and not ${matches(text, "[iI][nN][fF]")}`;
  const vanished = `${value} = 0 and ${matches(text, "^[^eE]*[1-9]")}`;
  return `not (${infinite}) and not (${vanished})`;
}

/** A time of day, to the microsecond. */
const clock = String.raw`[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]{0,6}0*)?)?`;
const utc = String.raw`\s*(Z|UTC|[+-]00(:?00){0,2})?\s*`;

/** A date without a time, or with that of midnight UTC; or a word for one, such as infinity. */
function isDay(text: string): string {
  const date = String.raw`[-+]?[0-9]+[-/\\ ][0-9]{1,2}[-/\\ ][0-9]{1,2}( ?\(BC\))?`;
  const midnight = String.raw`00?:00?(:00?(\.0*)?)?`;
  return matches(text, String.raw`^\s*(${date}([ T](${midnight}${utc})?)?|[-+a-zA-Z]+)\s*$`);
}

const isUtcTime = (text: string): string => `(${matches(text, `^[^:]*[^:0-9]${clock}${utc}$`)} or not contains(${text}, ':'))`;
const hasOffset = (text: string): string => matches(text, String.raw`^[^:]*[^:0-9]${clock}\s*[+-][0-9]{2}(:?[0-9]{2}){0,2}\s*$`);

/** Whatever the session's time zone. */
const inUtc = (text: string): string => `timezone('UTC', try_cast(${text} as timestamptz))::varchar`;
