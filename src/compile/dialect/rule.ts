import type { Expression } from "../../ports/syntax-tree.ts";
import { type Family, familyOf } from "./sql-types.ts";
import { constantOf } from "./tree-builders.ts";

/** An argument of a call that is to be carried over. */
export interface Argument {
  /** As the author wrote it. */
  readonly source: Expression;
  /** Carried over. */
  readonly tree: Expression;
  /** DuckDB's type; null when the binder does not tell. */
  readonly type: string | null;
}

export interface Call {
  /** In lower case. */
  readonly name: string;
  readonly args: readonly Argument[];
  /** Its last arguments are the values of one row: `(a, b)`. */
  readonly isRow?: boolean;
  /** Type of the whole in DuckDB. */
  readonly result: string | null;
}

/** A template over all arguments, one over others, or what to write instead. */
export type Outcome = string | { readonly template: string; readonly args: readonly Expression[] } | { readonly refused: string };

/** How one function or operator of DuckDB is written in PostgreSQL. */
export type Rule = (call: Call) => Outcome;

export type Rules = Readonly<Record<string, Rule>>;

export const refused = (fix: string): Outcome => ({ refused: fix });

export const familyOfArgument = (argument: Argument | undefined): Family | null => familyOf(argument?.type ?? null);

export const constantArgument = (argument: Argument | undefined): string | number | null => constantOf(argument?.source);

export const numbers: readonly Family[] = ["integer", "decimal", "double"];
export const exactNumbers: readonly Family[] = ["integer", "decimal"];
export const integers: readonly Family[] = ["integer"];
export const texts: readonly Family[] = ["text"];
export const dates: readonly Family[] = ["date", "timestamp"];
/** What is compared and ordered the same way in both. */
export const ordered: readonly Family[] = ["integer", "decimal", "double", "text", "boolean", "date", "timestamp", "time"];

/** What keeps a call from being carried over: a wrong number of arguments or a type that is not in the suite. */
export function misfit(call: Call, signature: readonly (readonly Family[])[], least = signature.length): Outcome | null {
  if (call.args.length < least || call.args.length > signature.length) {
    return refused(`write it with ${least === signature.length ? least : `${least} to ${signature.length}`} arguments`);
  }
  const bad = call.args.findIndex((argument, index) => {
    const family = familyOfArgument(argument);
    return family === null || (family !== "null" && signature[index]?.includes(family) !== true);
  });
  if (bad < 0) return null;
  const type = call.args[bad]?.type ?? "of unknown type";
  return refused(`argument ${bad + 1} is ${type}; cast it to ${signature[bad]?.join(" or ")}`);
}

/** One template for a signature of which every argument has to be there. */
export function template(signature: readonly (readonly Family[])[], text: string): Rule {
  return (call) => misfit(call, signature) ?? text;
}

/** Tries one rule after the other; the last one says what to write instead. */
export function firstOf(...rules: readonly Rule[]): Rule {
  return (call) => {
    let outcome: Outcome = refused("");
    for (const rule of rules) {
      outcome = rule(call);
      if (typeof outcome === "string" || !("refused" in outcome)) return outcome;
    }
    return outcome;
  };
}

/** The byte order that DuckDB compares text by, whatever the database's collation. */
export const inByteOrder = (hole: string): string => `(${hole} collate "C")`;
