import type { Transpiler } from "../../ports/sql-dialect.ts";

/** Nested expressions the library may meet; its default of 32 is less than a chain of ordinary sums, which are printed with parentheses. */
const depth = 1000;

/** `@polyglot-sql/sdk`, loaded (23 MB of WebAssembly, about 0.2 s) when the first text is translated. */
export function polyglotTranspiler(): Transpiler {
  let loading: Promise<typeof import("@polyglot-sql/sdk")> | undefined;
  return {
    toPostgres: async (text) => {
      loading ??= import("@polyglot-sql/sdk");
      const { Dialect, transpile } = await loading;
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
  };
}
