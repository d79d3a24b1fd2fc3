import { setFlagsFromString } from "node:v8";
import type { Transpiler } from "../../ports/sql-dialect.ts";

/** Nested expressions the library may meet; its default of 32 is less than a chain of ordinary sums, which are printed with parentheses. */
const depth = 1000;

/**
 * Work after which a function of WebAssembly is compiled once more, optimized: never. The library has functions so large that this takes seconds
 * and 600 MB, on threads that the process waits for when it ends; what a project needs of them runs for a third of a second.
 */
const neverOptimized = "--wasm-tiering-budget=2000000000";

/** `@polyglot-sql/sdk`, loaded (23 MB of WebAssembly, about 0.2 s) when the first text is translated. */
export function polyglotTranspiler(): Transpiler {
  let loading: Promise<typeof import("@polyglot-sql/sdk")> | undefined;
  const library = () => {
    loading ??= load();
    return loading;
  };
  return {
    toPostgres: async (text) => {
      const { Dialect, transpile } = await library();
      const complexityGuard = {
        maxParserDepth: depth,
        maxAstDepth: depth * 4,
        maxParenthesisDepth: depth,
        maxFunctionCallDepth: depth,
      };
      const outcome = transpile(text, Dialect.DuckDB, Dialect.PostgreSQL, { complexityGuard });
      const [translated, second] = outcome.sql ?? [];
      if (!outcome.success || translated === undefined) throw new Error(outcome.error ?? "the library gave no text");
      if (second !== undefined) throw new Error("the library read more than one statement");
      return translated;
    },
    postgresTokens: async (text) => {
      const { Dialect, tokenize } = await library();
      const { success, tokens, error } = tokenize(text, Dialect.PostgreSQL);
      if (!success || tokens === undefined || tokens === null) throw new Error(error ?? "the library gave no tokens");
      // The library counts characters, JavaScript counts halves of them.
      const characters = [...text];
      let at = 0;
      let start = 0;
      return tokens.map(({ span }) => {
        start += characters.slice(at, span.start).join("").length;
        at = span.start;
        return { text: characters.slice(span.start, span.end).join(""), start };
      });
    },
  };
}

function load(): Promise<typeof import("@polyglot-sql/sdk")> {
  setFlagsFromString(neverOptimized);
  return import("@polyglot-sql/sdk");
}
