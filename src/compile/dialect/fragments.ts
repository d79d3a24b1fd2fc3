import type { Expression } from "../../ports/syntax-tree.ts";
import { functionCall, textConstant } from "./tree-builders.ts";

/** Encloses every name, so that it can be told from other text; a private character that no project uses. */
export const nameMark = "\u{E0A5}";

/** Stands for a quote within a name: the library does not double it everywhere. */
export const quoteMark = "\u{E0A6}";

/**
 * SQL of the target engine that stands for what the library would translate wrongly. Each is a call of a function of its own in the tree,
 * with a mark after each argument: the library leaves both alone, so that the arguments are found in its text without reading SQL.
 */
export interface Fragments {
  /** A placeholder; `$1`, `$2`… in the template stand for the arguments. */
  placeholder(template: string, args: readonly Expression[]): Expression;
  /** The text with the templates filled in. */
  filled(text: string): string;
}

export function createFragments(): Fragments {
  const known: { readonly template: string; readonly count: number }[] = [];
  return {
    placeholder: (template, args) => {
      const id = known.push({ template, count: args.length }) - 1;
      return functionCall(
        `__assay_${id}`,
        args.flatMap((arg, index) => [{ ...arg, alias: "" }, textConstant(mark(id, index))]),
      );
    },
    // Arguments were made before what they are arguments of.
    filled: (text) => known.reduce((result, { template, count }, id) => filledOne(result, id, template, count), text),
  };
}

const mark = (id: number, index: number): string => `${nameMark}${id}:${index}${nameMark}`;

function filledOne(text: string, id: number, template: string, count: number): string {
  const opening = `__ASSAY_${id}(`;
  const start = text.indexOf(opening);
  if (start < 0) return text;
  let end = start + opening.length;
  const args: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const marker = `, '${mark(id, index)}'`;
    const at = text.indexOf(marker, end);
    if (at < 0) throw new Error(`the library lost argument ${index + 1} of ${template}`);
    args.push(text.slice(end, at).replace(/^, /, ""));
    end = at + marker.length;
  }
  if (text[end] !== ")") throw new Error(`the library changed the arguments of ${template}`);
  const value = enclosed(template.replace(/\$(\d+)/g, (_, hole: string) => enclosed(args[Number(hole) - 1] ?? "")));
  return text.slice(0, start) + value + filledOne(text.slice(end + 1), id, template, count);
}

/** What binds tighter than any operator as it is: a name, a number, a parameter, a text. */
const closed = [new RegExp(`^(?:"?${nameMark}[^${nameMark}]*${nameMark}"?\\.?)+$`), /^\d+(?:\.\d+)?$/, /^\$\w+$/, /^'[^']*'$/];

function enclosed(text: string): string {
  return closed.some((pattern) => pattern.test(text)) || isOneCall(text) ? text : `(${text})`;
}

/** `name(…)` or `(…)` and nothing after it. */
function isOneCall(text: string): boolean {
  if (!/^\w*\(/.test(text)) return false;
  let depth = 0;
  let quote = "";
  const characters = [...text];
  for (const [index, character] of characters.entries()) {
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === "'" || character === '"') quote = character;
    else if (character === "(") depth += 1;
    else if (character === ")") {
      depth -= 1;
      if (depth === 0) return index === characters.length - 1;
    }
  }
  return false;
}
